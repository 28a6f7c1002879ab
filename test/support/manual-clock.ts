/** A clock that stands still until a test moves it, so that no load of the machine decides how long something took. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/process/clock.ts';
import { until } from './until.ts';

interface Sleeper {
  atMs: number;
  wake: () => void;
}

/** A daemon that is woken gets about as far while a condition is waited for. */
const STEP_MS = 50;

export class ManualClock implements Clock {
  /** Since it was made. */
  nowMs = 0;
  /** Of those that were asked for. */
  longestSleepMs = 0;
  readonly #madeMs = Date.now();
  readonly #sleepers = new Set<Sleeper>();

  readonly steadyMs = (): number => this.nowMs;
  readonly wallMs = (): number => this.#madeMs + this.nowMs;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      this.longestSleepMs = Math.max(this.longestSleepMs, ms);
      const sleeper = {
        atMs: this.nowMs + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake);
    });

  /** Wakes who sleeps until then, the first to be woken first; what follows at once is done before the next is woken. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.wake();
      await setImmediate();
    }
    this.nowMs = endMs;
  }

  /** Resolves when something sleeps until `atMs` (of nowMs). */
  async sleeper(atMs: number): Promise<void> {
    await until(
      () => [...this.#sleepers].some((each) => Math.round(each.atMs) === atMs),
      `a sleep until ${atMs} (now ${this.nowMs})`,
    );
  }

  /**
   * Moves on a little, again and again, until `condition` holds. What a daemon reads and writes meanwhile takes some of that
   * time, so a test may ask afterwards whether enough of it went by, and not whether too much did.
   */
  until<T>(condition: () => T | Promise<T>, what?: string): ReturnType<typeof until<T>> {
    return until(async () => {
      const answer = await condition();
      if (!answer) await this.advance(STEP_MS);
      return answer;
    }, what);
  }

  #next(): Sleeper | undefined {
    return [...this.#sleepers].sort((one, other) => one.atMs - other.atMs)[0];
  }
}
