/** A project with a home, whose agent commits and leaves changes, and the built command line that does one task in a worktree. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { census } from '../../test/support/census/census.ts';
import type { Killer } from '../commands/killer.ts';
import { Stage } from '../commands/stage.ts';

/** The agent's own git is not koubou's: nobody counts or kills it. */
const AGENT = `PATH="\${PATH#*:}" && echo mine > mine.txt && git add -A && git -c user.name=a -c user.email=a@a commit -qm mine && echo new > new.txt && echo Done.`;
const CONFIG = `
runners:
  agent: { kind: agent, bin: sh, args: ['-c', ${JSON.stringify(AGENT)}] }
routing: { default: { code: agent } }
`;
/** Dozens of gits for each attempt, on a busy machine. */
const LONGEST_MS = 180_000;
/** Of the user, in the whole repository. */
const LOOKS = ['fsck --full --strict', 'worktree list', 'log --all', 'gc --quiet'];

/** Does the task with the gits that `killer` has, and says what is wrong afterwards. */
export const faultsOf = async (program: string, killer: Killer, retries: number): Promise<string[]> => {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'koubou-killed-')));
  try {
    const stage = new Stage(join(root, 'root'), program, root, LONGEST_MS);
    for (const name of ['project', 'state', 'user'])
      fs.mkdirSync(join(stage.root, name), { recursive: true });
    stage.git('init', '-q', '-b', 'main');
    stage.write('old.txt', 'old\n');
    stage.git('add', '-A');
    stage.git('commit', '-qm', 'first');
    await stage.must('init');
    stage.write('.koubou/config/agent.yaml', CONFIG);
    const id = await stage.add('--type', 'code', '--worktree', '--retries', `${retries}`, 'Make it.');
    fs.symlinkSync(killer.bin, join(stage.root, 'bin'));
    const { code, stdout, stderr } = await stage.koubou('work', '--drain');
    fs.rmSync(join(stage.root, 'bin'));
    const found = code === 0 ? [] : [`the drain ended with ${code}: ${stdout}${stderr}`];
    const mayFail = retries === 0 && killer.killed;
    return [...found, ...judge(stage, id, killer.killed, mayFail ? 'failed' : 'completed')];
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
};

const judge = (stage: Stage, id: string, killed: boolean, expected: string): string[] => {
  const found: string[] = [];
  const { tasks, faults } = census(stage.home, { acknowledged: [id] });
  const codes = codesOf(stage, id);
  const state = tasks.get(id)?.state;
  if (state !== expected) found.push(`it ended as ${state}, its runs with ${codes.join(', ')}`);
  if (killed && !['git_killed', 'nothing'].includes(codes[0] ?? '')) found.push(`a kill is ${codes[0]}`);
  if (codes.length > 2) found.push(`it took ${codes.length} attempts`);
  for (const look of LOOKS) {
    try {
      stage.git(...look.split(' '));
    } catch (error) {
      found.push(`git ${look} fails: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const left = fs.readdirSync(join(stage.project, '.git'), { recursive: true, encoding: 'utf8' });
  found.push(...left.filter((name) => /\.lock$|^koubou-/.test(name)).map((name) => `.git/${name} is left`));
  found.push(...faults);
  if (state !== 'completed') return found;
  const changed = stage.git('diff', '--name-only', 'main', `koubou/${id}`);
  if (changed !== 'mine.txt\nnew.txt\n') found.push(`the branch has ${changed}`);
  return found;
};

/** What each run ended with. */
const codesOf = (stage: Stage, id: string): string[] => {
  const results = join(stage.home, 'results');
  return fs
    .readdirSync(results, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes(id) && /\/run-\d+\.json$/.test(name))
    .sort()
    .map((name) => {
      const outcome = fs.readFileSync(join(results, name), 'utf8');
      const { error } = JSON.parse(outcome) as { error: { code: string } | null };
      return error?.code ?? 'nothing';
    });
};
