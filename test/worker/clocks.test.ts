import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { AttemptClocks, type Limits } from '../../src/worker/attempt/clocks.ts';
import { until } from '../support/until.ts';

const none: Limits = { timeout: 0, stall: 0, load: 0 };

describe('the clocks of an attempt', () => {
  const made: AttemptClocks[] = [];

  const clocks = (limits: Partial<Limits>): AttemptClocks => {
    const one = new AttemptClocks({ ...none, ...limits });
    made.push(one);
    return one;
  };

  /** The code with which it was stopped, and after how many milliseconds. */
  const stopOf = async (one: AttemptClocks): Promise<{ code: string; ms: number }> => {
    const start = performance.now();
    const stop = await until(() => one.stopped, 'the stop', 3000);
    assert.equal(one.signal.aborted, true);
    return { code: stop.kind === 'limit' ? stop.error.code : stop.kind, ms: performance.now() - start };
  };

  /** Keeps saying that something came, until the attempt is stopped. */
  const keepSaying = (one: AttemptClocks): void => {
    const timer = setInterval(() => one.progress(), 10);
    one.signal.addEventListener('abort', () => clearInterval(timer));
  };

  afterEach(() => {
    for (const one of made.splice(0)) one.stop({ kind: 'stopped' });
  });

  it('end it when the whole took too long, whatever came from it', async () => {
    const one = clocks({ timeout: 0.15, stall: 5 });
    keepSaying(one);
    const { code, ms } = await stopOf(one);
    assert.equal(code, 'timeout');
    assert.ok(ms > 100 && ms < 2000, `${ms}`);
  });

  it('end it when nothing came for too long, and not while something comes', async () => {
    const one = clocks({ stall: 0.4, timeout: 5 });
    for (let count = 0; count < 10; count += 1) {
      await delay(50);
      one.progress();
    }
    assert.equal(one.stopped, undefined);
    assert.equal((await stopOf(one)).code, 'stalled');
  });

  it('stand still while a model is loaded', async () => {
    const one = clocks({ stall: 0.1, timeout: 0.2, load: 5 });
    one.phase('loading');
    await delay(300);
    assert.equal(one.stopped, undefined);
    one.phase('running');
    keepSaying(one);
    const { code, ms } = await stopOf(one);
    assert.equal(code, 'timeout');
    assert.ok(ms > 120, `the time of loading counted: ${ms}`);
  });

  it('add up the running before and after a pause', async () => {
    const one = clocks({ timeout: 0.6, load: 5 });
    await delay(500);
    one.phase('loading');
    await delay(200);
    one.phase('running');
    const { code, ms } = await stopOf(one);
    assert.equal(code, 'timeout');
    assert.ok(ms < 450, `the time before the pause was forgotten: ${ms}`);
  });

  it('have a limit for the loading itself, with a cure', async () => {
    const one = clocks({ load: 0.1, stall: 5, timeout: 5 });
    one.phase('loading');
    await stopOf(one);
    assert.equal(one.stopped?.kind, 'limit');
    if (one.stopped?.kind !== 'limit') return;
    assert.equal(one.stopped.error.code, 'timeout');
    assert.match(one.stopped.error.message, /not ready after 0\.1 s/);
    assert.match(one.stopped.error.hint, /load_timeout/);
  });

  it('let a check be silent, and count its time', async () => {
    const one = clocks({ stall: 0.1, timeout: 0.6 });
    one.phase('checking');
    await delay(300);
    assert.equal(one.stopped, undefined);
    const { code, ms } = await stopOf(one);
    assert.equal(code, 'timeout');
    assert.ok(ms < 550, `${ms}`);
  });

  it('keep the first reason', () => {
    const one = clocks({});
    one.stop({ kind: 'cancelled' });
    one.stop({ kind: 'stopped' });
    assert.deepEqual(one.stopped, { kind: 'cancelled' });
  });

  it('say nothing after the end, and nothing without limits', async () => {
    const one = clocks({ timeout: 0.05, load: 0.05 });
    one.end();
    one.phase('loading');
    const unlimited = clocks({});
    await delay(120);
    assert.equal(one.stopped, undefined);
    assert.equal(unlimited.stopped, undefined);
  });

  it('take limits longer than the 32 bits of a timer', async () => {
    const one = clocks({ timeout: 40 * 24 * 3600 });
    await delay(30);
    assert.equal(one.stopped, undefined);
  });
});
