import type { Clock } from '../../process/clock.ts';
import type { Claim, Member } from '../../queue/queue.ts';
import type { Admitted } from './admission.ts';
import type { Claiming } from './claim-loop.ts';
import type { Slots } from './slots.ts';

export interface FillingParts {
  member: Member;
  clock: Clock;
  claiming: Claiming;
  slots: Slots;
  /** How many attempts are in hand. */
  running: () => number;
  mayClaim: () => boolean;
  start: (claim: Claim<Admitted>) => void;
}

/** Keeps the slots busy. */
export class Filling {
  readonly #parts: FillingParts;
  /** How many tasks waited at the last look. */
  backlog = 0;

  constructor(parts: FillingParts) {
    this.#parts = parts;
  }

  /** Claims as much as the slots take, opening more of them while the backlog is long. */
  async fill(): Promise<void> {
    const { claiming, slots, running, mayClaim, start } = this.#parts;
    await this.#scale();
    while (running() < slots.count && mayClaim()) {
      const claimed = await claiming.claim();
      if (claimed === undefined) break;
      start(claimed);
      await this.#scale();
    }
  }

  async #scale(): Promise<void> {
    const { member, clock, slots, running } = this.#parts;
    this.backlog = await member.backlog();
    slots.adjust(running(), this.backlog, clock.steadyMs());
  }
}
