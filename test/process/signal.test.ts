import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startTimeOf } from '../../src/process/liveness.ts';
import { isAlive, sendSignal } from '../../src/process/programs/signal.ts';

describe('a signal to a recorded process', () => {
  it('reaches it, and nothing once it is gone', async () => {
    const child = spawn('sleep', ['600']);
    const ended = once(child, 'exit');
    await once(child, 'spawn');
    const recorded = { pid: child.pid ?? 0, startTime: startTimeOf(child.pid ?? 0) ?? '' };
    assert.equal(isAlive(recorded), true);
    assert.equal(sendSignal(recorded, 'SIGTERM'), true);
    assert.deepEqual(await ended, [null, 'SIGTERM']);
    assert.equal(isAlive(recorded), false);
    assert.equal(sendSignal(recorded, 'SIGTERM'), false);
  });

  it('spares another that has got its pid since', () => {
    assert.equal(sendSignal({ pid: process.pid, startTime: 'another' }, 'SIGKILL'), false);
  });
});
