import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTimeOf } from '../../src/process/liveness.ts';
import { type RunningProgram, startProgram } from '../../src/process/programs/start-program.ts';
import { killMarked, stopTree } from '../../src/process/programs/stop-tree.ts';
import { leaseFor } from '../support/lease.ts';

const until = async (condition: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
};

describe('stopping a tree of processes', () => {
  let folder: string;
  let runs = 0;
  let marker: string;
  const started: RunningProgram[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'koubou-stop-'));
    runs += 1;
    marker = `test-${process.pid}/task.r${runs}`;
  });
  afterEach(async () => {
    for (const program of started.splice(0)) await stopTree({ ...program, marker, graceMs: 0 });
    await rm(folder, { recursive: true, force: true });
  });

  const out = (): Promise<string> => readFile(join(folder, 'out'), 'utf8').catch(() => '');

  /** Starts a script that prints the pids of what it starts, and waits until it printed `count` of them. */
  const start = async (
    script: string,
    count: number,
  ): Promise<{ program: RunningProgram; pids: number[] }> => {
    const program = await startProgram({
      command: 'sh',
      args: ['-c', script],
      cwd: folder,
      environment: { PATH: process.env['PATH'] ?? '' },
      stdin: 'closed',
      stdoutPath: join(folder, 'out'),
      stderrPath: join(folder, 'out'),
      lease: leaseFor({ marker }),
    });
    started.push(program);
    await until(async () => (await out()).split('\n').length > count);
    return { program, pids: (await out()).trim().split('\n').map(Number) };
  };

  const alive = (pids: number[]): number[] => pids.filter((pid) => startTimeOf(pid) !== null);

  it('lets a program that listens end by itself', async () => {
    const { program } = await start('trap "exit 7" TERM; echo $$; while :; do sleep 0.01; done', 1);
    const stopped = await stopTree({ ...program, marker });
    assert.deepEqual(stopped, { killed: [], left: [] });
    assert.equal((await program.ended).exitCode, 7);
  });

  it('asks with the signal it is told', async () => {
    const { program } = await start('trap "exit 8" INT; echo $$; while :; do sleep 0.01; done', 1);
    await stopTree({ ...program, marker, askSignal: 'SIGINT' });
    assert.equal((await program.ended).exitCode, 8);
  });

  it('kills a program that does not listen, after the grace', async () => {
    const { program } = await start('trap "" TERM; echo $$; while :; do sleep 0.01; done', 1);
    const stopped = await stopTree({ ...program, marker, graceMs: 50 });
    assert.ok(stopped.killed.includes(program.pid));
    assert.deepEqual(stopped.left, []);
    assert.equal((await program.ended).signal, 'SIGKILL');
  });

  it('reaches background grandchildren with sessions of their own', async () => {
    const script =
      'setsid sleep 600 & echo $!; (setsid sh -c "echo \\$\\$; exec sleep 600" &) ; echo $$; wait';
    const { program, pids } = await start(script, 3);
    assert.equal(alive(pids).length, 3);
    await stopTree({ ...program, marker, graceMs: 50 });
    assert.deepEqual(alive(pids), []);
  });

  it('reaches children that threw the marker away', async () => {
    const { program, pids } = await start('env -i setsid sleep 600 & echo $!; echo $$; wait', 2);
    await stopTree({ ...program, marker, graceMs: 0 });
    assert.deepEqual(alive(pids), []);
  });

  it('finds what is left when the leader is gone already', async () => {
    const { program, pids } = await start('setsid sh -c "echo \\$\\$; exec sleep 600" & echo $$', 2);
    await program.ended;
    const stopped = await stopTree({ ...program, marker, graceMs: 0 });
    assert.equal(stopped.killed.length, 1);
    assert.deepEqual(alive(pids), []);
  });

  it('finds by the marker alone', async () => {
    const { pids } = await start('setsid sh -c "echo \\$\\$; exec sleep 600" & echo $$; wait', 2);
    await killMarked(marker);
    assert.deepEqual(alive(pids), []);
  });

  it('leaves a run whose marker only begins alike', async () => {
    const { pids } = await start('echo $$; exec sleep 600', 1);
    assert.deepEqual(await killMarked(marker.slice(0, -1)), { killed: [], left: [] });
    assert.deepEqual(alive(pids), pids);
  });

  describe('of which something took on another environment and another session', () => {
    /** Ends at once, and leaves a process that prints its pid and stays. */
    const left = async (redirect = ''): Promise<{ program: RunningProgram; pid: number }> => {
      const inner = 'echo $$ > pid; echo $$; exec sleep 600';
      const { program } = await start(
        `echo $$; setsid env -i PATH="$PATH" sh -c '${inner}' ${redirect} &`,
        1,
      );
      await program.ended;
      const file = join(folder, 'pid');
      await until(async () => (await readFile(file, 'utf8').catch(() => '')).endsWith('\n'));
      const pid = Number(await readFile(file, 'utf8'));
      const startTime = startTimeOf(pid);
      leaves.push(async () => void (await stopTree({ pid, startTime, marker: null, graceMs: 0 })));
      return { program, pid };
    };
    const leaves: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const end of leaves.splice(0)) await end();
    });
    const filesOf = ({ pid, given }: RunningProgram) => ({
      since: pid,
      given,
      folder: join(folder, 'state'),
    });

    it('ends what can still write to its output', async () => {
      const { program, pid } = await left();
      await killMarked(marker);
      assert.deepEqual(alive([pid]), [pid], 'by its marker alone it is not found');
      await killMarked(marker, filesOf(program));
      assert.deepEqual(alive([pid]), []);
    });

    it('ends what can write below the folder of its state', async () => {
      await mkdir(join(folder, 'state', 'deep'), { recursive: true });
      const { program, pid } = await left('> state/deep/file 2>&1');
      await killMarked(marker, filesOf(program));
      assert.deepEqual(alive([pid]), []);
    });

    it('leaves who merely reads there, and who writes elsewhere', async () => {
      const reader = await left('< out > /dev/null 2>&1');
      await killMarked(marker, filesOf(reader.program));
      assert.deepEqual(alive([reader.pid]), [reader.pid]);
      await rm(join(folder, 'pid'));
      await writeFile(join(folder, 'out'), '');
      const writer = await left('> elsewhere 2>&1');
      await killMarked(marker, filesOf(writer.program));
      assert.deepEqual(alive([writer.pid]), [writer.pid]);
    });
  });

  it('never touches a process that reused the pid', async () => {
    const { program, pids } = await start('sleep 600 & echo $!; echo $$; wait', 2);
    const other = { pid: program.pid, startTime: '1', marker: null, graceMs: 50 };
    assert.deepEqual(await stopTree(other), { killed: [], left: [] });
    assert.deepEqual(await stopTree({ ...other, startTime: null }), { killed: [], left: [] });
    assert.deepEqual(alive(pids), pids);
  });

  it('never kills itself', async () => {
    const program = await startProgram({
      command: process.execPath,
      args: ['--input-type=module', '-e', SUICIDE],
      cwd: folder,
      environment: {
        PATH: process.env['PATH'] ?? '',
        STOP: new URL('../../src/process/programs/stop-tree.ts', import.meta.url).href,
      },
      stdin: 'closed',
      stdoutPath: join(folder, 'out'),
      stderrPath: join(folder, 'out'),
      lease: leaseFor({ marker }),
    });
    assert.deepEqual(await program.ended, { exitCode: 0, signal: null }, await out());
    assert.equal((await out()).trim(), '1');
  });

  it('is content with a tree that is gone', async () => {
    const { program } = await start('echo $$', 1);
    await program.ended;
    assert.deepEqual(await stopTree({ ...program, marker }), { killed: [], left: [] });
  });
});

const SUICIDE = `
import { spawn } from 'node:child_process';
const { killMarked } = await import(process.env.STOP);
spawn('sleep', ['600'], { stdio: 'ignore' }).unref();
console.log((await killMarked(process.env.KOUBOU_RUN)).killed.length);
`;
