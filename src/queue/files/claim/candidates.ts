/** Choosing the next task and taking it by rename. One rename wins; nobody waits for anybody. */
import { join } from 'node:path';
import { KoubouError, systemCode } from '../../../errors.ts';
import { action, say, toText } from '../../../say/say.ts';
import { CANCELLED, endWithoutRun } from '../../../task/end-without-run.ts';
import type { RunOutcome, TaskFile } from '../../../task/record.ts';
import type { Accepted, Admission, Admit } from '../../member.ts';
import { isTurnOfOldest } from '../../turn.ts';
import { listOrNone } from '../disk/disk.ts';
import { isMarked } from '../end/cancel-requests.ts';
import { endRun } from '../end/settle.ts';
import type { QueueContext } from '../layout/context.ts';
import { locateEnded } from '../layout/locate.ts';
import { parseTaskName, type TaskName, taskName } from '../layout/names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { refuseToBeginWhenDiskIsFull } from '../layout/reserve.ts';
import { readOutcome, readOutcomes } from '../tasks/outcome.ts';
import { readTask } from '../tasks/read.ts';
import { placeAfter, taskPlace, transition } from '../tasks/transition.ts';
import { Permits } from './permits.ts';
import { prepareResults } from './prepare-results.ts';

const WINDOW = 512;
const OLDEST_KEPT = 64;
const MIN_SCAN_INTERVAL_MS = 50;
const STALE_AFTER_MS = 1000;
const CACHED_PROMPT_LENGTH = 64 * 1024;
const CACHED_TASKS = 2000;
const PASSED_SHOWN = 50;
const STUCK_FOR_MS = 30_000;

/** A copy carries the seal of what it was copied from. */
const REPLAYED = toText(
  say`a run of it with this number has ended already, so it was copied back; ${action('retry')} runs a task again`,
);

/** What the system says of one file, where others may go well. */
const OF_ONE_FILE = new Set(
  'EACCES EPERM EISDIR ENOTDIR EEXIST ENOTEMPTY ELOOP EBUSY ENAMETOOLONG ENXIO EINVAL'.split(' '),
);

export interface Taken<A extends Admission> {
  name: TaskName;
  task: TaskFile;
  earlier: RunOutcome[];
  admission: Accepted<A>;
  permits: string[];
}

interface Known {
  task: TaskFile;
  earlier: RunOutcome[];
}

/** The daemon's view of pending/: the first names, read once and used until they are spent or stale. */
export class Candidates {
  /** Names in pending/ that are not a task's: dropped in by hand, or rubbish. */
  foreign: string[] = [];
  /** How many names the last look saw. */
  seen = 0;
  /** Set when something may have changed since the last look. */
  dirty = true;
  /** The first tasks that were passed over at the last look, and what they wait for. */
  readonly passed = new Map<string, 'endpoint' | 'permit'>();
  readonly permits: Permits;

  readonly #context: QueueContext;
  readonly #workerFolder: string;
  /** Names that could be neither read nor moved: they must not hold up the others. */
  readonly #stuck = new Map<string, { why: string; untilMs: number }>();
  readonly #cache = new Map<string, Known>();
  /** Taken, not given to the worker, and to be put back. */
  readonly #owed = new Map<string, { name: TaskName; earlier: readonly RunOutcome[] }>();
  #first: TaskName[] = [];
  #oldest: TaskName[] = [];
  #size = WINDOW;
  #complete = true;
  #scannedAt = Number.NEGATIVE_INFINITY;
  #scanTook = 0;
  #claims = 0;

  constructor(context: QueueContext, workerFolder: string) {
    this.#context = context;
    this.#workerFolder = workerFolder;
    this.permits = new Permits(context, workerFolder);
  }

  get trouble(): string | null {
    const [first] = this.#stuck;
    if (first === undefined) return null;
    const more = this.#stuck.size === 1 ? '' : ` and ${this.#stuck.size - 1} more`;
    return `${first[0]}${more} cannot be taken (${first[1].why})`;
  }

  /** How many names wait in pending/, looked at again when that is due. */
  async backlog(): Promise<number> {
    const age = this.#context.machine.steadyMs() - this.#scannedAt;
    if (this.dirty && age > Math.max(MIN_SCAN_INTERVAL_MS, 20 * this.#scanTook)) await this.#scan(WINDOW);
    return this.seen;
  }

  /** Takes the first task that `admit` admits; undefined when there is none now. Throws worker_lost when fenced, disk_full. */
  async take<A extends Admission>(admit: Admit<A>): Promise<Taken<A> | undefined> {
    await this.permits.giveBack([]);
    await this.putBack();
    return this.#throughWindows(() => this.#takeFromWindow(admit));
  }

  /** Whether `admit` admits any; takes nothing, and asks for no permits. */
  async peek(admit: Admit): Promise<boolean> {
    return (await this.#throughWindows(() => this.#peekInWindow(admit))) ?? false;
  }

  /** Looks at more names as long as nothing is found; undefined: among none of them. */
  async #throughWindows<T>(find: () => Promise<T | undefined>): Promise<T | undefined> {
    const age = this.#context.machine.steadyMs() - this.#scannedAt;
    const mayScan = age > Math.max(MIN_SCAN_INTERVAL_MS, 20 * this.#scanTook);
    if (mayScan && (this.dirty || age > STALE_AFTER_MS)) await this.#scan(WINDOW);
    let again = false;
    for (;;) {
      const found = await find();
      if (found !== undefined) return found;
      if (!this.#complete) {
        // All in the window are passed over or gone: what lies behind them may be runnable.
        await this.#scan(this.#size * 4);
      } else if (this.dirty && !again) {
        // Once: while tasks that nobody takes keep arriving, it would never end.
        again = true;
        await this.#scan(WINDOW);
      } else {
        return undefined;
      }
    }
  }

  async #scan(size: number): Promise<void> {
    const start = this.#context.machine.steadyMs();
    this.dirty = false;
    const names: TaskName[] = [];
    const foreign: string[] = [];
    const texts = await listOrNone(this.#context.disk, this.#context.layout.pending);
    for (const text of texts) {
      const name = parseTaskName(text);
      if (name === undefined) foreign.push(text);
      else if (names.length < size) names.push(name);
    }
    this.foreign = foreign.filter((text) => !text.startsWith('.'));
    this.seen = texts.length;
    this.#size = size;
    this.#complete = names.length + foreign.length === texts.length;
    this.#first = names;
    this.#oldest = oldestOf(texts);
    for (const key of this.#cache.keys()) {
      if (this.#cache.size <= CACHED_TASKS) break;
      this.#cache.delete(key);
    }
    for (const text of this.#stuck.keys()) if (!texts.includes(text)) this.#stuck.delete(text);
    this.#scannedAt = this.#context.machine.steadyMs();
    this.#scanTook = this.#scannedAt - start;
  }

  async #peekInWindow(admit: Admit): Promise<true | undefined> {
    let looked = 0;
    for (const name of this.#first) {
      looked += 1;
      await yieldNowAndThen(looked);
      if (this.#isStuck(name)) continue;
      const source = join(this.#context.layout.pending, taskName(name));
      const known = await this.#lookAt(name, source).catch((error: unknown) => this.#passOver(name, error));
      if (typeof known === 'object' && admit(known.task, countingIn(known, name)).take) return true;
    }
    return undefined;
  }

  async #takeFromWindow<A extends Admission>(admit: Admit<A>): Promise<Taken<A> | undefined> {
    const oldestFirst = isTurnOfOldest(this.#claims);
    const gone = new Set<string>();
    const exhausted = new Set<string>();
    this.passed.clear();
    let looked = 0;
    try {
      for (const name of oldestFirst ? [...this.#oldest, ...this.#first] : this.#first) {
        looked += 1;
        await yieldNowAndThen(looked);
        if (this.#isStuck(name)) continue;
        const result = await this.#tryTake(name, admit, exhausted).catch((error: unknown) =>
          this.#passOver(name, error),
        );
        if (result === 'stuck') continue;
        if (result === 'endpoint' || result === 'permit') {
          if (this.passed.size < PASSED_SHOWN) this.passed.set(name.id, result);
          continue;
        }
        gone.add(name.id);
        this.seen = Math.max(0, this.seen - 1);
        if (result === 'gone') continue;
        this.#claims += 1;
        return result;
      }
      return undefined;
    } finally {
      if (gone.size > 0) {
        this.#first = this.#first.filter((name) => !gone.has(name.id));
        this.#oldest = this.#oldest.filter((name) => !gone.has(name.id));
      }
    }
  }

  #isStuck(name: TaskName): boolean {
    const text = taskName(name);
    const stuck = this.#stuck.get(text);
    if (stuck === undefined) return false;
    if (this.#context.machine.steadyMs() < stuck.untilMs) return true;
    this.#stuck.delete(text);
    return false;
  }

  #passOver(name: TaskName, error: unknown): 'stuck' {
    if (OF_ONE_FILE.has(systemCode(error) ?? '')) return this.#stick(name, error);
    throw error;
  }

  #stick(name: TaskName, error: unknown): 'stuck' {
    const why = error instanceof Error ? error.message : String(error);
    this.#stuck.set(taskName(name), { why, untilMs: this.#context.machine.steadyMs() + STUCK_FOR_MS });
    return 'stuck';
  }

  /** A sector of one file that cannot be read is that file's trouble; elsewhere it is the device's. */
  #lookAt(name: TaskName, source: string): Promise<Known | 'gone' | 'bad' | 'stuck'> {
    return this.#read(name, source).catch((error: unknown) => {
      if (systemCode(error) === 'EIO') return this.#stick(name, error);
      throw error;
    });
  }

  async #tryTake<A extends Admission>(
    name: TaskName,
    admit: Admit<A>,
    exhausted: Set<string>,
  ): Promise<Taken<A> | 'endpoint' | 'permit' | 'gone' | 'stuck'> {
    const source = join(this.#context.layout.pending, taskName(name));
    const known = await this.#lookAt(name, source);
    if (known === 'gone' || known === 'stuck') return known;
    if (known === 'bad') {
      await this.#takeTask(name, known);
      return 'gone';
    }
    const admission: Admission = admit(known.task, countingIn(known, name));
    if (!admission.take) return admission.why;
    await refuseToBeginWhenDiskIsFull(this.#context);
    const before = exhausted.size;
    const permits = await this.permits.take(admission.permits, exhausted);
    // Into a folder that was taken away nothing can be taken.
    if (permits === undefined && exhausted.size > before) await this.#refuseWhenFenced();
    if (permits === undefined) return 'permit';
    let claimed: TaskName | undefined;
    try {
      claimed = await this.#takeTask(name, known);
    } finally {
      if (claimed === undefined) await this.permits.giveBack(permits);
    }
    if (claimed === undefined) return 'gone';
    return { name: claimed, ...known, admission: admission as Accepted<A>, permits };
  }

  /** Its name in the worker's folder; undefined: somebody else has it, or it has ended or was set aside. */
  async #takeTask(name: TaskName, known: Known | 'bad'): Promise<TaskName | undefined> {
    const context = this.#context;
    const { disk, layout } = context;
    const claimed = { ...name, run: name.run + 1 };
    const from = taskPlace(layout, 'pending', name);
    const to = placeAfter(layout, 'pending', 'claimed', claimed, { workerFolder: this.#workerFolder });
    context.step('claim.permits_taken');
    if (!(await transition(context, from, to))) {
      await this.#refuseWhenFenced();
      return undefined;
    }
    context.step('claim.renamed');
    this.#cache.delete(taskName(name));
    const earlier = known === 'bad' ? [] : known.earlier;
    try {
      await Promise.all([disk.syncFolder(this.#workerFolder), disk.syncFolder(layout.pending)]);
      context.step('claim.synced');
      if (known === 'bad') {
        await this.#setAside(claimed, to.path);
        return undefined;
      }
      if (await this.#cancelled(claimed, earlier)) return undefined;
      if (await hasEnded(context, name)) {
        await quarantine(context, to.path, `${name.id}.json`, REPLAYED);
        return undefined;
      }
      await prepareResults(context, claimed);
      return claimed;
    } catch (error) {
      this.#owed.set(taskName(claimed), { name: claimed, earlier });
      await this.putBack();
      await this.#refuseWhenFenced();
      throw error;
    }
  }

  /**
   * Puts back what was taken and could not be given to the worker: nobody else looks into a living worker's folder.
   * What cannot be put back now is put back by a later call.
   */
  async putBack(): Promise<void> {
    for (const [text, { name, earlier }] of this.#owed) {
      try {
        await this.#putOneBack(name, earlier);
        this.#owed.delete(text);
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
      }
    }
  }

  async #putOneBack(name: TaskName, earlier: readonly RunOutcome[]): Promise<void> {
    const { layout } = this.#context;
    this.dirty = true;
    // Where that cannot be looked at, it has not ended either: its results cannot be written there.
    const outcome = await readOutcome(this.#context, name.id, name.run).catch(() => undefined);
    if (outcome !== undefined && (await this.#ended(name, earlier, outcome))) return;
    const run = outcome === undefined ? name.run - 1 : name.run;
    const from = taskPlace(layout, 'in_progress', name, { workerFolder: this.#workerFolder });
    await transition(this.#context, from, placeAfter(layout, 'in_progress', 'put_back', { ...name, run }));
  }

  async #ended(name: TaskName, earlier: readonly RunOutcome[], outcome: RunOutcome): Promise<boolean> {
    try {
      await endRun(this.#context, { folder: this.#workerFolder, name, earlier, outcome });
      return true;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return false;
    }
  }

  async #refuseWhenFenced(): Promise<void> {
    if ((await this.#context.disk.facts(this.#workerFolder)) !== undefined) return;
    throw new KoubouError('worker_lost', 'This worker was fenced: its folder was taken away.');
  }

  // A cancel that came between looking and claiming: the mark was there before the task could start.
  async #cancelled(name: TaskName, earlier: readonly RunOutcome[]): Promise<boolean> {
    const context = this.#context;
    if (!(await isMarked(context, name))) return false;
    const outcome = endWithoutRun(name.id, name.run, CANCELLED, context.nowMs());
    await endRun(context, { folder: this.#workerFolder, name, earlier, outcome });
    return true;
  }

  async #read(name: TaskName, path: string): Promise<Known | 'gone' | 'bad'> {
    const text = taskName(name);
    const cached = this.#cache.get(text);
    if (cached !== undefined) return cached;
    const read = await readTask(this.#context, path, name.id);
    if ('gone' in read) return 'gone';
    if ('bad' in read) return 'bad';
    const earlier = name.run === 0 ? [] : await readOutcomes(this.#context, name.id);
    const known = { task: read.task, earlier };
    if (read.task.prompt.length < CACHED_PROMPT_LENGTH && this.#cache.size < CACHED_TASKS) {
      this.#cache.set(text, known);
    }
    return known;
  }

  async #setAside(name: TaskName, path: string): Promise<void> {
    const read = await readTask(this.#context, path, name.id);
    const reason = 'bad' in read ? read.bad : 'it could not be read as a task';
    await quarantine(this.#context, path, `${name.id}.json`, reason);
  }
}

/** A long list is gone through in turns with everything else that this process does. */
const yieldNowAndThen = async (looked: number): Promise<void> => {
  if (looked % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
};

/** The outcomes since the task was last retried by hand. */
const countingIn = ({ earlier }: Known, { base }: TaskName): RunOutcome[] =>
  earlier.filter(({ attempt }) => attempt > base);

/** No honest name lags behind what has ended: outcomes are published before their task moves on. */
const hasEnded = async (context: QueueContext, { id, run }: TaskName): Promise<boolean> =>
  (await readOutcome(context, id, run + 1)) !== undefined ||
  (run > 0 && (await locateEnded(context, id)) !== undefined);

const oldestOf = (texts: readonly string[]): TaskName[] => {
  const names = texts.flatMap((text) => parseTaskName(text) ?? []);
  const byAge = (a: TaskName, b: TaskName): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return names.sort(byAge).slice(0, OLDEST_KEPT);
};
