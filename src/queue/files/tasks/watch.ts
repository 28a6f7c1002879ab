/**
 * A hint that something arrived in pending/. Never more than a hint: everything works with it off.
 *
 * chokidar 6 loses events for good when a burst meets a blocked event loop, so any event only means "look",
 * and a timer looks as well. A large folder makes it slow to start, so it watches only when there is little.
 */
import type { Clock } from '../../../process/clock.ts';
import { Hint } from '../../hint.ts';
import type { ChangeHint } from '../../queue.ts';

export interface WatchOptions {
  folder: string;
  /** Called at each event, before any waiter is woken. */
  onChange: () => void;
  clock: Pick<Clock, 'sleep'>;
  /** Whether watching is worth its cost now: false while there is a backlog. */
  worthwhile: () => boolean;
}

interface Watcher {
  on(event: 'all' | 'error' | 'ready', listener: (value: unknown) => void): unknown;
  close(): Promise<void>;
}

export class PendingWatch implements ChangeHint {
  readonly #options: WatchOptions;
  #watcher: Watcher | undefined;
  #starting = false;
  #trouble: string | null = null;
  readonly #hint: Hint;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#hint = new Hint(options.clock);
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  async wait(maxMs: number, signal?: AbortSignal): Promise<void> {
    void this.#keepUp();
    await this.#hint.wait(maxMs, signal);
  }

  async #keepUp(): Promise<void> {
    if (this.#hint.closed || this.#starting || this.#trouble !== null) return;
    const worthwhile = this.#options.worthwhile();
    if (worthwhile === (this.#watcher !== undefined)) return;
    if (!worthwhile) {
      await this.#stop();
      return;
    }
    this.#starting = true;
    try {
      const { watch } = await import('chokidar');
      if (this.#hint.closed) return;
      const watcher = watch(this.#options.folder, {
        depth: 0,
        atomic: false,
        ignoreInitial: true,
      }) as Watcher;
      this.#watcher = watcher;
      // What leaves the folder is a claim: nothing to do for anybody.
      watcher.on('all', (event) => {
        if (event !== 'unlink') this.#wake();
      });
      // What arrived while the watcher was starting had no event.
      watcher.on('ready', () => this.#wake());
      watcher.on('error', (error) => {
        this.#trouble = troubleOf(error);
        void this.#stop();
        this.#wake();
      });
    } catch (error) {
      this.#trouble = troubleOf(error);
    } finally {
      this.#starting = false;
    }
  }

  #wake(): void {
    this.#options.onChange();
    this.#hint.wake();
  }

  async #stop(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.close();
  }

  async close(): Promise<void> {
    this.#hint.close();
    await this.#stop();
  }
}

const troubleOf = (error: unknown): string =>
  `no watcher, looking by timer (${error instanceof Error ? error.message : String(error)})`;
