import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { livenessOf, selfIdentity, startTimeOf } from '../../src/process/liveness.ts';
import { processTable } from '../../src/process/programs/process-table.ts';
import { startProgram } from '../../src/process/programs/start-program.ts';
import { killMarked } from '../../src/process/programs/stop-tree.ts';

/** As where as many files are open as may be: no process can be looked at. */
const withoutDescriptors = async <T>(
  action: () => T | Promise<T>,
  lookups = Number.POSITIVE_INFINITY,
): Promise<T> => {
  const { readFileSync, readdirSync } = fs;
  let left = lookups;
  const refuse = (path: unknown): void => {
    if (!String(path).startsWith('/proc') || left <= 0) return;
    left -= 1;
    throw Object.assign(new Error(`EMFILE: too many open files, '${String(path)}'`), { code: 'EMFILE' });
  };
  fs.readFileSync = ((path: string, ...rest: never[]) => (
    refuse(path), readFileSync(path, ...rest)
  )) as never;
  fs.readdirSync = ((path: string, ...rest: never[]) => (refuse(path), readdirSync(path, ...rest))) as never;
  syncBuiltinESMExports();
  try {
    return await action();
  } finally {
    Object.assign(fs, { readFileSync, readdirSync });
    syncBuiltinESMExports();
  }
};

describe('where no descriptor is left', function () {
  before(function () {
    // Elsewhere ps looks at processes.
    if (process.platform !== 'linux') this.skip();
  });

  it('nobody who lives looks dead', async () => {
    const self = selfIdentity();
    assert.equal(livenessOf(self, self), 'alive');
    await assert.rejects(
      withoutDescriptors(() => livenessOf(self, self)),
      { code: 'EMFILE' },
    );
    await assert.rejects(
      withoutDescriptors(() => processTable()),
      { code: 'EMFILE' },
    );
  });

  it('what a run left behind is stopped as soon as it can be seen again', async () => {
    const child = spawn('sleep', ['600'], { env: { ...process.env, KOUBOU_RUN: 'shortage/task.r1' } });
    try {
      await once(child, 'spawn');
      const ended = once(child, 'close');
      const { killed } = await withoutDescriptors(() => killMarked('shortage/task.r1'), 5);
      assert.deepEqual(killed, [child.pid]);
      await ended;
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('a program that was started goes on', async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'koubou-shortage-'));
    const out = join(folder, 'out');
    const options = {
      command: 'echo',
      args: ['hi'],
      cwd: folder,
      environment: { PATH: process.env['PATH'] ?? '' },
      stdin: 'closed' as const,
      stdoutPath: out,
      stderrPath: out,
      lease: null,
    };
    try {
      const program = await withoutDescriptors(() => startProgram(options));
      assert.equal(program.startTime, null);
      assert.equal((await program.ended).exitCode, 0);
      assert.equal(fs.readFileSync(out, 'utf8'), 'hi\n');
      assert.notEqual(startTimeOf(process.pid), null);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
