/** A daemon's place in the queue: its folder, its beat, the tasks in its hands. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isShortage, systemCode } from '../../../errors.ts';
import { bootPrefix } from '../../../process/maker.ts';
import type { Budget } from '../../../task/budget.ts';
import type { RunOutcome } from '../../../task/record.ts';
import { objectOf } from '../../../text/formats/json.ts';
import type {
  Admission,
  Admit,
  Beat,
  Claim,
  Conversation,
  Member,
  Settled,
  WorkerIdentity,
  WorkerMessage,
} from '../../member.ts';
import { stillHolds } from '../../refusals.ts';
import { BadFile, isDiskFull, listOrNone, unlessCode } from '../disk/disk.ts';
import { removeAny, replace } from '../disk/moves.ts';
import { parseCancelRequestName } from '../end/cancel-requests.ts';
import { endRun } from '../end/settle.ts';
import { creatorName, isoNow, type QueueContext, randomHex } from '../layout/context.ts';
import { outcomeRuns } from '../layout/locate.ts';
import { MOST_SLOTS, parseTaskName, type TaskName } from '../layout/names.ts';
import { freeReserve, withReserve } from '../layout/reserve.ts';
import { requireSeal } from '../layout/seal.ts';
import { scratchOf } from '../tasks/artifact-files.ts';
import { readOutcome } from '../tasks/outcome.ts';
import { taskPlace } from '../tasks/transition.ts';
import { returnSlot, takeSlot } from '../workers/slots.ts';
import { removeWorkerFiles } from '../workers/worker-files.ts';
import { Candidates } from './candidates.ts';
import { returnPermit } from './permits.ts';

interface Held<A extends Admission = Admission> extends Claim<A> {
  name: TaskName;
  permits: readonly string[];
}

export class FileMember implements Member {
  readonly workerId: string;
  readonly candidates: Candidates;
  readonly #context: QueueContext;
  readonly #folder: string;
  readonly #held = new Map<string, Held>();
  #claiming: Promise<unknown> = Promise.resolve();

  constructor(context: QueueContext, workerId: string) {
    this.#context = context;
    this.workerId = workerId;
    this.#folder = context.layout.workerFolder(workerId);
    this.candidates = new Candidates(context, this.#folder);
  }

  /** One claim at a time in a daemon: its slots would only race each other for the same name. */
  claim<A extends Admission>(admit: Admit<A>): Promise<Claim<A> | undefined> {
    return this.#afterOthers(() => this.#claimNow(admit));
  }

  peek(admit: Admit): Promise<boolean> {
    return this.#afterOthers(() => this.candidates.peek(admit));
  }

  #afterOthers<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#claiming.then(act);
    this.#claiming = next.catch(() => undefined);
    return next;
  }

  async #claimNow<A extends Admission>(admit: Admit<A>): Promise<Claim<A> | undefined> {
    const context = this.#context;
    const taken = await this.candidates.take(admit);
    if (taken === undefined) return undefined;
    const { id, run, base } = taken.name;
    const held: Held<A> = {
      admission: taken.admission,
      id,
      run,
      task: taken.task,
      earlier: taken.earlier.filter((outcome) => outcome.attempt > base),
      scratch: scratchOf(context.layout, id, run),
      scratchOf: (other) => scratchOf(context.layout, id, other),
      marker: `${this.workerId}/${id}.r${run}`,
      lease: this.#folder,
      name: taken.name,
      permits: taken.permits,
    };
    this.#held.set(id, held);
    return held;
  }

  get trouble(): string | null {
    return this.candidates.trouble;
  }

  backlog(): Promise<number> {
    return this.candidates.backlog();
  }

  async renew(beat: Beat): Promise<'alive' | 'fenced'> {
    const { disk, layout, machine } = this.#context;
    if ((await disk.facts(this.#folder)) === undefined) return 'fenced';
    const next = join(layout.run, `.${this.workerId}.beat`);
    const passed = Object.fromEntries(this.candidates.passed);
    const stamp = { at: isoNow(this.#context), steady_ms: Math.round(machine.steadyMs()) };
    const content = `${JSON.stringify({ ...stamp, ...beat, passed })}\n`;
    const write = async (): Promise<boolean> => {
      try {
        await removeAny(disk, next);
        await disk.create(next, content, false);
        await replace(disk, next, layout.beatFile(this.workerId));
        return true;
      } catch (error) {
        // A full disk is no reason to stop working.
        if (isDiskFull(error)) return false;
        throw error;
      }
    };
    // Little of what is set aside, as outcomes need it more; it lasts, as each beat frees the room of the one before.
    if (!(await write()) && (await freeReserve(this.#context, 1))) await write();
    return 'alive';
  }

  async ownsLease(claim: Claim): Promise<boolean> {
    const held = this.#held.get(claim.id);
    if (held === undefined) return false;
    return (
      (await this.#context.disk.facts(
        taskPlace(this.#context.layout, 'in_progress', held.name, { workerFolder: this.#folder }).path,
      )) !== undefined
    );
  }

  async settle(claim: Claim, outcome: RunOutcome, budget: Budget, inUse?: Promise<void>): Promise<Settled> {
    const context = this.#context;
    const held = this.#held.get(claim.id);
    if (held === undefined || held.run !== claim.run) return { kind: 'fenced' };
    // Of both, the result is what the caller goes on with.
    const speaks = outcome.outcome === 'success' || outcome.error?.code === 'handed_back';
    if (speaks) await this.#syncArtifacts(held);
    const { moved, ...ended } = await endRun(context, {
      folder: this.#folder,
      name: held.name,
      earlier: held.earlier,
      outcome,
      budget,
    });
    // Where it went back to the queue, its next run may be held by now.
    if (this.#held.get(claim.id) === held) this.#held.delete(claim.id);
    const giveBack = (): Promise<void> => this.candidates.permits.giveBack(held.permits);
    if (inUse === undefined) await giveBack();
    else void inUse.then(giveBack, giveBack).catch(() => undefined);
    context.step('settle.permits_returned');
    await removeAny(context.disk, this.#childFile(held));
    // Who comes a second time, after an error, finds the task moved by his own outcome.
    const counts = moved || isDeepStrictEqual(ended.outcome, outcome);
    return counts ? { kind: 'settled', ...ended } : { kind: 'fenced' };
  }

  // The outcome must not be on the device before the result that it speaks of, nor before that one's name.
  async #syncArtifacts(held: Held): Promise<void> {
    const { disk, layout } = this.#context;
    const syncs = [unlessCode(['ENOENT'], () => disk.syncFolder(layout.resultFolder(held.id)))];
    const { outputPath, patchPath } = held.scratch;
    for (const path of held.task.type === 'code' ? [outputPath, patchPath] : [outputPath]) {
      if ((await disk.facts(path))?.kind === 'file')
        syncs.push(unlessCode(['ENOENT'], () => disk.syncFile(path)));
    }
    await Promise.all(syncs);
  }

  async cancelRequests(): Promise<string[]> {
    if (this.#held.size === 0) return [];
    const { disk, layout } = this.#context;
    return (await listOrNone(disk, layout.cancelMarks)).flatMap((mark) => {
      const { id, base } = parseCancelRequestName(mark) ?? { id: '', base: 0 };
      return this.#held.get(id)?.name.base === base ? [id] : [];
    });
  }

  async message(): Promise<WorkerMessage | undefined> {
    const { disk, layout } = this.#context;
    const path = join(layout.control, `${this.workerId}.json`);
    try {
      const text = (await disk.read(path, 4096)).toString('utf8');
      await unlessCode(['ENOENT'], () => disk.unlink(path));
      const { min, max } = objectOf(text) ?? {};
      return isBound(min) && isBound(max) && min <= max ? { min, max } : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      if (!(error instanceof BadFile)) throw error;
      await removeAny(disk, path);
      return undefined;
    }
  }

  async conversation(id: string): Promise<Conversation | undefined> {
    for (const run of (await outcomeRuns(this.#context, id)).reverse()) {
      const outcome = await readOutcome(this.#context, id, run);
      if (outcome === undefined || outcome.session === null) continue;
      const { session, runner } = outcome;
      return { session, runner, statePath: scratchOf(this.#context.layout, id, run).statePath };
    }
    return undefined;
  }

  async markHeld({ id }: Pick<Claim, 'id'>): Promise<void> {
    const { disk, layout } = this.#context;
    if (!(await unlessCode(['EEXIST'], () => disk.create(layout.heldMark(id), '', true)))) return;
    await disk.syncFolder(layout.resultFolder(id));
  }

  async isAnyHeld(ids: readonly string[]): Promise<boolean> {
    const { disk, layout } = this.#context;
    for (const id of ids) if ((await disk.facts(layout.heldMark(id))) !== undefined) return true;
    return false;
  }

  async recordChild(claim: Claim, child: { pid: number; startTime: string | null }): Promise<void> {
    const { disk } = this.#context;
    const path = this.#childFile(claim);
    try {
      await unlessCode(['ENOENT'], () => disk.unlink(path));
      const note = JSON.stringify({ ...child, marker: claim.marker });
      await disk.create(path, requireSeal(this.#context).seal(note), false);
    } catch (error) {
      // What has begun is not ended for want of a note about it: its marker leads to it as well.
      if (!isDiskFull(error) && !isShortage(error) && systemCode(error) !== 'EROFS') throw error;
    }
  }

  #childFile(claim: Pick<Claim, 'id' | 'run'>): string {
    return join(this.#context.layout.children, this.workerId, `${claim.id}.r${claim.run}.json`);
  }

  async leave(): Promise<void> {
    const { disk, layout } = this.#context;
    await this.candidates.putBack();
    const names = await listOrNone(disk, this.#folder);
    if (names.some((name) => parseTaskName(name) !== undefined)) {
      throw stillHolds(this.workerId);
    }
    for (const name of names) await returnPermit(this.#context, this.#folder, name);
    await returnSlot(this.#context, this.#folder);
    this.#context.step('leave.slot_returned');
    await removeWorkerFiles(this.#context, this.workerId);
    await unlessCode(['ENOENT'], () => disk.syncFolder(layout.inProgress));
  }
}

const isBound = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MOST_SLOTS;

/** Registers a daemon durably, then gives it a folder of its own that nobody has had before. */
export const joinQueue = async (context: QueueContext, worker: WorkerIdentity): Promise<FileMember> => {
  const { disk, layout, self, step } = context;
  const label = worker.label.replaceAll(/[^A-Za-z0-9_.]/g, '_').slice(0, 40) || 'worker';
  const start = self.startTime.replaceAll(/[^0-9A-Za-z_:.]/g, '_');
  const workerId = `${label}-${bootPrefix(self.bootId)}-${self.pid}-${start}-${randomHex(context)}`;
  const about = { ...worker, ...self, started_at: isoNow(context) };
  const content = requireSeal(context).seal(JSON.stringify(about));
  // Written elsewhere first: a run file that cannot be read is nobody's.
  const tmp = join(layout.tmp, `${creatorName(context)}.worker`);
  await withReserve(context, () => disk.create(tmp, content, true));
  await disk.rename(tmp, layout.runFile(workerId));
  await disk.syncFolder(layout.run);
  await withReserve(context, () => disk.makeFolder(join(layout.children, workerId)));
  step('join.registered');
  const folder = layout.workerFolder(workerId);
  if (!(await takeSlot(context, folder))) await disk.makeFolder(folder);
  step('join.slot_taken');
  await disk.syncFolder(layout.inProgress);
  return new FileMember(context, workerId);
};
