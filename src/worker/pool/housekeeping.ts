/** The daemon's share in mending the queue: sweeps, one after the other, and adoption of dropped files. */
import type { EmitEvent } from '../../events.ts';
import { after, type Clock } from '../../process/clock.ts';
import type { Member, Queue, SweepReport } from '../../queue/queue.ts';
import type { Budget } from '../../task/budget.ts';
import type { TaskFile } from '../../task/record.ts';
import type { Planner } from '../plan.ts';
import type { Notes } from './notes.ts';

/** Ends of tasks come in hundreds a second; each of them asks for a sweep. */
const QUICK_AT_MOST_EVERY_MS = 50;

export interface HousekeepingDeps {
  queue: Queue;
  clock: Clock;
  member: Member;
  plan: Planner;
  emit: EmitEvent;
  notes: Notes;
  /** Something may have become ready to claim. */
  onMoved: () => void;
}

export class Housekeeping {
  readonly #parts: HousekeepingDeps;
  #last: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #soon: (() => void) | undefined;
  #quickAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  #adopting = 0;

  constructor(parts: HousekeepingDeps) {
    this.#parts = parts;
  }

  /** What somebody waits for: tasks of the dead, due times, blocked tasks. One that has not begun serves all who ask. */
  quickly(): Promise<void> {
    this.#waiting ??= this.#sweep(async () => {
      this.#waiting = undefined;
      this.#quickAt = this.#parts.clock.steadyMs();
      const report = await this.#parts.queue.sweepQuickly(this.#budgetOf);
      return this.#parts.queue.inbox?.sawDropped(this.#parts.member.workerId)
        ? this.#withAdopted(report)
        : report;
    });
    return this.#waiting;
  }

  /** As `quickly`, at once or, where one was just made, a moment later. */
  soon(): void {
    if (this.#soon !== undefined || this.#closed) return;
    const wait = this.#quickAt + QUICK_AT_MOST_EVERY_MS - this.#parts.clock.steadyMs();
    if (wait <= 0) {
      void this.quickly();
      return;
    }
    this.#soon = after(this.#parts.clock, wait, () => {
      this.#soon = undefined;
      void this.quickly();
    });
  }

  all(): Promise<void> {
    return this.#sweep(async () => {
      return this.#withAdopted(await this.#parts.queue.sweep(this.#budgetOf));
    });
  }

  /** Of a run that its worker left. */
  readonly #budgetOf = (task: TaskFile): Budget => this.#parts.plan(task).budget;

  /** Files that were dropped in by hand and are not tasks yet. */
  get adopting(): number {
    return this.#adopting;
  }

  async #withAdopted(report: SweepReport): Promise<SweepReport> {
    const { queue, member, emit } = this.#parts;
    if (queue.inbox === undefined) return report;
    const { added, quarantined, waiting } = await queue.inbox.adopt(member.workerId);
    this.#adopting = waiting;
    if (added + quarantined > 0) emit({ event: 'adopted', added, quarantined });
    return { ...report, unblocked: report.unblocked + added };
  }

  /** Starts nothing more, and returns when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#soon?.();
    await this.#last;
  }

  /** A sweep that fails (a full disk) is tried again by the next. Never rejects. */
  #sweep(action: () => Promise<SweepReport>): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (this.#closed) return;
      const { emit, notes, onMoved } = this.#parts;
      try {
        const { reaped, restarted, promoted, unblocked } = await action();
        notes.set('sweep', null);
        if (reaped.length > 0) emit({ event: 'workers_reaped', workers: reaped, restarted });
        if (restarted + promoted + unblocked > 0) onMoved();
      } catch (error) {
        notes.set('sweep', `sweeping failed (${error instanceof Error ? error.message : String(error)})`);
      }
    });
    return this.#last;
  }
}
