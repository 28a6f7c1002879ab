/** Taking one task by rename. One rename wins; nobody waits for anybody. */
import { KoubouError, systemCode } from '../../../errors.ts';
import { action, say, toText } from '../../../say/say.ts';
import { CANCELLED, endWithoutRun } from '../../../task/end-without-run.ts';
import type { RunOutcome } from '../../../task/record.ts';
import { isCancelRequested } from '../end/cancel-requests.ts';
import { endRun } from '../end/settle.ts';
import type { QueueContext } from '../layout/context.ts';
import { locateEnded } from '../layout/locate.ts';
import { type TaskName, taskName } from '../layout/names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { readOutcome } from '../tasks/outcome.ts';
import { readTask } from '../tasks/read.ts';
import { placeAfter, taskPlace, transition } from '../tasks/transition.ts';
import { PendingReturns } from '../workers/pending-returns.ts';
import type { Known } from './known-tasks.ts';
import { prepareResults } from './prepare-results.ts';

/** A copy carries the seal of what it was copied from. */
const REPLAYED = toText(
  say`a run of it with this number has ended already, so it was copied back; ${action('retry')} runs a task again`,
);

interface TakenTask {
  name: TaskName;
  earlier: readonly RunOutcome[];
}

interface TakerParts {
  context: QueueContext;
  workerFolder: string;
  /** It lies under its old name no more. */
  onMoved: (name: TaskName) => void;
  /** One may lie in pending/ again. */
  onPutBack: () => void;
}

/** Takes tasks into the folder of one worker. */
export class Taker {
  readonly #parts: TakerParts;
  readonly #context: QueueContext;
  readonly #workerFolder: string;
  /** Taken, and not given to the worker. */
  readonly #pendingReturns = new PendingReturns<TakenTask>();

  constructor(parts: TakerParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.#workerFolder = parts.workerFolder;
  }

  /** Its name in the worker's folder; undefined: somebody else has it, or it has ended or was set aside. */
  async take(name: TaskName, known: Known | 'bad'): Promise<TaskName | undefined> {
    const context = this.#context;
    const { disk, layout } = context;
    const claimed = { ...name, run: name.run + 1 };
    const from = taskPlace(layout, 'pending', name);
    const to = placeAfter(layout, 'pending', 'claimed', claimed, { workerFolder: this.#workerFolder });
    context.step('claim.permits_taken');
    if (!(await transition(context, from, to))) {
      await this.refuseWhenFenced();
      return undefined;
    }
    context.step('claim.renamed');
    this.#parts.onMoved(name);
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
      this.#pendingReturns.add(taskName(claimed), { name: claimed, earlier });
      await this.putBack();
      await this.refuseWhenFenced();
      throw error;
    }
  }

  /** Puts back what was taken and could not be given to the worker, as far as that can be done now. */
  async putBack(): Promise<void> {
    await this.#pendingReturns.putBack(async (taken) => {
      await this.#putOneBack(taken);
      return true;
    });
  }

  /** Throws worker_lost. */
  async refuseWhenFenced(): Promise<void> {
    if ((await this.#context.disk.facts(this.#workerFolder)) !== undefined) return;
    throw new KoubouError('worker_lost', 'This worker was fenced: its folder was taken away.');
  }

  async #putOneBack(taken: TakenTask): Promise<void> {
    const { name } = taken;
    const { layout } = this.#context;
    this.#parts.onPutBack();
    // Where that cannot be looked at, it has not ended either: its results cannot be written there.
    const outcome = await readOutcome(this.#context, name.id, name.run).catch(() => undefined);
    if (outcome !== undefined && (await this.#ended(taken, outcome))) return;
    const run = outcome === undefined ? name.run - 1 : name.run;
    const from = taskPlace(layout, 'in_progress', name, { workerFolder: this.#workerFolder });
    await transition(this.#context, from, placeAfter(layout, 'in_progress', 'put_back', { ...name, run }));
  }

  async #ended(taken: TakenTask, outcome: RunOutcome): Promise<boolean> {
    try {
      await endRun(this.#context, { folder: this.#workerFolder, ...taken, outcome });
      return true;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return false;
    }
  }

  // A cancel that came between looking and claiming: the mark was there before the task could start.
  async #cancelled(name: TaskName, earlier: readonly RunOutcome[]): Promise<boolean> {
    const context = this.#context;
    if (!(await isCancelRequested(context, name))) return false;
    const outcome = endWithoutRun(name.id, name.run, CANCELLED, context.nowMs());
    await endRun(context, { folder: this.#workerFolder, name, earlier, outcome });
    return true;
  }

  async #setAside(name: TaskName, path: string): Promise<void> {
    const read = await readTask(this.#context, path, name.id);
    const reason = 'bad' in read ? read.bad : 'it could not be read as a task';
    await quarantine(this.#context, path, `${name.id}.json`, reason);
  }
}

/** No honest name lags behind what has ended: outcomes are published before their task moves on. */
const hasEnded = async (context: QueueContext, { id, run }: TaskName): Promise<boolean> =>
  (await readOutcome(context, id, run + 1)) !== undefined ||
  (run > 0 && (await locateEnded(context, id)) !== undefined);
