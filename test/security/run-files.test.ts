/**
 * A run ends whoever still writes to its files. Which files those are is known by what koubou opened for it: who may write
 * in the home's folder can have a name lead to a file of others. The planted fault takes what lies at the name.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileIdentity } from '../../src/process/programs/holders.ts';
import { type RunningProgram, startProgram } from '../../src/process/programs/start-program.ts';
import { killMarked } from '../../src/process/programs/stop-tree.ts';
import { leaseFor } from '../support/lease.ts';

describe('a process that writes to a file of the user', () => {
  let folder: string;
  let victim: ChildProcess | undefined;
  const at = (name: string): string => join(folder, name);

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });
  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'koubou-run-files-'));
    fs.mkdirSync(at('results/day'), { recursive: true });
  });
  afterEach(() => {
    victim?.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const run = (): Promise<RunningProgram> =>
    startProgram({
      command: 'true',
      args: [],
      cwd: folder,
      environment: { PATH: process.env['PATH'] ?? '' },
      stdin: 'closed',
      stdoutPath: at('results/day/output'),
      stderrPath: at('results/day/log'),
      lease: leaseFor({ marker: `test-${process.pid}/run-files.r1` }),
    });
  /** One that began after the run's program, and holds the file open for writing. */
  const write = async (name: string): Promise<ChildProcess> => {
    const file = fs.openSync(at(name), 'a');
    victim = spawn('sleep', ['300'], { stdio: ['ignore', file, 'ignore'], detached: true });
    fs.closeSync(file);
    await once(victim, 'spawn');
    return victim;
  };
  const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean =>
    exitCode === null && signalCode === null;
  const end = async ({ pid, given }: RunningProgram): Promise<number[]> =>
    (await killMarked(`test-${process.pid}/run-files.r1`, { since: pid, given, folder: null })).killed;

  for (const [what, lay] of [
    ['hard link', fs.linkSync],
    ['link', fs.symlinkSync],
  ] as const) {
    it(`goes on where the name of a result became a ${what} to that file`, async () => {
      const program = await run();
      await program.ended;
      const writer = await write('victim.log');
      fs.rmSync(at('results/day/output'));
      lay(at('victim.log'), at('results/day/output'));
      assert.deepEqual(await end(program), []);
      assert.ok(isAlive(writer));
      const named = fileIdentity(fs.statSync(at('results/day/output'), { bigint: true })) ?? '';
      const gone = once(writer, 'exit');
      assert.deepEqual(await end({ ...program, given: new Set([named]) }), [writer.pid], 'the planted fault');
      await gone;
    });
  }

  it('is ended where that file is the run’s own, whatever its name leads to by then', async () => {
    const program = await run();
    await program.ended;
    const writer = await write('results/day/output');
    const gone = once(writer, 'exit');
    fs.renameSync(at('results/day/output'), at('elsewhere'));
    assert.deepEqual(await end(program), [writer.pid]);
    await gone;
  });
});
