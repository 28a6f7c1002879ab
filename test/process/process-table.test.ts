import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { pidsCarrying } from '../../src/process/programs/process-table.ts';

describe('the processes that carry a marker', () => {
  let proc: string;

  beforeEach(function () {
    if (process.platform !== 'linux') this.skip();
    proc = mkdtempSync(join(tmpdir(), 'koubou-proc-'));
  });
  afterEach(() => {
    if (process.platform === 'linux') rmSync(proc, { recursive: true, force: true });
  });

  /** As proc_pid_stat(5) has it, of which only what is looked at is told. */
  const show = (
    pid: number,
    environ: string,
    { state = 'S', memory = 4096, environStart = 0 } = {},
  ): void => {
    const fields = Array.from({ length: 53 }, () => '0');
    fields[3] = state;
    fields[23] = `${memory}`;
    fields[50] = `${environStart}`;
    mkdirSync(join(proc, `${pid}`), { recursive: true });
    writeFileSync(join(proc, `${pid}/environ`), environ);
    writeFileSync(join(proc, `${pid}/stat`), `${pid} (a (b) c) ${fields.slice(3).join(' ')}\n`);
  };

  it('are found while they become another program, when nobody can tell yet whose they are', async () => {
    show(7, '');
    const write = `
      const { writeFileSync } = require('node:fs');
      const { parentPort } = require('node:worker_threads');
      parentPort.postMessage('here');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
      writeFileSync(${JSON.stringify(join(proc, '7/environ'))}, 'A=b\\0KOUBOU_RUN=w/task.r1\\0');`;
    const kernel = new Worker(write, { eval: true });
    const ended = once(kernel, 'exit');
    await once(kernel, 'message');
    assert.deepEqual([...pidsCarrying('w/task.r1', proc)], [7]);
    await ended;
  });

  it('are none that have no environment, nor what has ended, nor the threads of the kernel', () => {
    show(7, '', { environStart: 4096 });
    show(8, '', { state: 'Z' });
    show(9, '', { memory: 0 });
    show(10, 'KOUBOU_RUN=w/task.r11\0', { environStart: 4096 });
    assert.deepEqual([...pidsCarrying('w/task.r1', proc)], []);
  });

  it('are none whose environment cannot be read', () => {
    mkdirSync(join(proc, '7/environ'), { recursive: true });
    assert.deepEqual([...pidsCarrying('w/task.r1', proc)], []);
  });
});
