import assert from 'node:assert/strict';
import { AttemptClocks, type Limits } from '../../src/worker/attempt/clocks.ts';
import { ManualClock } from '../support/manual-clock.ts';

const none: Limits = { timeout: 0, stall: 0, load: 0 };

describe('the clocks of an attempt', () => {
  let clock: ManualClock;

  beforeEach(() => {
    clock = new ManualClock();
  });

  const clocks = (limits: Partial<Limits>): AttemptClocks => new AttemptClocks({ ...none, ...limits }, clock);

  /** `ms` go by, in which something comes from the run every 10. */
  const keepSaying = async (one: AttemptClocks, ms: number): Promise<void> => {
    for (let gone = 0; gone < ms; gone += 10) {
      await clock.advance(10);
      one.progress();
    }
  };

  /** The code with which it was stopped, or undefined. */
  const codeOf = (one: AttemptClocks): string | undefined => {
    const stop = one.stopped;
    assert.equal(one.signal.aborted, stop !== undefined);
    return stop?.kind === 'limit' ? stop.error.code : stop?.kind;
  };

  /** It goes on for so many milliseconds, and not for one more. */
  const lasts = async (one: AttemptClocks, ms: number): Promise<void> => {
    await clock.advance(ms - 1);
    assert.equal(codeOf(one), undefined);
    await clock.advance(1);
    assert.notEqual(codeOf(one), undefined);
  };

  it('end it when the whole took too long, whatever came from it', async () => {
    const one = clocks({ timeout: 0.15, stall: 0.05 });
    await keepSaying(one, 140);
    await lasts(one, 10);
    assert.equal(codeOf(one), 'timeout');
  });

  it('end it when nothing came for too long, and not while something comes', async () => {
    const one = clocks({ stall: 0.4, timeout: 5 });
    await keepSaying(one, 1000);
    await lasts(one, 400);
    assert.equal(codeOf(one), 'stalled');
  });

  it('stand still while a model is loaded', async () => {
    const one = clocks({ stall: 0.1, timeout: 0.2, load: 5 });
    one.phase('loading');
    await clock.advance(300);
    assert.equal(codeOf(one), undefined);
    one.phase('running');
    await keepSaying(one, 190);
    await lasts(one, 10);
    assert.equal(codeOf(one), 'timeout');
  });

  it('add up the running before and after a pause', async () => {
    const one = clocks({ timeout: 0.6, load: 5 });
    await clock.advance(500);
    one.phase('loading');
    await clock.advance(200);
    one.phase('running');
    await lasts(one, 100);
    assert.equal(codeOf(one), 'timeout');
  });

  it('have a limit for the loading itself, with a cure', async () => {
    const one = clocks({ load: 0.1, stall: 5, timeout: 5 });
    one.phase('loading');
    await lasts(one, 100);
    assert.equal(one.stopped?.kind, 'limit');
    if (one.stopped?.kind !== 'limit') return;
    assert.equal(one.stopped.error.code, 'timeout');
    assert.match(one.stopped.error.message, /not ready after 0\.1 s/);
    assert.match(one.stopped.error.hint, /load_timeout/);
  });

  it('let a check be silent, and count its time', async () => {
    const one = clocks({ stall: 0.1, timeout: 0.6 });
    one.phase('checking');
    await lasts(one, 600);
    assert.equal(codeOf(one), 'timeout');
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
    await clock.advance(3_600_000);
    assert.equal(one.stopped, undefined);
    assert.equal(unlimited.stopped, undefined);
  });

  it('take limits longer than the 32 bits of a timer', async () => {
    const days = 24 * 3_600_000;
    await lasts(clocks({ timeout: (40 * days) / 1000 }), 40 * days);
    assert.ok(clock.longestSleepMs < 2 ** 31, `${clock.longestSleepMs}`);
  });
});
