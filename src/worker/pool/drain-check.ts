/** When a daemon that ends by itself has nothing left to do. */
import type { Left } from '../../events.ts';
import type { Clock } from '../../process/clock.ts';
import type { Queue } from '../../queue/queue.ts';
import { readyIn } from '../../task/lifecycle.ts';
import type { Endpoints } from './endpoints.ts';
import { STOPPING_NOTE } from './notes.ts';

/** How long a daemon waits for an endpoint that broke down while it worked. */
const ENDPOINT_SECONDS = 90;
/** The member's view of pending tasks may be this old. */
const VIEW_AGE_MS = 1100;
/** Reading every delayed task is not cheap; a cancelled one need not be noticed at once. */
const BACKING_OFF_LOOK_MS = 2000;

export interface DrainCheckDeps {
  queue: Queue;
  clock: Clock;
  endpoints: Endpoints;
  /** Mends the queue, so that what is ready lies where it is counted. */
  sweep: () => Promise<void>;
  /** How many files that were dropped in by hand are not tasks yet. */
  adopting: () => number;
  /** Whether tasks that other daemons run are waited for as well. */
  othersToo: boolean;
  /** Whether some waiting task would be taken. */
  takeable: () => Promise<boolean>;
  /** Says in the beat that the daemon takes nothing new; null takes it back. */
  announce: (note: string | null) => Promise<void>;
}

export class DrainCheck {
  readonly #parts: DrainCheckDeps;
  #backsOff = false;
  /** By the clock that nobody sets. */
  #lookAgainAtMs = 0;
  #unserved = { count: 0, since: 0 };

  constructor(parts: DrainCheckDeps) {
    this.#parts = parts;
  }

  /** What stays behind if the daemon ends now, or undefined while there is something to wait for. */
  async nothingToDo(): Promise<Left | undefined> {
    const { queue, endpoints, sweep, adopting, takeable } = this.#parts;
    if (endpoints.asking) return undefined;
    await sweep();
    if (adopting() > 0) return undefined;
    const left = await leftIn(queue);
    // What other daemons run may fail and come back, and whoever drains wants to have it done.
    if (left.running > 0 && this.#parts.othersToo) return undefined;
    if (left.delayed > 0 && (await this.#backingOff())) return undefined;
    if (left.unserved === 0) return left;
    if (endpoints.downForSeconds < ENDPOINT_SECONDS || (await takeable())) return undefined;
    // Counted by name now, but refused on a view that may be older: what came since must be looked at too.
    if (left.unserved !== this.#unserved.count) {
      this.#unserved = { count: left.unserved, since: this.#parts.clock.steadyMs() };
    }
    return this.#parts.clock.steadyMs() - this.#unserved.since > VIEW_AGE_MS ? left : undefined;
  }

  /** As `nothingToDo`, said before the last look: whoever adds a task after it does not count on this daemon. */
  async announced(): Promise<Left | undefined> {
    if ((await this.nothingToDo()) === undefined) return undefined;
    await this.#parts.announce(STOPPING_NOTE);
    const left = await this.nothingToDo();
    if (left === undefined) await this.#parts.announce(null);
    return left;
  }

  /** Something was taken: what could not be done before may be possible now. */
  reset(): void {
    this.#unserved = { count: 0, since: 0 };
    this.#backsOff = false;
  }

  /** Whether a task that failed is to be tried again; those that were only asked for later do not count. */
  async #backingOff(): Promise<boolean> {
    if (this.#backsOff && this.#parts.clock.steadyMs() < this.#lookAgainAtMs) return true;
    const delayed = await this.#parts.queue.list({ states: ['delayed'] });
    const again = delayed.filter((record) => record.attempts.length > 0);
    const dueIn = again.map((record) => (Date.parse(record.due_at ?? '') || 0) - this.#parts.clock.wallMs());
    this.#lookAgainAtMs = this.#parts.clock.steadyMs() + Math.min(BACKING_OFF_LOOK_MS, ...dueIn);
    this.#backsOff = again.length > 0;
    return this.#backsOff;
  }
}

export const leftIn = async (queue: Queue): Promise<Left> => {
  const counts = await queue.counts();
  const { delayed, blocked, in_progress: running } = counts;
  return { delayed, blocked, unserved: readyIn(counts), running };
};
