/**
 * A queue in memory: the same promises as the file queue's, but for durability, and not a file of its own. It is there to
 * pass the contract, so that the interface is one. Users of one Store see one queue.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Hint } from '../../../src/queue/hint.ts';
import type {
  Added,
  Artifacts,
  CancelResult,
  ChangeHint,
  Counts,
  ListFilter,
  Queue,
  SweepReport,
  WorkerIdentity,
  WorkerInfo,
  WorkerMessage,
} from '../../../src/queue/queue.ts';
import type { Budget } from '../../../src/task/budget.ts';
import { isEnded, type State } from '../../../src/task/lifecycle.ts';
import type { NewTask, TaskFile, TaskRecord } from '../../../src/task/record.ts';
import { addTasks } from './adding.ts';
import { MemoryArtifacts } from './artifacts.ts';
import { cancelTask, comesAlong, retryTask } from './ending.ts';
import { MemoryMember } from './member.ts';
import { countTasks, findIds, listRecords, recordOf } from './showing.ts';
import type { Store, Worker } from './store.ts';
import { sweep } from './sweeping.ts';
import { listWorkers } from './workers.ts';

export class MemoryQueue implements Queue {
  readonly artifacts: Artifacts;
  readonly inbox = undefined;
  readonly #store: Store;
  readonly #hints = new Set<ChangeHint>();

  constructor(store: Store) {
    this.#store = store;
    this.artifacts = new MemoryArtifacts(store);
  }

  async add(tasks: readonly NewTask[]): Promise<Added[]> {
    return addTasks(this.#store, tasks);
  }

  async get(id: string): Promise<TaskRecord | undefined> {
    const entry = this.#store.entries.get(id);
    return entry && recordOf(this.#store, entry);
  }

  async state(id: string): Promise<State | undefined> {
    return this.#store.entries.get(id)?.state;
  }

  async ended(ids: readonly string[]): Promise<Map<string, State>> {
    const states = ids.map((id) => [id, this.#store.entries.get(id)?.state] as const);
    return new Map(states.flatMap(([id, state]) => (state && isEnded(state) ? [[id, state]] : [])));
  }

  async find(part: string, limit: number): Promise<string[]> {
    return findIds(this.#store, part, limit);
  }

  async list(filter: ListFilter): Promise<TaskRecord[]> {
    return listRecords(this.#store, filter);
  }

  async counts(): Promise<Counts> {
    return countTasks(this.#store);
  }

  retry(id: string): Promise<State> {
    return retryTask(this.#store, id);
  }

  async comesAlong(id: string): Promise<string[]> {
    return comesAlong(this.#store, id);
  }

  async cancel(id: string): Promise<CancelResult> {
    return cancelTask(this.#store, id);
  }

  async markRead(id: string): Promise<void> {
    const entry = this.#store.entries.get(id);
    if (entry !== undefined && isEnded(entry.state)) entry.isRead = true;
  }

  async nextDueMs(): Promise<number | null> {
    const due = this.#store.in('delayed').flatMap(({ dueMs }) => dueMs ?? []);
    return due.length === 0 ? null : Math.min(...due);
  }

  async join(about: WorkerIdentity): Promise<MemoryMember> {
    const id = this.#store.newWorkerId();
    const lease = join(this.#store.folder, id);
    mkdirSync(lease, { mode: 0o700 });
    const worker: Worker = {
      id,
      about: { ...about },
      joinedMs: this.#store.clock.wallMs(),
      lease,
      isDead: false,
      beat: null,
      message: undefined,
      children: new Map(),
    };
    this.#store.workers.set(id, worker);
    return new MemoryMember(this.#store, worker);
  }

  async workers(): Promise<WorkerInfo[]> {
    return listWorkers(this.#store);
  }

  async sendMessage(workerId: string, message: WorkerMessage): Promise<void> {
    const worker = this.#store.workers.get(workerId);
    if (worker !== undefined) worker.message = { ...message };
  }

  sweep(budgetOf: (task: TaskFile) => Budget): Promise<SweepReport> {
    return sweep(this.#store, budgetOf, false);
  }

  sweepQuickly(budgetOf: (task: TaskFile) => Budget): Promise<SweepReport> {
    return sweep(this.#store, budgetOf, true);
  }

  watch(): ChangeHint {
    const { hints, clock } = this.#store;
    const hint = new Hint(clock);
    hints.add(hint);
    const watch: ChangeHint = {
      trouble: null,
      wait: (maxMs, signal) => hint.wait(maxMs, signal),
      close: async () => {
        hints.delete(hint);
        hint.close();
      },
    };
    this.#hints.add(watch);
    return watch;
  }

  async close(): Promise<void> {
    for (const hint of this.#hints) await hint.close();
  }
}
