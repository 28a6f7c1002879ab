/**
 * The steps of an attempt. Each ends with the attempt at the latest, also where it hangs in the kernel: then it is left
 * behind, and whoever gives back what it may still use waits for it.
 */
import { after, type Clock } from '../../process/clock.ts';
import type { AttemptClocks } from './clocks.ts';

export interface StepOptions {
  /** Milliseconds that it has after the attempt's end to end by itself. */
  graceMs?: number;
  /** What to do with what it gives when nobody waits for it any more. */
  late?: (given: never) => Promise<unknown>;
}

/** A step that does what the signal says is done by then. */
const GRACE_MS = 500;

export class Steps {
  readonly #clocks: Pick<AttemptClocks, 'signal' | 'doing'>;
  readonly #clock: Clock;
  readonly #left = new Map<Promise<unknown>, string>();

  constructor(clocks: Pick<AttemptClocks, 'signal' | 'doing'>, clock: Clock) {
    this.#clocks = clocks;
    this.#clock = clock;
  }

  /** `what` follows "it was still"; it stands in the error of an attempt that takes too long. */
  async within<T>(what: string, work: () => Promise<T>, options: StepOptions = {}): Promise<T> {
    const { graceMs = GRACE_MS, late } = options;
    const { signal } = this.#clocks;
    this.#clocks.doing(what);
    const done = work();
    const { promise: over, reject } = Promise.withResolvers<never>();
    for (const each of [done, over]) each.catch(() => undefined);
    let cancel = (): void => undefined;
    const onAbort = (): void => {
      cancel = after(this.#clock, graceMs, () => {
        const end = done
          .then((given) => late?.(given as never))
          .catch(() => undefined)
          .finally(() => this.#left.delete(end));
        this.#left.set(end, what);
        reject(new StepLeft(what));
      });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([done, over]);
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
      this.#clocks.doing(null);
    }
  }

  /** What goes on though nobody waits for it. */
  get left(): string[] {
    return [...this.#left.values()];
  }

  /** Settles when nothing goes on any more; undefined where that is so. */
  get ended(): Promise<void> | undefined {
    return this.#left.size === 0 ? undefined : Promise.all(this.#left.keys()).then(() => undefined);
  }
}

/** Never an outcome: the attempt was ended for a reason of its own. */
export class StepLeft extends Error {
  override readonly name = 'StepLeft';

  constructor(what: string) {
    super(`The attempt ended while it was still ${what}.`);
  }
}
