/** The real Claude Code and opencode as the queue has them run: in a git worktree within the home, and beside the home. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pidsCarrying } from '../../../src/process/programs/process-table.ts';
import { startChatServer } from '../../support/servers/chat-server.ts';
import { startKoubou } from '../../support/koubou/koubou.ts';
import { startMessagesServer } from '../../support/servers/messages-server.ts';
import { Project } from '../../support/koubou/project.ts';
import { until } from '../../support/until.ts';
import { agentsInstalled, claudeProgram, opencodeProgram } from './install.ts';
import { shippedEntry } from './shipped-runner.ts';

type Step =
  | { kind: 'text'; text: string }
  | { kind: 'tool'; name: string; input: Record<string, unknown> }
  | { kind: 'silence' };

const text = (said: string): Step => ({ kind: 'text', text: said });

/** Processes `sleep MARK`, in whatever namespace. */
const sleeping = (mark: string): string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8') === `sleep\0${mark}\0`;
    } catch {
      return false;
    }
  });

const agents = [
  {
    name: 'claude',
    bin: claudeProgram,
    kind: 'ollama',
    start: startMessagesServer,
    writes: (path: string): Step => ({
      kind: 'tool',
      name: 'Edit',
      input: { file_path: path, old_string: '', new_string: 'new\n' },
    }),
    runs: (command: string): Step => ({ kind: 'tool', name: 'Bash', input: { command } }),
    // A denial fails its run.
    denied: 'needs_input',
  },
  {
    name: 'opencode',
    bin: opencodeProgram,
    kind: 'openai',
    start: startChatServer,
    writes: (path: string): Step => ({
      kind: 'tool',
      name: 'write',
      input: { filePath: path, content: 'new\n' },
    }),
    runs: (command: string): Step => ({ kind: 'tool', name: 'bash', input: { command, description: 'Run' } }),
    denied: 'no_evidence',
  },
];

for (const { name, bin, kind, start, writes, runs, denied } of agents) {
  describe(`the real ${name}, run by the queue`, function () {
    this.timeout(120_000);
    let project: Project;
    let server: { url: string; requests: { body: unknown }[]; close(): Promise<void> };
    let steps: Step[];

    before(function () {
      if (!agentsInstalled()) this.skip();
    });
    beforeEach(async () => {
      project = await Project.make();
      steps = [];
      server = await start(steps);
      configure(shippedEntry(name, bin));
      project.write('.koubou/.gitignore', '*\n');
      project.write('a.txt', 'a\n');
      git('init', '-q', '-b', 'main');
      git('add', '-A');
      git('commit', '-qm', 'first');
    });
    afterEach(async () => {
      await project.remove();
      await server.close();
    });

    const configure = (entry: Record<string, unknown>): void => {
      const config = {
        endpoints: { here: { kind, url: server.url } },
        runners: { [name]: entry },
        routing: { default: { code: name } },
      };
      project.write('.koubou/config/agent.yaml', JSON.stringify(config));
    };
    const git = (...args: string[]): string =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        cwd: project.folder,
        encoding: 'utf8',
      });
    const delegated = async (...flags: string[]): Promise<string> => {
      const { stdout, stderr } = await project.run('delegate', '--type', 'code', ...flags, 'Do it.');
      assert.match(stdout, /^task_\w+\n$/, stderr);
      return stdout.trim();
    };
    const asked = (): number => server.requests.filter(({ body }) => body !== undefined).length;
    const worktree = (id: string, run = 1): string => join(project.home, 'worktrees', `${id}.r${run}`);

    it('does its work in the worktree, and the folder is as it was until that is applied', async () => {
      const id = await delegated('--worktree');
      const path = worktree(id);
      steps.push(writes(join(path, 'new.txt')), runs(`cd '${path}' && cat new.txt >> a.txt`), text('Done.'));
      const { stdout } = await project.run('work', '--drain');
      assert.equal((await project.only()).status, 'completed', stdout);
      assert.equal(git('status', '--porcelain'), '');
      // Either would cost more than the work: a copy of the folder, or a summary before the first word.
      assert.doesNotMatch((await project.run('logs', id)).stdout, /"snapshot":|"compacting"/);
      assert.equal(git('diff', '--name-status', 'main', `koubou/${id}`), 'M\ta.txt\nA\tnew.txt\n');
      assert.match((await project.run('diff', id)).stdout, /^diff --git a\/a\.txt[^]*\+\+\+ b\/new\.txt/);
      assert.equal((await project.run('apply', id)).stdout, 'a.txt\nnew.txt\n');
      assert.equal(readFileSync(join(project.folder, 'a.txt'), 'utf8'), 'a\nnew\n');
      assert.equal(existsSync(path), false);
      assert.equal((await project.run('discard', id)).code, 0);
      assert.equal(git('branch', '--list', 'koubou/*'), '');
    });

    for (const flags of [['--worktree'], []]) {
      it(`cannot write the files of the queue ${flags.length > 0 ? 'from a worktree' : 'beside it'}`, async () => {
        const { home, folder } = project;
        const id = await delegated('--retries', '0', ...flags);
        const cwd = flags.length > 0 ? worktree(id) : folder;
        const file = (nth: number): string => join(home, 'config', `evil-${nth}`);
        steps.push(
          writes(file(1)),
          writes(join(cwd, '../../config/evil-2')),
          writes('.koubou/config/evil-3'),
          runs(`touch '${file(4)}'`),
          runs(`echo x > '${file(5)}'`),
          runs(`cp a.txt '${file(6)}'`),
          text('Done.'),
        );
        await project.run('work', '--drain');
        const { result } = await project.only();
        assert.equal(asked(), steps.length);
        assert.equal(result?.error?.code, denied, result?.error?.message);
        const kept = readdirSync(join(home, 'config')).filter((name) => name !== '.cache.json');
        assert.deepEqual(kept, ['agent.yaml']);
      });
    }

    for (const flags of [['--worktree'], []]) {
      it(`leaves nothing when its daemon is killed ${flags.length > 0 ? 'and it is in a worktree' : ''}`, async () => {
        const { args, ...entry } = shippedEntry(name, bin) as { args: string[] };
        configure({ ...entry, args: [...args, ...(name === 'claude' ? ['--allowedTools=Bash'] : [])] });
        const id = await delegated(...flags);
        const second = flags.length > 0 ? worktree(id, 2) : project.folder;
        // In a sandbox it has another id than outside, so it is known by its arguments.
        const mark = `600.${Date.now()}`;
        steps.push(
          runs(`echo half > half.txt; setsid sleep ${mark} >/dev/null 2>&1 &`),
          { kind: 'silence' },
          writes(join(second, 'new.txt')),
          text('Done.'),
        );
        const daemon = await startKoubou(['work'], { cwd: project.folder });
        await until(() => asked() === 2, 'its second question', 60_000);
        await until(() => sleeping(mark).length > 0, 'what it left in the background');
        daemon.child.kill('SIGKILL');
        await daemon.ended;
        const { stdout } = await project.run('work', '--drain');
        const { attempts, status } = await project.only();
        assert.equal(status, 'completed', stdout);
        assert.deepEqual(attempts.map(({ error }) => error?.code ?? null), ['worker_lost', null]);
        assert.deepEqual(sleeping(mark), []);
        assert.deepEqual([...pidsCarrying(`${attempts[0]?.worker_id}/${id}.r1`)], []);
        const inWorktree = flags.length > 0;
        assert.equal(git('status', '--porcelain'), inWorktree ? '' : '?? half.txt\n?? new.txt\n');
        if (inWorktree) assert.equal((await project.run('apply', id)).stdout, 'new.txt\n');
      });
    }
  });
}
