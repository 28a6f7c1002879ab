/** Claims tasks for a daemon, and pauses where the queue fails. */
import { KoubouError, systemCode } from '../../errors.ts';
import type { Clock } from '../../process/clock.ts';
import type { Claim, Member } from '../../queue/queue.ts';
import type { AdmissionPolicy, Admitted } from './admission.ts';
import type { Notes } from './notes.ts';

export interface ClaimingDeps {
  member: Member;
  clock: Clock;
  gate: AdmissionPolicy;
  notes: Notes;
  /** Whether the task is still in hand: its last run went back to the queue and is being cleared up. */
  isInHand: (id: string) => boolean;
  onFenced: () => void;
}

/** Between two tries to claim from a queue that cannot be written to, or to look at one that cannot be read. */
export const CLAIM_RETRY_MS = 1000;

export class Claiming {
  readonly #parts: ClaimingDeps;
  #againAt = 0;

  constructor(parts: ClaimingDeps) {
    this.#parts = parts;
  }

  /** Milliseconds until the next try; 0: it may be made now. */
  get pauseMs(): number {
    return Math.max(0, this.#againAt - this.#parts.clock.steadyMs());
  }

  /** undefined: there is none to claim, or none can be claimed now. */
  async claim(): Promise<Claim<Admitted> | undefined> {
    const { member, gate, notes, isInHand, onFenced } = this.#parts;
    await gate.look();
    try {
      const claim = await member.claim(
        (task, earlier): Admitted =>
          isInHand(task.task_id) ? { take: false, why: 'permit' } : gate.admit(task, earlier),
      );
      notes.set('claim', null);
      notes.set('stuck', member.trouble);
      return claim;
    } catch (error) {
      if (error instanceof KoubouError && error.code === 'worker_lost') {
        onFenced();
        return undefined;
      }
      // That the queue fails is not the task's fault.
      if (!isOfQueue(error)) throw error;
      this.#againAt = this.#parts.clock.steadyMs() + CLAIM_RETRY_MS;
      const words = error instanceof Error ? error.message : String(error);
      notes.set('claim', `nothing can be claimed (${words})`);
      return undefined;
    }
  }
}

/** What the queue says of itself (queue/closed.ts), and not what was asked of it. */
const isOfQueue = (error: unknown): boolean =>
  error instanceof KoubouError &&
  (error.code === 'disk_full' || error.code === 'queue_unavailable' || systemCode(error.cause) !== undefined);
