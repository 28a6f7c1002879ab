/** What one worker could take next: each pending task is asked about before anything is taken. */
import { join } from 'node:path';
import type { RunOutcome, TaskFile } from '../../../task/record.ts';
import type { Accepted, Admission, Admit } from '../../member.ts';
import { isTurnOfOldest } from '../../turn.ts';
import type { QueueContext } from '../layout/context.ts';
import { type TaskName, taskName } from '../layout/names.ts';
import { refuseToBeginWhenDiskIsFull } from '../layout/reserve.ts';
import { countingIn, type Known, KnownTasks } from './known-tasks.ts';
import { PendingWindow } from './pending-window.ts';
import { Permits } from './permits.ts';
import { StuckNames } from './stuck-names.ts';
import { Taker } from './take.ts';

const PASSED_SHOWN = 50;

export interface Taken<A extends Admission> {
  name: TaskName;
  task: TaskFile;
  earlier: RunOutcome[];
  admission: Accepted<A>;
  permits: string[];
}

/** A daemon's view of pending/. */
export class Candidates {
  /** The first tasks that were passed over at the last look, and what they wait for. */
  readonly passed = new Map<string, 'endpoint' | 'permit'>();
  readonly permits: Permits;

  readonly #context: QueueContext;
  readonly #window: PendingWindow;
  readonly #stuck: StuckNames;
  readonly #known: KnownTasks;
  readonly #taker: Taker;
  #claims = 0;

  constructor(context: QueueContext, workerFolder: string) {
    this.#context = context;
    this.permits = new Permits(context, workerFolder);
    this.#stuck = new StuckNames(context);
    this.#known = new KnownTasks(context);
    this.#window = new PendingWindow(context, (texts) => {
      this.#known.trim();
      this.#stuck.keepOnly(texts);
    });
    this.#taker = new Taker({
      context,
      workerFolder,
      onMoved: (name) => this.#known.forget(name),
      onPutBack: () => this.lookAgain(),
    });
  }

  get trouble(): string | null {
    return this.#stuck.trouble;
  }

  /** Names in pending/ that are not a task's: dropped in by hand, or rubbish. */
  get foreign(): readonly string[] {
    return this.#window.foreign;
  }

  /** How many names the last look saw. */
  get seen(): number {
    return this.#window.seen;
  }

  /** Something may have changed since the last look. */
  lookAgain(): void {
    this.#window.dirty = true;
  }

  /** How many names wait in pending/, looked at again when that is due. */
  backlog(): Promise<number> {
    return this.#window.backlog();
  }

  /** Takes the first task that `admit` admits; undefined when there is none now. Throws worker_lost when fenced, disk_full. */
  async take<A extends Admission>(admit: Admit<A>): Promise<Taken<A> | undefined> {
    await this.permits.giveBack([]);
    await this.putBack();
    return this.#window.search(() => this.#takeFromWindow(admit));
  }

  /** Whether `admit` admits any; takes nothing, and asks for no permits. */
  async peek(admit: Admit): Promise<boolean> {
    return (await this.#window.search(() => this.#peekInWindow(admit))) ?? false;
  }

  /** Puts back what was taken and could not be given to the worker, as far as that can be done now. */
  putBack(): Promise<void> {
    return this.#taker.putBack();
  }

  async #peekInWindow(admit: Admit): Promise<true | undefined> {
    let looked = 0;
    for (const name of this.#window.first) {
      looked += 1;
      await yieldNowAndThen(looked);
      if (this.#stuck.has(name)) continue;
      const known = await this.#lookAt(name).catch((error: unknown) => this.#stuck.passOver(name, error));
      if (typeof known === 'object' && admit(known.task, countingIn(known, name)).take) return true;
    }
    return undefined;
  }

  async #takeFromWindow<A extends Admission>(admit: Admit<A>): Promise<Taken<A> | undefined> {
    const { first, oldest } = this.#window;
    const gone = new Set<string>();
    const exhausted = new Set<string>();
    this.passed.clear();
    let looked = 0;
    try {
      for (const name of isTurnOfOldest(this.#claims) ? [...oldest, ...first] : first) {
        looked += 1;
        await yieldNowAndThen(looked);
        if (this.#stuck.has(name)) continue;
        const result = await this.#tryTake(name, admit, exhausted).catch((error: unknown) =>
          this.#stuck.passOver(name, error),
        );
        if (result === 'stuck') continue;
        if (result === 'endpoint' || result === 'permit') {
          if (this.passed.size < PASSED_SHOWN) this.passed.set(name.id, result);
          continue;
        }
        gone.add(name.id);
        this.#window.seen = Math.max(0, this.#window.seen - 1);
        if (result === 'gone') continue;
        this.#claims += 1;
        return result;
      }
      return undefined;
    } finally {
      this.#window.drop(gone);
    }
  }

  async #lookAt(name: TaskName): Promise<Known | 'gone' | 'bad' | 'stuck'> {
    const path = join(this.#context.layout.pending, taskName(name));
    return this.#known.read(name, path).catch((error: unknown) => this.#stuck.passOverUnread(name, error));
  }

  async #tryTake<A extends Admission>(
    name: TaskName,
    admit: Admit<A>,
    exhausted: Set<string>,
  ): Promise<Taken<A> | 'endpoint' | 'permit' | 'gone' | 'stuck'> {
    const known = await this.#lookAt(name);
    if (known === 'gone' || known === 'stuck') return known;
    if (known === 'bad') {
      await this.#taker.take(name, known);
      return 'gone';
    }
    const admission: Admission = admit(known.task, countingIn(known, name));
    if (!admission.take) return admission.why;
    await refuseToBeginWhenDiskIsFull(this.#context);
    const before = exhausted.size;
    const permits = await this.permits.take(admission.permits, exhausted);
    // Into a folder that was taken away nothing can be taken.
    if (permits === undefined && exhausted.size > before) await this.#taker.refuseWhenFenced();
    if (permits === undefined) return 'permit';
    let claimed: TaskName | undefined;
    try {
      claimed = await this.#taker.take(name, known);
    } finally {
      if (claimed === undefined) await this.permits.giveBack(permits);
    }
    if (claimed === undefined) return 'gone';
    return { name: claimed, ...known, admission: admission as Accepted<A>, permits };
  }
}

/** A long list is gone through in turns with everything else that this process does. */
const yieldNowAndThen = async (looked: number): Promise<void> => {
  if (looked % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
};
