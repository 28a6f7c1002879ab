import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, KoubouError } from '../../src/errors.ts';
import { type ProgramOptions, startProgram } from '../../src/process/programs/start-program.ts';
import { leaseFor } from '../support/lease.ts';
import { asOtherUser } from '../support/other-user.ts';

/** Starts a program in a folder that is closed, and prints the reason why it did not start. */
const ENTER = `
  const [, module, folder] = process.argv;
  const { startProgram } = await import(module);
  const files = { stdoutPath: '/dev/null', stderrPath: '/dev/null'};
  const lease = { marker: 'w/task.r1', folder, assertOwned: async () => undefined };
  const asked = { command: 'sh', args: ['-c', 'true'], cwd: folder + '/closed', lease };
  try {
    const program = await startProgram({ ...asked, ...files, environment: { PATH: process.env.PATH }, stdin: 'closed' });
    console.log(await program.ended);
  } catch (error) {
    console.log(error.code, error.message);
  }
`;

describe('starting a program', () => {
  let folder: string;
  let options: (command: string, ...args: string[]) => ProgramOptions;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'koubou-spawn-'));
    options = (command, ...args) => ({
      command,
      args,
      cwd: folder,
      environment: { PATH: process.env['PATH'] ?? '' },
      stdin: 'closed',
      stdoutPath: join(folder, 'out'),
      stderrPath: join(folder, 'err'),
      lease: leaseFor({ marker: 'w/task.r1' }),
    });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const out = (): Promise<string> => readFile(join(folder, 'out'), 'utf8');
  const err = (): Promise<string> => readFile(join(folder, 'err'), 'utf8');

  it('appends output and errors to their files and says the exit code', async () => {
    await writeFile(join(folder, 'out'), 'before\n');
    const program = await startProgram(options('sh', '-c', 'echo out; echo err >&2; exit 3'));
    assert.deepEqual(await program.ended, { exitCode: 3, signal: null });
    assert.equal(await out(), 'before\nout\n');
    assert.equal(await err(), 'err\n');
  });

  it('lets both kinds of output go to one file', async () => {
    const program = await startProgram({
      ...options('sh', '-c', 'echo one; echo two >&2'),
      stderrPath: join(folder, 'out'),
    });
    await program.ended;
    assert.equal(await out(), 'one\ntwo\n');
  });

  describe('under a lease', function () {
    const hasWrapper = spawnSync('env', ['-C', '/', 'true']).status === 0;
    // Without GNU's env in front of it no program begins in the lease.
    before(function () {
      if (!hasWrapper) this.skip();
    });

    it('starts it where the lease is there, whatever leads to it', async () => {
      await mkdir(join(folder, 'a/lease'), { recursive: true });
      await symlink('a', join(folder, 'link'));
      const lease = leaseFor({ folder: join(folder, 'link/lease') });
      const program = await startProgram({ ...options('sh', '-c', 'echo "$0 $1"; pwd', 'a b'), lease });
      assert.deepEqual(await program.ended, { exitCode: 0, signal: null });
      assert.equal(await out(), `a b \n${folder}\n`);
    });

    it('uses nothing of what somebody put in its place, and gives the environment it was told', async () => {
      const planted = join(folder, 'theirs', ...Array.from({ length: 200 }, () => 'd'));
      await mkdir(join(planted, 'usr/bin'), { recursive: true });
      for (const name of ['env', 'setpriv', 'sh']) {
        await writeFile(join(planted, 'usr/bin', name), `#!/bin/sh\ntouch ${folder}/planted\n`, {
          mode: 0o755,
        });
      }
      const lease = leaseFor({ folder: join(folder, 'lease'), marker: 'w/task.r1' });
      await symlink(planted, join(folder, 'lease'));
      const program = await startProgram({ ...options('/usr/bin/env'), lease });
      assert.deepEqual(await program.ended, { exitCode: 0, signal: null });
      assert.deepEqual(await out(), `PATH=${process.env['PATH']}\nKOUBOU_RUN=w/task.r1\n`);
      await assert.rejects(stat(join(folder, 'planted')));
    });

    it('starts nothing where it goes after the last look', async () => {
      const place = join(folder, 'lease');
      await mkdir(place);
      const asked = {
        ...options('sh', '-c', 'echo ran'),
        lease: leaseFor({ folder: place, assertOwned: () => rm(place, { recursive: true }) }),
      };
      await assert.rejects(startProgram(asked), { code: 'worker_lost' });
      assert.equal(await out(), '');
    });

    it('still says of a program that cannot be started why that is', async () => {
      const asked = {
        ...options('sh', '-c', 'true'),
        cwd: join(folder, 'none'),
        lease: leaseFor({ folder }),
      };
      await assert.rejects(startProgram(asked), { code: 'conflict' });
    });

    it('says of a folder that this user may not enter that it may not be entered', async function () {
      await mkdir(join(folder, 'closed'), { mode: 0 });
      await chmod(folder, 0o755);
      const ended = asOtherUser(ENTER, 'process/programs/start-program.ts', folder);
      if (ended === undefined) this.skip();
      assert.match(ended?.stdout ?? '', /EACCES|permission denied/i, ended?.stderr);
      assert.doesNotMatch(ended?.stdout ?? '', /125/);
    });
  });

  it('says which signal ended it', async () => {
    const program = await startProgram(options('sh', '-c', 'kill -9 $$'));
    assert.deepEqual(await program.ended, { exitCode: null, signal: 'SIGKILL' });
  });

  it('gives the environment it was told, the run, and nothing of its own', async () => {
    process.env['KOUBOU_TEST_SECRET'] = 'hidden';
    const given = { ...options('env'), environment: { PATH: process.env['PATH'] ?? '', GIVEN: 'yes' } };
    await (await startProgram(given)).ended;
    delete process.env['KOUBOU_TEST_SECRET'];
    const lines = (await out())
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    assert.deepEqual(new Set(lines), new Set(['GIVEN', 'KOUBOU_RUN', 'PATH']));
    assert.match(await out(), /^KOUBOU_RUN=w\/task\.r1$/m);
  });

  it('closes standard input, so that a program that reads it goes on', async () => {
    const program = await startProgram(options('cat'));
    assert.equal((await program.ended).exitCode, 0);
  });

  it('hands over text and files as standard input whole', async () => {
    const text = '工房'.repeat(500_000);
    await (await startProgram({ ...options('cat'), stdin: { text } })).ended;
    assert.equal(await out(), text);
    await writeFile(join(folder, 'in'), 'from a file');
    const fromFile = {
      ...options('cat'),
      stdin: { file: join(folder, 'in') },
      stdoutPath: join(folder, 'out2'),
    };
    await (await startProgram(fromFile)).ended;
    assert.equal(await readFile(join(folder, 'out2'), 'utf8'), 'from a file');
  });

  it('survives a program that does not read its standard input', async () => {
    const program = await startProgram({ ...options('true'), stdin: { text: 'x'.repeat(5_000_000) } });
    assert.equal((await program.ended).exitCode, 0);
  });

  it('makes the program the leader of its own process group', async () => {
    const program = await startProgram(options('sh', '-c', 'ps -o pgid= -p $$ | tr -d " "'));
    await program.ended;
    assert.equal((await out()).trim(), String(program.pid));
  });

  it('costs no memory for 200 MB of output', async () => {
    const before = process.memoryUsage.rss();
    const program = await startProgram(options('sh', '-c', 'head -c 200000000 /dev/zero'));
    assert.equal((await program.ended).exitCode, 0);
    assert.equal((await stat(join(folder, 'out'))).size, 200_000_000);
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 50_000_000, `grew by ${grown} bytes`);
  });

  const refused = async (given: ProgramOptions, code: ErrorCode, words: RegExp): Promise<void> => {
    await assert.rejects(startProgram(given), (error: unknown) => {
      assert.ok(error instanceof KoubouError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, words);
      assert.notEqual(error.hint, '');
      return true;
    });
  };

  it('names a program that does not exist', () =>
    refused(options('no-such-program-here'), 'no_program', /no program "no-such-program-here"/));

  it('names a path at which nothing lies', () =>
    refused(options('./missing.sh'), 'no_program', /no program ".\/missing.sh"/));

  it('says that a file is not executable', async () => {
    await writeFile(join(folder, 'script.sh'), 'echo hi\n', { mode: 0o600 });
    await refused(options('./script.sh'), 'no_program', /not executable/);
  });

  it('says that the working folder does not exist', () =>
    refused(
      { ...options('true'), cwd: join(folder, 'gone') },
      'conflict',
      /working folder .*gone does not exist/,
    ));

  it('says that the arguments are too long, one or all of them', async () => {
    await refused(options('echo', 'x'.repeat(5_000_000)), 'usage', /too long/);
    await refused(
      options('echo', ...Array.from({ length: 100 }, () => 'x'.repeat(100_000))),
      'usage',
      /too long/,
    );
    const whole = await startProgram(options('echo', 'x'.repeat(100_000)));
    assert.equal((await whole.ended).exitCode, 0);
    assert.equal((await out()).length, 100_001);
  });

  it('looks programs up on the PATH it was given, not on its own', () =>
    refused({ ...options('sh'), environment: { PATH: folder } }, 'no_program', /no program "sh"/));

  it('dies with the process that started it', async function () {
    if (process.platform !== 'linux') this.skip();
    const parent = await startProgram({
      ...options(process.execPath, '--input-type=module', '-e', PARENT),
      environment: {
        PATH: process.env['PATH'] ?? '',
        SPAWN: new URL('../../src/process/programs/start-program.ts', import.meta.url).href,
      },
    });
    await parent.ended;
    const childPid = Number((await out()).trim());
    assert.ok(childPid > 0, await err());
    await until(async () => !(await isRunning(childPid)));
  });
});

const PARENT = `
const { startProgram } = await import(process.env.SPAWN);
const child = await startProgram({ command: 'sleep', args: ['600'], cwd: '/', environment: { PATH: process.env.PATH },
  stdin: 'closed', stdoutPath: '/dev/null', stderrPath: '/dev/null', lease: null });
console.log(child.pid);
// Before it becomes the program it has not asked for the signal yet.
const { readFileSync } = await import('node:fs');
while (readFileSync('/proc/' + child.pid + '/comm', 'utf8') !== 'sleep\\n') await new Promise(setImmediate);
process.kill(process.pid, 'SIGKILL');
`;

const isRunning = async (pid: number): Promise<boolean> => {
  const { startTimeOf } = await import('../../src/process/liveness.ts');
  return startTimeOf(pid) !== null;
};

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
};
