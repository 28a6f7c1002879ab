/** Commands that a person types, what was there before, what has to be so when they say that they did it. */
import fs from 'node:fs';
import { join } from 'node:path';
import { until } from '../../test/support/until.ts';
import type { CommandEnd, Facts, Stage } from './stage.ts';

export interface CommandScenario {
  name: string;
  prepare: (stage: Stage) => Promise<Facts>;
  /** Just before each fault, where something has to run meanwhile. */
  before?: (stage: Stage) => Promise<void>;
  args: (facts: Facts) => string[];
  /** Whether it is done; asked after an exit code of 0, and after it was typed once more. */
  done: (stage: Stage, facts: Facts, end: CommandEnd) => Promise<boolean> | boolean;
  /** How it may end, typed once more, apart from well. */
  again?: RegExp;
}

const AGENT =
  'mkdir -p made && seq 300 > made/one.txt && echo two > made/two.txt && echo changed > old.txt && echo made it';
const CONFIG = `
runners:
  agent: { kind: agent, bin: sh, args: ['-c', ${JSON.stringify(AGENT)}] }
  command: { kind: command }
routing: { default: { code: agent, command: command } }
`;
const MADE = `${Array.from({ length: 300 }, (_, n) => n + 1).join('\n')}\n`;

const repository = (stage: Stage): void => {
  for (const name of ['project', 'state', 'user', 'bin']) fs.mkdirSync(join(stage.root, name));
  stage.git('init', '-q', '-b', 'main');
  stage.write('old.txt', 'old\n');
  stage.write('CLAUDE.md', 'Mine.\n');
  stage.git('add', '-A');
  stage.git('commit', '-qm', 'first');
};

const withHome = async (stage: Stage): Promise<void> => {
  repository(stage);
  await stage.must('init');
  stage.write('.koubou/config/agent.yaml', CONFIG);
};

const command = (stage: Stage, script: string): Promise<string> =>
  stage.add('--type', 'command', '--retries', '0', '--', 'sh', '-c', script);

const worktree = async (stage: Stage): Promise<Facts> => {
  await withHome(stage);
  const id = await stage.add('--type', 'code', '--worktree', 'Make it.');
  return { ids: [id], id };
};

const completedWorktree = async (stage: Stage): Promise<Facts> => {
  const facts = await worktree(stage);
  await stage.must('work', '--drain');
  return facts;
};

const waiting = async (stage: Stage): Promise<Facts> => {
  await withHome(stage);
  const id = await command(stage, 'echo done');
  return { ids: [id], id };
};

const failed = async (stage: Stage): Promise<Facts> => {
  await withHome(stage);
  const id = await command(stage, 'test -e old.txt && echo fine || exit 1');
  fs.renameSync(join(stage.project, 'old.txt'), join(stage.project, 'away.txt'));
  await stage.must('work', '--drain');
  fs.renameSync(join(stage.project, 'away.txt'), join(stage.project, 'old.txt'));
  return { ids: [id], id };
};

const home = async (stage: Stage): Promise<Facts> => {
  await withHome(stage);
  return { ids: [], id: '' };
};

const detached = async (stage: Stage): Promise<void> => {
  await stage.must('work', '--detach');
};

const workers = async (stage: Stage): Promise<{ slots?: number }[]> => {
  const said = JSON.parse(await stage.must('workers', '--json')) as unknown;
  return (Array.isArray(said) ? said : (said as { workers: [] }).workers) as [];
};

export const SCENARIOS: readonly CommandScenario[] = [
  {
    name: 'delegate',
    prepare: home,
    args: () => ['delegate', '--type', 'command', '--key', 'k', '--', 'echo', 'hi'],
    done: (_stage, _facts, { stdout }) => /^task_\w+$/m.test(stdout),
  },
  {
    name: 'apply',
    prepare: completedWorktree,
    args: ({ id }) => ['apply', id],
    done: (stage) =>
      stage.read('made/one.txt') === MADE &&
      stage.read('made/two.txt') === 'two\n' &&
      stage.read('old.txt') === 'changed\n',
  },
  {
    name: 'discard',
    prepare: completedWorktree,
    args: ({ id }) => ['discard', id],
    done: (stage, { id }) =>
      !fs.existsSync(join(stage.home, 'worktrees', id)) &&
      !fs.existsSync(join(stage.home, 'worktrees', `${id}.json`)) &&
      stage.git('branch', '--list', '*koubou*') === '',
    again: /has no worktree|was discarded|already/,
  },
  {
    name: 'retry',
    prepare: failed,
    args: ({ id }) => ['retry', id],
    done: async (stage, { id }) => (await stage.state(id)) !== 'failed',
    again: /has not ended|has not failed|already|nothing to retry|is pending/,
  },
  {
    name: 'cancel',
    prepare: waiting,
    args: ({ id }) => ['cancel', id],
    done: async (stage, { id }) => (await stage.state(id)) === 'failed',
  },
  {
    name: 'wait',
    prepare: waiting,
    args: ({ id }) => ['wait', id, '--timeout', '20s'],
    done: async (stage, { id }) => (await stage.state(id)) === 'completed',
  },
  {
    name: 'init',
    prepare: async (stage) => {
      repository(stage);
      return { ids: [], id: '' };
    },
    args: () => ['init', '--claude'],
    done: (stage) =>
      (stage.read('CLAUDE.md') ?? '').includes('koubou') &&
      (stage.read('CLAUDE.md') ?? '').startsWith('Mine.\n') &&
      (stage.read('.claude/settings.json') ?? '').includes('koubou') &&
      ['.gitignore', 'config/agent.yaml', 'config/.env', 'config/codex.toml', 'home.json'].every(
        (name) => (stage.read('.koubou', name) ?? '') !== '',
      ),
  },
  {
    name: 'config KEY VALUE',
    prepare: home,
    args: () => ['config', 'workers.max', '3'],
    done: (stage) => {
      const text = stage.read('.koubou/config/agent.yaml') ?? '';
      return /max: 3/.test(text) && text.includes('made/one.txt');
    },
  },
  {
    name: 'work --detach',
    prepare: waiting,
    args: () => ['work', '--detach'],
    done: async (stage, { id }) => {
      await stage.koubou('wait', id, '--timeout', '20s');
      return (await stage.state(id)) === 'completed';
    },
  },
  {
    name: 'stop',
    prepare: home,
    before: detached,
    args: () => ['stop'],
    done: async (stage) => (await workers(stage)).length === 0,
  },
  {
    name: 'workers scale',
    prepare: home,
    before: detached,
    args: () => ['workers', 'scale', '3', '3'],
    // It takes the message when it looks next. One that was killed along with the command takes none.
    done: (stage) =>
      until(async () => (await workers(stage)).every(({ slots }) => slots === 3), 'three slots').then(
        () => true,
        () => false,
      ),
    again: /No worker is running/,
  },
  {
    name: 'work --drain, a task in a worktree',
    prepare: worktree,
    args: () => ['work', '--drain'],
    done: async (stage, { id }, { stdout }) => {
      // What was tried and failed is tried again a little later.
      const later = /again in|[1-9]\d* delayed/.test(stdout) || (await stage.state(id)) === 'delayed';
      if (later) await stage.koubou('wait', id, '--timeout', '35s');
      return (
        (await stage.state(id)) === 'completed' && stage.git('show', `koubou/${id}:made/one.txt`) === MADE
      );
    },
  },
];
