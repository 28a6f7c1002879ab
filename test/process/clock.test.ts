import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, every, systemClock } from '../../src/process/clock.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('the clock', () => {
  it('of the system lets a sleep end when it is aborted, before it or in it', async () => {
    await systemClock.sleep(3_600_000, AbortSignal.abort());
    const controller = new AbortController();
    const slept = systemClock.sleep(3_600_000, controller.signal);
    controller.abort();
    await slept;
  });

  it('of the system rises steadily over all processes', () => {
    const path = JSON.stringify(new URL('../../src/process/clock.ts', import.meta.url).href);
    const script = `import(${path}).then(({ systemClock }) => console.log(systemClock.steadyMs()))`;
    const before = systemClock.steadyMs();
    const there = Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
    const afterwards = systemClock.steadyMs();
    assert.ok(before < there && there < afterwards, [before, there, afterwards].join());
  });

  it('calls back after the time given, once, and not what was cancelled', async () => {
    const clock = new ManualClock();
    const called: string[] = [];
    after(clock, 100, () => called.push('late'));
    after(clock, 50, () => called.push('soon'));
    const cancel = after(clock, 70, () => called.push('cancelled'));
    await clock.advance(49);
    assert.deepEqual(called, []);
    cancel();
    await clock.advance(1000);
    assert.deepEqual(called, ['soon', 'late']);
  });

  it('calls back again and again, but never while the last call goes on', async () => {
    const clock = new ManualClock();
    const { promise, resolve } = Promise.withResolvers<void>();
    const times: number[] = [];
    const cancel = every(clock, 100, () => {
      times.push(clock.nowMs);
      return times.length === 2 ? promise : Promise.resolve();
    });
    await clock.advance(1000);
    assert.deepEqual(times, [100, 200]);
    resolve();
    await clock.sleeper(1100);
    await clock.advance(200);
    cancel();
    await clock.advance(1000);
    assert.deepEqual(times, [100, 200, 1100, 1200]);
  });
});
