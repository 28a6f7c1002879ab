/** The real Codex under real daemons: many at once in worktrees of one repository, and a daemon that is killed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtKoubou } from '../../support/koubou/built.ts';
import { Daemons } from '../../support/koubou/daemon.ts';
import { full } from '../../support/builders.ts';
import {
  callsIn,
  type ResponsesServer,
  type ResponsesStep,
  startResponsesServer,
  steps,
} from '../../support/servers/responses-server.ts';
import { until } from '../../support/until.ts';
import { agentsInstalled, codexProgram } from './install.ts';

const SLOTS = 4;
const TASKS = full ? 20 : 8;
/** So many of them change the same line. */
const RIVALS = TASKS / 4;

/** It may have ended since it was seen. */
const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

describe('the real Codex under a daemon', function () {
  this.timeout(full ? 300_000 : 120_000);
  let daemons: Daemons;
  let server: ResponsesServer;
  /** The home lies in it. */
  let folder: string;
  let script: (body: Record<string, unknown>) => ResponsesStep | undefined;

  before(async function () {
    if (!agentsInstalled()) this.skip();
    await builtKoubou();
  });
  beforeEach(async () => {
    server = await startResponsesServer((body) => script(body));
    daemons = await Daemons.make(`
endpoints:
  here: { kind: ollama, url: '${server.url}', max_concurrent: ${SLOTS} }
runners:
  codex: { kind: codex, endpoint: here, model: scripted, bin: '${codexProgram}' }
routing:
  default: { code: codex }
workers: { min: ${SLOTS}, max: ${SLOTS} }
`);
    folder = dirname(daemons.home.home);
    writeFileSync(daemons.home.path('.gitignore'), '*\n');
  });
  afterEach(async () => {
    await daemons.remove();
    await server.close();
  });

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder, encoding: 'utf8' });
  const repository = (): void => {
    git('init', '-q', '-b', 'main');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'shared.txt'), 'first\n');
    git('add', '-A');
    git('commit', '-qm', 'first');
  };
  const code = (prompt: string, options = {}): Promise<string> =>
    daemons.add({ type: 'code', prompt, cwd: join(folder, 'sub'), options: { retries: 0, ...options } });
  const filesOf = (place: string): string[] =>
    readdirSync(place, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/^(home|\.git)(\/|$)/.test(name))
      .sort();

  it(`has ${TASKS} tasks done at once in worktrees, each to apply cleanly or to name its conflict`, async () => {
    repository();
    const numberOf = (body: Record<string, unknown>): number =>
      Number(/Be number (\d+)/.exec(JSON.stringify(body['input']))?.[1]);
    let running = 0;
    let most = 0;
    script = (body) => {
      const number = numberOf(body);
      if (callsIn(body) > 0) {
        running -= 1;
        return steps.message(`Number ${number} is done.`);
      }
      running += 1;
      most = Math.max(most, running);
      const rival = number < RIVALS ? `echo ${number} > shared.txt;` : '';
      return steps.exec(`${rival} pwd > ${number}.txt; echo x > ${folder}/outside.txt; git commit -qam x`);
    };
    const ids: string[] = [];
    for (let number = 0; number < TASKS; number += 1) ids.push(await code(`Be number ${number}.`, { worktree: true }));
    const before = [git('rev-parse', 'HEAD'), filesOf(folder)];
    const { code: exit, stdout } = await daemons.koubou(['work', '--drain']);
    assert.equal(exit, 0, stdout);

    for (const [number, id] of ids.entries()) {
      const { status, result, attempts } = await daemons.record(id);
      assert.equal(status, 'completed', result?.error?.message);
      assert.equal(attempts.length, 1);
      assert.match(git('log', '-1', '--format=%s', `koubou/${id}`), new RegExp(`^Be number ${number}\\.`));
      const cwd = git('show', `koubou/${id}:sub/${number}.txt`).trim();
      assert.equal(cwd, daemons.home.path('worktrees', `${id}.r1`, 'sub'));
      const changed = git('diff', '--name-only', 'main', `koubou/${id}`).trim().split('\n');
      assert.deepEqual(changed, [`sub/${number}.txt`, ...(number < RIVALS ? ['sub/shared.txt'] : [])]);
    }
    assert.ok(most > 1, `${most} at once`);
    assert.equal(git('status', '--porcelain'), '');
    assert.deepEqual([git('rev-parse', 'HEAD'), filesOf(folder)], before);

    for (const [number, id] of ids.entries()) {
      const { code: exit, stdout, stderr } = await daemons.koubou(['apply', id], { cwd: folder });
      const conflicts = number > 0 && number < RIVALS;
      assert.equal(exit, conflicts ? 1 : 0, stderr);
      assert.match(stdout, conflicts ? /^sub\/shared\.txt\n$/ : new RegExp(`^sub/${number}\\.txt$`, 'm'));
      assert.equal(existsSync(join(folder, 'sub', `${number}.txt`)), !conflicts);
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', 'applied');
    }
    assert.equal(readFileSync(join(folder, 'sub', 'shared.txt'), 'utf8'), '0\n');
    assert.equal(git('worktree', 'list').trim().split('\n').length, 1 + RIVALS - 1);
  });

  for (const where of ['in the folder', 'in a worktree'] as const) {
    for (const how of ['alone', 'with all that it started'] as const) {
      it(`killed ${how} ${where}, leaves the task to the next one and nothing else`, async () => {
        const worktree = where === 'in a worktree';
        if (worktree) repository();
        else mkdirSync(join(folder, 'sub'));
        const before = filesOf(folder);
        let conversations = 0;
        script = (body) => {
          if (callsIn(body) > 0) return undefined;
          conversations += 1;
          if (conversations > 1) return steps.exec('echo new > new.txt');
          const command = 'echo half > half.txt; (setsid sleep 98765 &); exec sleep 98765';
          return steps.exec(command, { yield_time_ms: 30_000 });
        };
        const id = await code('Do it.', { worktree });
        const cwd = worktree ? daemons.home.path('worktrees', `${id}.r1`, 'sub') : join(folder, 'sub');
        const daemon = await daemons.start();
        await until(() => existsSync(join(cwd, 'half.txt')), 'the command of the model');
        assert.ok(daemons.children().length > 2);
        if (how === 'with all that it started') {
          // As the out-of-memory killer and a loss of power do: nobody is left who could tidy up.
          daemon.kill('SIGSTOP');
          for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
            for (const pid of daemons.children()) kill(pid, signal);
          }
          await until(() => daemons.children().length === 0, 'the end of all that it started');
          assert.deepEqual(strayIn(cwd), ['.agents', '.aws', '.codex', '.git']);
        }
        daemon.kill('SIGKILL');
        await daemon.ended;

        const { code: exit, stdout } = await daemons.koubou(['work', '--drain']);
        assert.equal(exit, 0, stdout);
        assert.deepEqual(daemons.children(), []);
        const { status, attempts, result } = await daemons.record(id);
        assert.equal(status, 'completed', result?.error?.message);
        assert.deepEqual(
          attempts.map(({ error, evidence, charged }) => [error?.code ?? null, evidence, charged]),
          [
            ['worker_lost', null, false],
            [null, '1 file changed', false],
          ],
        );
        assert.deepEqual(statesOf(id), ['run-1.state/sessions', 'run-2.state/sessions']);
        if (worktree) {
          assert.deepEqual(filesOf(folder), before);
          const second = daemons.home.path('worktrees', `${id}.r2`, 'sub');
          assert.equal(git('-C', second, 'status', '--porcelain'), '');
          assert.equal((await daemons.koubou(['apply', id], { cwd: folder })).stdout, 'sub/new.txt\n');
          assert.equal(git('worktree', 'list').trim().split('\n').length, 1);
        }
        const left = worktree ? ['sub/new.txt'] : ['sub/half.txt', 'sub/new.txt'];
        assert.deepEqual(filesOf(folder), [...before, ...left].sort());
      });
    }
  }

  const strayIn = (place: string): string[] =>
    readdirSync(place).filter((name) => ['.agents', '.aws', '.codex', '.git'].includes(name));

  /** What is kept of the homes of Codex. */
  const statesOf = (id: string): string[] => {
    const [day = ''] = readdirSync(daemons.home.path('results'));
    const place = daemons.home.path('results', day, id);
    const states = readdirSync(place).filter((name) => name.endsWith('.state'));
    return states.flatMap((state) => readdirSync(join(place, state)).map((name) => `${state}/${name}`)).sort();
  };
});
