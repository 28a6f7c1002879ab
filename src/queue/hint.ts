import { after, type Clock } from '../process/clock.ts';

/** Lets callers wait until a backend reports that something may have changed. */
export class Hint {
  #closed = false;
  /** Something happened while nobody waited. */
  #changed = false;
  readonly #waiters = new Set<() => void>();
  readonly #clock: Pick<Clock, 'sleep'>;

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** As `wait` of a ChangeHint. */
  async wait(maxMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || this.#closed) return;
    if (this.#changed) {
      this.#changed = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        cancel();
        signal?.removeEventListener('abort', finish);
        this.#waiters.delete(finish);
        this.#changed = false;
        resolve();
      };
      const cancel = after(this.#clock, maxMs, finish);
      signal?.addEventListener('abort', finish, { once: true });
      this.#waiters.add(finish);
    });
  }

  wake(): void {
    this.#changed = true;
    for (const waiter of this.#waiters) waiter();
  }

  /** Lets nobody wait on. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter();
  }
}
