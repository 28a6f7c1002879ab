import { mkdirSync } from 'node:fs';
import { KoubouError } from '../../../src/errors.ts';
import type {
  Accepted,
  Admission,
  Admit,
  Beat,
  Claim,
  Conversation,
  Member,
  Settled,
  WorkerMessage,
} from '../../../src/queue/queue.ts';
import { stillHolds } from '../../../src/queue/refusals.ts';
import { isTurnOfOldest } from '../../../src/queue/turn.ts';
import type { Budget } from '../../../src/task/budget.ts';
import { CANCELLED } from '../../../src/task/end-without-run.ts';
import type { RunOutcome } from '../../../src/task/record.ts';
import { countingIn, endRun, endWaiting } from './ending.ts';
import type { Permit } from './permits.ts';
import { scratchOf, takeArtifacts } from './scratch.ts';
import type { Entry, Store, Worker } from './store.ts';
import { fence, markerOf } from './sweeping.ts';
import { inHandOf } from './workers.ts';

export class MemoryMember implements Member {
  readonly workerId: string;
  readonly trouble = null;
  readonly #store: Store;
  readonly #worker: Worker;
  /** Of its claims. */
  readonly #permits = new Map<string, Permit[]>();
  #passed = new Map<string, 'endpoint' | 'permit'>();
  #claims = 0;

  constructor(store: Store, worker: Worker) {
    this.#store = store;
    this.#worker = worker;
    this.workerId = worker.id;
  }

  async claim<A extends Admission>(admit: Admit<A>): Promise<Claim<A> | undefined> {
    if (this.#isFenced) throw new KoubouError('worker_lost', 'This worker was fenced.');
    const passed = new Map<string, 'endpoint' | 'permit'>();
    this.#passed = passed;
    for (const entry of this.#inOrder(isTurnOfOldest(this.#claims))) {
      const admission: Admission = admit(entry.task, countingIn(entry));
      const { task_id: id } = entry.task;
      if (!admission.take) {
        passed.set(id, admission.why);
        continue;
      }
      if (entry.isCancelAsked) {
        endWaiting(this.#store, entry, CANCELLED, 'cancelled');
        continue;
      }
      const permits = this.#store.permits.take(this.workerId, admission.permits);
      if (permits === undefined) passed.set(id, 'permit');
      else return this.#begin(entry, admission as Accepted<A>, permits);
    }
    return undefined;
  }

  #begin<A extends Admission>(entry: Entry, admission: Accepted<A>, permits: Permit[]): Claim<A> {
    const { task } = entry;
    const { task_id: id } = task;
    const earlier = countingIn(entry);
    this.#store.move(entry, 'claimed', { holder: this.workerId });
    entry.run += 1;
    entry.claimedMs = this.#store.clock.wallMs();
    this.#claims += 1;
    this.#permits.set(markerOf(this.workerId, id, entry.run), permits);
    const scratch = scratchOf(this.#store, id, entry.run);
    mkdirSync(scratch.taskFolder, { recursive: true, mode: 0o700 });
    return {
      admission,
      id,
      run: entry.run,
      task,
      earlier,
      scratch,
      scratchOf: (run) => scratchOf(this.#store, id, run),
      marker: markerOf(this.workerId, id, entry.run),
      lease: this.#worker.lease,
    };
  }

  async peek(admit: Admit): Promise<boolean> {
    return this.#inOrder(false).some((entry) => admit(entry.task, countingIn(entry)).take);
  }

  async backlog(): Promise<number> {
    return this.#store.in('pending').length;
  }

  #inOrder(oldestFirst: boolean): Entry[] {
    const urgency = ({ task }: Entry): number => (oldestFirst ? 0 : task.priority);
    return this.#store
      .in('pending')
      .sort((a, b) => urgency(b) - urgency(a) || (a.task.task_id < b.task.task_id ? -1 : 1));
  }

  get #isFenced(): boolean {
    return !this.#store.workers.has(this.workerId);
  }

  async renew(beat: Beat): Promise<'alive' | 'fenced'> {
    if (this.#isFenced) return 'fenced';
    const { clock } = this.#store;
    const at = { atMs: clock.wallMs(), steadyMs: clock.steadyMs() };
    this.#worker.beat = { ...structuredClone(beat), ...at, passed: new Map(this.#passed) };
    return 'alive';
  }

  async ownsLease(claim: Claim): Promise<boolean> {
    return this.#inHand(claim) !== undefined;
  }

  #inHand({ id, run }: Claim): Entry | undefined {
    return inHandOf(this.#store, this.workerId).find(
      (entry) => entry.task.task_id === id && entry.run === run && !this.#isFenced,
    );
  }

  async settle(claim: Claim, outcome: RunOutcome, budget: Budget, inUse?: Promise<void>): Promise<Settled> {
    const entry = this.#inHand(claim);
    if (entry === undefined) {
      this.#store.entries.get(claim.id)?.late.push(structuredClone(outcome));
      return { kind: 'fenced' };
    }
    takeArtifacts(this.#store, entry);
    const ended = endRun(this.#store, entry, outcome, budget);
    const giveBack = (): void => {
      this.#store.permits.giveBack(this.#permits.get(claim.marker) ?? []);
      this.#permits.delete(claim.marker);
    };
    if (inUse === undefined) giveBack();
    else void inUse.then(giveBack, giveBack);
    this.#worker.children.delete(claim.marker);
    return { kind: 'settled', ...ended, outcome };
  }

  async cancelRequests(): Promise<string[]> {
    return inHandOf(this.#store, this.workerId)
      .filter(({ isCancelAsked }) => isCancelAsked)
      .map(({ task }) => task.task_id);
  }

  async message(): Promise<WorkerMessage | undefined> {
    const { message } = this.#worker;
    this.#worker.message = undefined;
    return message;
  }

  async conversation(id: string): Promise<Conversation | undefined> {
    const outcomes = [...(this.#store.entries.get(id)?.outcomes.values() ?? [])];
    for (const { session, runner, attempt } of outcomes.reverse()) {
      if (session !== null)
        return { session, runner, statePath: scratchOf(this.#store, id, attempt).statePath };
    }
    return undefined;
  }

  async markHeld({ id }: Pick<Claim, 'id'>): Promise<void> {
    const entry = this.#store.entries.get(id);
    if (entry !== undefined) entry.isHeld = true;
  }

  async isAnyHeld(ids: readonly string[]): Promise<boolean> {
    return ids.some((id) => this.#store.entries.get(id)?.isHeld === true);
  }

  async recordChild(claim: Claim, child: { pid: number; startTime: string | null }): Promise<void> {
    this.#worker.children.set(claim.marker, child);
  }

  async leave(): Promise<void> {
    if (inHandOf(this.#store, this.workerId).length > 0) throw stillHolds(this.workerId);
    fence(this.#store, this.#worker);
  }
}
