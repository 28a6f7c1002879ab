/** The file queue: each member of the Queue interface, and the file in which its protocol is. */
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { systemClock } from '../../process/clock.ts';
import { isEnded, type State } from '../../task/lifecycle.ts';
import type { NewTask, TaskRecord } from '../../task/record.ts';
import type { Artifacts } from '../artifacts.ts';
import type { WorkerIdentity, WorkerInfo, WorkerMessage } from '../member.ts';
import type {
  Added,
  Adopted,
  CancelResult,
  ChangeHint,
  Counts,
  Inbox,
  ListFilter,
  Quarantined,
  Queue,
  SweepReport,
  Unsealed,
} from '../queue.ts';
import { addTasks } from './add/add.ts';
import { type DraftFromDrop, ImportDropped } from './add/import-dropped.ts';
import { type FileMember, joinQueue } from './claim/file-member.ts';
import { type Disk } from './disk/disk.ts';
import { type Machine, thisMachine } from './disk/machine.ts';
import { replace } from './disk/moves.ts';
import { NodeDisk } from './disk/node-disk.ts';
import { cancelTask, comesAlong, retryTask } from './end/cancel.ts';
import { creatorName, makeContext, type QueueContext } from './layout/context.ts';
import { endedOf, hasResults, locate } from './layout/locate.ts';
import { Layout, parseDelayedName } from './layout/names.ts';
import { withoutOldNames } from './layout/old-names.ts';
import { listQuarantine } from './layout/quarantine.ts';
import { requireSeal, type Seal } from './layout/seal.ts';
import { listUnsealed, sealThem } from './layout/unsealed.ts';
import type { Sightings } from './recover/dead-workers.ts';
import type { BudgetOf } from './recover/reap.ts';
import { sweepAll, sweepSome } from './recover/sweep.ts';
import { ArtifactFiles } from './tasks/artifact-files.ts';
import { countTasks, findIds, listRecords } from './tasks/list.ts';
import { readRecord } from './tasks/read.ts';
import { PendingWatch } from './tasks/watch.ts';
import { listWorkers, passedOver } from './workers/worker-files.ts';

/** Beyond this many waiting names a watcher costs more than it saves. */
const WATCH_UP_TO = 1000;

// Two processes that add in one millisecond must not share the microseconds of their ids.
const wallClockMs = (): number => systemClock.wallMs() + ((process.hrtime()[1] / 1e6) % 1);

// Names must differ, nobody must be unable to guess them: node:crypto would be a tenth of a short command.
const unlikelyBytes = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 256));

export interface FileQueueOptions {
  home: string;
  disk?: Disk;
  machine?: Machine;
  nowMs?: () => number;
  randomBytes?: (count: number) => Uint8Array;
  /** For tests: called between the steps of each transition. */
  step?: (name: string) => void;
  /** What tasks of this home are told by; without it the queue only looks: nothing is added, claimed or mended. */
  seal?: Seal | undefined;
  /** How a file dropped into pending/ becomes a task; without it such files are left alone. */
  draftFromDrop?: DraftFromDrop;
}

export class FileQueue implements Queue, Inbox {
  readonly artifacts: Artifacts;
  readonly inbox = this;
  readonly #context: QueueContext;
  readonly #draftFromDrop: DraftFromDrop | undefined;
  readonly #sightings: Sightings = new Map();
  readonly #members: FileMember[] = [];
  readonly #watches: ChangeHint[] = [];
  #adoption: ImportDropped | undefined;

  /** Opening costs nothing, looks at nothing and holds nothing open. */
  constructor(options: FileQueueOptions) {
    const disk = options.disk ?? new NodeDisk();
    disk.keepTo(options.home);
    this.#context = makeContext({
      disk,
      layout: new Layout(options.home),
      machine: options.machine ?? thisMachine(),
      seal: options.seal,
      nowMs: options.nowMs ?? wallClockMs,
      randomBytes: options.randomBytes ?? unlikelyBytes,
      ...(options.step === undefined ? {} : { step: options.step }),
    });
    this.artifacts = new ArtifactFiles(this.#context);
    this.#draftFromDrop = options.draftFromDrop;
  }

  async add(tasks: readonly NewTask[]): Promise<Added[]> {
    const added = await addTasks(this.#context, tasks);
    this.#lookAgain();
    return added;
  }

  async get(id: string): Promise<TaskRecord | undefined> {
    const record = await readRecord(this.#context, id);
    if (record === undefined || record.status !== 'pending' || record.waiting !== null) return record;
    return { ...record, waiting: (await passedOver(this.#context)).get(id) ?? null };
  }

  async state(id: string): Promise<State | undefined> {
    return (await locate(this.#context, id))?.state;
  }

  ended(ids: readonly string[]): Promise<Map<string, State>> {
    return endedOf(this.#context, ids);
  }

  find(part: string, limit: number): Promise<string[]> {
    return findIds(this.#context, part, limit);
  }

  list(filter: ListFilter): Promise<TaskRecord[]> {
    return listRecords(this.#context, filter);
  }

  quarantined(): Promise<Quarantined[]> {
    return listQuarantine(this.#context);
  }

  unsealed(): Promise<Unsealed[]> {
    return listUnsealed(this.#context);
  }

  async seal(tasks: readonly Unsealed[]): Promise<number> {
    requireSeal(this.#context);
    const sealed = await sealThem(this.#context, tasks);
    this.#lookAgain();
    return sealed;
  }

  counts(): Promise<Counts> {
    return countTasks(this.#context);
  }

  async retry(id: string): Promise<State> {
    requireSeal(this.#context);
    const state = await retryTask(this.#context, id);
    this.#lookAgain();
    return state;
  }

  comesAlong(id: string): Promise<string[]> {
    return comesAlong(this.#context, id);
  }

  async cancel(id: string): Promise<CancelResult> {
    requireSeal(this.#context);
    return cancelTask(this.#context, id);
  }

  async join(worker: WorkerIdentity): Promise<FileMember> {
    requireSeal(this.#context);
    await withoutOldNames(this.#context);
    const member = await joinQueue(this.#context, worker);
    this.#members.push(member);
    return member;
  }

  workers(): Promise<WorkerInfo[]> {
    return listWorkers(this.#context);
  }

  async sendMessage(workerId: string, message: WorkerMessage): Promise<void> {
    requireSeal(this.#context);
    const { disk, layout } = this.#context;
    // Written elsewhere first: whoever reads a message takes it away, also half of one.
    const tmp = join(layout.tmp, `${creatorName(this.#context)}.message`);
    await disk.create(tmp, `${JSON.stringify(message)}\n`, true);
    await replace(disk, tmp, join(layout.control, `${workerId}.json`));
  }

  async markRead(id: string): Promise<void> {
    const { disk, layout, seal } = this.#context;
    if (seal === undefined) return;
    const place = await locate(this.#context, id);
    if (place === undefined || !isEnded(place.state) || !(await hasResults(this.#context, id))) return;
    try {
      await disk.create(layout.readMark(id), '', false);
    } catch (error) {
      // Somebody looked before, or may not write there: who reads a result must not fail for that.
      if (systemCode(error) === undefined) throw error;
    }
  }

  async sweep(budgetOf: BudgetOf): Promise<SweepReport> {
    requireSeal(this.#context);
    return this.#noticed(await sweepAll(this.#context, budgetOf, this.#sightings));
  }

  async sweepQuickly(budgetOf: BudgetOf): Promise<SweepReport> {
    requireSeal(this.#context);
    return this.#noticed(await sweepSome(this.#context, budgetOf, this.#sightings));
  }

  #noticed(report: SweepReport): SweepReport {
    if (report.restarted + report.promoted + report.unblocked > 0) this.#lookAgain();
    return report;
  }

  /** What this process itself put into pending/ needs no watcher to be seen. */
  #lookAgain(): void {
    for (const member of this.#members) member.candidates.lookAgain();
  }

  async adopt(workerId: string): Promise<Adopted> {
    if (this.#draftFromDrop === undefined) return { added: 0, quarantined: 0, waiting: 0 };
    this.#adoption ??= new ImportDropped(this.#context, this.#draftFromDrop);
    return this.#adoption.run(this.#context.layout.workerFolder(workerId));
  }

  sawDropped(workerId: string): boolean {
    return this.#members.some((each) => each.workerId === workerId && each.candidates.foreign.length > 0);
  }

  watch(): ChangeHint {
    const watch = new PendingWatch({
      folder: this.#context.layout.pending,
      clock: this.#context.machine,
      onChange: () => this.#lookAgain(),
      worthwhile: () => this.#members.every((member) => member.candidates.seen <= WATCH_UP_TO),
    });
    this.#watches.push(watch);
    return watch;
  }

  async nextDueMs(): Promise<number | null> {
    const { disk, layout } = this.#context;
    for (const text of await disk.list(layout.delayed)) {
      const name = parseDelayedName(text);
      if (name !== undefined) return name.dueMs;
    }
    return null;
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }
}
