/**
 * One attempt, from claim to settled outcome: run, verify, publish, settle. Where each of these is decided:
 * runner/*, verify/verify.ts, task/budget.ts, hand-back.ts. Which runner it is was decided when the task was claimed.
 */

import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  ERROR_CODES,
  type ErrorCode,
  type ErrorInfo,
  errorInfo,
  isErrorCode,
  KoubouError,
  systemCode,
  toErrorInfo,
} from '../errors.ts';
import type { Tell, WorkerEvent } from '../events.ts';
import type { ExecutionPlace } from '../executor/executor.ts';
import { judge } from '../judge/judge.ts';
import { appendOwn, emptyOwn } from '../names/own-file.ts';
import { homesOf } from '../process/registered-homes.ts';
import type { Claim, Member, Settled } from '../queue/queue.ts';
import { mustStayLocal, wentElsewhere } from '../route/local.ts';
import { mayDo, type Route, withRules } from '../route/route.ts';
import type { Runner, RunnerOutcome } from '../runner/runner.ts';
import { programEnvironment } from '../task/environment.ts';
import type { RunOutcome, TaskFile } from '../task/record.ts';
import type { Seal } from '../text/seal.ts';
import type { Candidate } from '../verify/candidate.ts';
import { expectedPlaces } from '../verify/expect.ts';
import type { ExpectedBefore } from '../verify/expected-before.ts';
import { type Changes, type Verification, verifyResult } from '../verify/verify.ts';
import { worktreeName, worktreesFolder } from '../worktree/record.ts';
import { noteChangedFiles } from './changed-files.ts';
import { checkExecutor } from './check-executor.ts';
import { AttemptClocks, type Stop } from './clocks.ts';
import { conversationOf } from './conversation.ts';
import { expectedBefore } from './expected-before.ts';
import { extracted, type NotTaken } from './extracted.ts';
import { fileBytes } from './file-bytes.ts';
import { handBack, isLastTry } from './hand-back.ts';
import { type NotKept, published, setApart, stillTheSame } from './kept-result.ts';
import { LocalOnly } from './local-only.ts';
import { withSettledNames } from './names.ts';
import { onceWritten, type Waiting } from './once-written.ts';
import { RunState } from './run-state.ts';
import { budgetOf, type WorkerSettings } from './settings.ts';
import { StepLeft, Steps } from './steps.ts';
import { failedVerdict, NOTHING_SEEN, type Seen, seenOf, type Verdict, withoutKeysIn } from './verdict.ts';
import { Workplace } from './workplace.ts';

export interface RunDependencies extends Waiting {
  member: Member;
  runners: ReadonlyMap<string, Runner>;
  settings: WorkerSettings;
  tell: Tell;
  /** Told when a run found its endpoint gone or busy, before the task goes back. */
  endpointDown: (runner: Runner, reason: string, retryAfter: number | null) => void;
  /** A run got an answer from the runner's server. */
  endpointAnswered: (runner: Runner) => void;
  /** Of the home. */
  seal: Seal;
}

/** To stop a program takes 5 s where it does not hear, and a few more where it does not end. */
const PROGRAM_GRACE_MS = 20_000;
/** What a run left that was ended is worth waiting for, and not for long. */
const PATCH_GRACE_MS = 5000;
/** How long a busy endpoint is left alone when it does not say. */
const BUSY_PAUSE_SECONDS = 1;
/** What can only be said of an answer that came. */
const ANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'prompt_truncated',
  'output_truncated',
  'empty_output',
  'tool_call_as_text',
  'unknown_tool',
  'no_evidence',
  'schema_invalid',
  'check_failed',
  'expected_missing',
]);

export type AttemptEnd = Extract<WorkerEvent, { event: 'task_ended' | 'task_taken_away' }>;

export class Attempt {
  readonly claim: Claim;
  readonly clocks: AttemptClocks;
  /** Rises whenever something came from the run. */
  progress = 0;
  readonly #dependencies: RunDependencies;
  /** By the clock that nobody sets. */
  readonly #startedMs = performance.now();
  readonly #route: Route | KoubouError;
  readonly #steps: Steps;
  #before: ExpectedBefore | undefined;
  /** What its last try was held to. */
  #local: LocalOnly | undefined;

  /** `route`: where the task goes, or why it cannot go anywhere. */
  constructor(dependencies: RunDependencies, claim: Claim, route: Route | KoubouError) {
    const { settings } = dependencies;
    this.#dependencies = dependencies;
    this.#route = route;
    const { routing } = settings;
    this.claim = { ...claim, task: withRules(claim.task, routing, fileBytes(claim.task.files, routing)) };
    const { options, type } = this.claim.task;
    this.clocks = new AttemptClocks({
      timeout: options.timeout ?? settings.timeout[type],
      // A command may be silent as long as its own limit allows: silence says nothing about it.
      stall: options.stall_timeout ?? (type === 'command' ? 0 : settings.stallSeconds),
      load: settings.loadSeconds,
    });
    this.#steps = new Steps(this.clocks);
  }

  stop(stop: Stop): void {
    this.clocks.stop(stop);
  }

  /** Settles when what hung is done with as well; undefined: nothing hangs. */
  get left(): Promise<void> | undefined {
    return this.#steps.ended;
  }

  /** Runs and settles. Rejects only where the outcome could not be kept. */
  async run(): Promise<AttemptEnd> {
    const { id, run } = this.claim;
    const outcome = await this.#outcome(await this.#judged());
    this.clocks.end();
    const settled = await this.#settle(outcome);
    if (settled.kind === 'fenced') return { event: 'task_taken_away', task_id: id, attempt: run };
    const { state, dueMs, outcome: kept } = settled;
    return {
      event: 'task_ended',
      task_id: id,
      attempt: run,
      state: state as 'completed' | 'failed' | 'delayed' | 'pending',
      seconds: (performance.now() - this.#startedMs) / 1000,
      again_in: dueMs === null ? null : Math.max(0, (dueMs - Date.now()) / 1000),
      // Another outcome of this run may have been there first, and then it is what counts.
      error: kept.error === null ? null : { ...kept.error, code: knownCode(kept.error.code) },
    };
  }

  async #judged(): Promise<Verdict> {
    try {
      if (this.#route instanceof KoubouError) throw this.#route;
      const runner = this.#dependencies.runners.get(this.#route.runner) as Runner;
      requireOnlyAnswer(this.claim.task, runner);
      this.#tellStart(this.#route, runner);
      const verdict = withoutKeysIn(await this.#attempt(runner, this.#route), runner.keys ?? []);
      this.#tellUnavailable(runner, verdict);
      return verdict;
    } catch (error) {
      if (error instanceof StepLeft) await this.#tellLeft();
      const info = toErrorInfo(error);
      const charged = ERROR_CODES[info.code].charged;
      return this.#stoppedVerdict(NOTHING_SEEN) ?? { ...NOTHING_SEEN, error: info, charged };
    }
  }

  /** What the log says of it, nobody needs to know: it is for whoever wonders later. */
  async #tellLeft(): Promise<void> {
    const what = this.#steps.left.join(', ');
    const line = `koubou: the attempt ended while it was still ${what}; that goes on until the system lets go of it\n`;
    await appendOwn(this.claim.logPath, line).catch(() => undefined);
  }

  #tellUnavailable(runner: Runner, { error, retryAfter }: Verdict): void {
    const { endpointDown, endpointAnswered } = this.#dependencies;
    if (error === null || ANSWERED.has(error.code)) endpointAnswered(runner);
    if (error?.code !== 'runner_unavailable' && error?.code !== 'endpoint_busy') return;
    const pause = error.code === 'endpoint_busy' ? BUSY_PAUSE_SECONDS : null;
    endpointDown(runner, this.#reason(error), retryAfter ?? pause);
  }

  /** Shown as long as the endpoint is down, to everybody: a server quotes what it was sent. */
  #reason({ code, message }: ErrorInfo): string {
    const stays = this.#local?.held === true || mustStayLocal(this.claim.task);
    return stays ? `${code}, as the log of ${this.claim.id} says` : message;
  }

  #tellStart(route: Route, runner: Runner): void {
    const { id, run } = this.claim;
    const model = route.model ?? runner.defaultModel;
    this.#dependencies.tell({
      event: 'task_started',
      task_id: id,
      attempt: run,
      runner: runner.name,
      model,
      why: route.why,
    });
  }

  async #attempt(runner: Runner, route: Route): Promise<Verdict> {
    // An attempt that was lost or put back learned nothing: what the one before it was told still holds.
    const feedback = this.claim.earlier.findLast((outcome) => outcome.feedback !== null)?.feedback ?? null;
    const { signal } = this.clocks;
    this.clocks.phase('preparing');
    signal.throwIfAborted();
    const task = withSettledNames(this.claim.task, homesOf(this.#dependencies.settings));
    await this.#steps.within('reading the attached files', () =>
      noteChangedFiles({ ...this.claim, task }, signal),
    );
    await this.#requireHeld();
    const { settings, seal } = this.#dependencies;
    const known = { ...settings, seal, requireHeld: () => this.#requireHeld() };
    const workplace = await this.#steps.within(
      'looking at the working folder',
      () => Workplace.prepare({ ...this.claim, task }, runner, known, signal),
      { late: (made: Workplace) => made.close() },
    );
    try {
      this.#before = await this.#steps.within('looking for the expected files', () =>
        expectedBefore(this.claim, workplace, signal),
      );
      // Who changes no files has none of its own either.
      if (!runner.changesFiles) {
        return await this.#runTwiceAtMost(runner, route, feedback, workplace, this.claim.statePath);
      }
      const state = await RunState.make({ home: settings.home, seal }, this.claim);
      try {
        return await this.#runTwiceAtMost(runner, route, feedback, workplace, state.path);
      } finally {
        await this.#steps.within('keeping the files of the run', () => state.keep());
      }
    } finally {
      await this.#steps.within('clearing up', () => workplace.close());
    }
  }

  async #runTwiceAtMost(
    runner: Runner,
    route: Route,
    feedback: string | null,
    workplace: Workplace,
    statePath: string,
  ): Promise<Verdict> {
    const first = await this.#runAndVerify(runner, route, feedback, workplace, statePath);
    // A model that missed the schema often hits it when it reads what was wrong: one more try within the attempt.
    if (first.error?.code !== 'schema_invalid' || first.feedback === null) return first;
    await emptyOwn(this.claim.outputPath);
    return this.#runAndVerify(runner, route, first.feedback, workplace, statePath);
  }

  async #runAndVerify(
    runner: Runner,
    route: Route,
    feedback: string | null,
    workplace: Workplace,
    statePath: string,
  ): Promise<Verdict> {
    const { claim, clocks } = this;
    const { settings } = this.#dependencies;
    const resume = await conversationOf(claim.task, runner.name, this.#dependencies.member);
    const local = await this.#localOnly(runner, route, resume !== null);
    // The last look before any program of the run or of its check is started.
    const requireHeld = async (): Promise<void> => {
      workplace.requireThere();
      // Last: what a fenced worker still does after this look is done twice.
      await this.#requireHeld();
    };
    const childStarted = (child: { pid: number; startTime: string | null }): Promise<void> =>
      this.#dependencies.member.recordChild(claim, child);
    const places = expectedPlaces(workplace.task.options.expect ?? [], workplace.cwd);
    clocks.signal.throwIfAborted();
    // Started while the model is at work, it costs the task nothing.
    if (claim.task.type !== 'command') judge.warm();
    clocks.phase('running');
    const run = (): Promise<RunnerOutcome> =>
      runner.run(workplace.task, {
        logPath: claim.logPath,
        outputPath: claim.outputPath,
        cwd: workplace.cwd,
        statePath,
        resume,
        marker: claim.marker,
        model: route.model,
        signal: clocks.signal,
        feedback,
        progress: (amount) => {
          this.progress += amount;
          clocks.progress();
        },
        phase: (phase) => clocks.phase(phase),
        local: async (sent) => {
          const networks = await local.judge(sent);
          // Before anything is sent: who looks at the task meanwhile, and what waits for it, goes by it.
          if (local.held) await this.#markHeld();
          return networks;
        },
        requireHeld,
        childStarted,
      });
    const result = await this.#steps.within('running', run, { graceMs: PROGRAM_GRACE_MS });
    const seen = seenOf(result);
    clocks.phase('checking');
    // Also a run that failed leaves its patch, for whoever goes on.
    const changes = this.#mayLook() ? await this.#changesIn(workplace) : null;
    const nested = await this.#steps.within('looking for repositories', () => workplace.setAside());
    const stopped = this.#stoppedVerdict(seen);
    if (stopped !== undefined) return stopped;
    if (nested !== null) return { ...seen, ...nested };
    if (!result.ok) return failedVerdict(result, seen);
    if (local.held && result.observed.remoteHost !== null) {
      await emptyOwn(claim.outputPath);
      return { ...seen, error: wentElsewhere(result.observed.remoteHost) };
    }
    const extract = (): Promise<NotTaken | null> =>
      onceWritten(this.#dependencies, () => extracted({ ...claim, task: workplace.task }, clocks.signal));
    const taken = await this.#steps.within('taking the result out of the answer', extract);
    if (taken !== null) return { ...seen, ...taken };
    const apart = (): Promise<Candidate | null | NotKept> =>
      onceWritten(this.#dependencies, () => setApart(claim));
    const candidate = await this.#steps.within('setting the result apart', apart);
    if (candidate !== null && 'error' in candidate) return { ...seen, ...candidate };
    const verify = (): Promise<Verification> =>
      verifyResult({
        task: workplace.task,
        observed: result.observed,
        outputPath: claim.outputPath,
        cwd: workplace.cwd,
        expectedPlaces: places,
        expectedBefore: this.#before,
        changes,
        run: claim.run,
        executor: () =>
          checkExecutor(
            runner,
            workplace.task,
            placeOf(workplace, { ...claim, statePath }, local.held),
            settings,
          ),
        environment: programEnvironment(settings.environment, claim.task),
        ownPath: settings.environment['PATH'],
        logPath: claim.logPath,
        signal: clocks.signal,
        marker: claim.marker,
        requireHeld,
        childStarted,
      });
    const verification = await this.#steps.within('judging the result', verify, {
      graceMs: PROGRAM_GRACE_MS,
    });
    const stoppedInCheck = this.#stoppedVerdict(seen);
    if (stoppedInCheck !== undefined) return stoppedInCheck;
    if (!verification.ok) return { ...seen, error: verification.error, feedback: verification.feedback };
    const same = (): Promise<NotKept | null> => stillTheSame(claim.task, candidate);
    const changed = await this.#steps.within('reading the result again', same);
    if (changed !== null) return { ...seen, ...changed };
    const again = (): ReturnType<Workplace['moved']> => workplace.moved(clocks.signal);
    const moved = await this.#steps.within('looking whether the work is as it was checked', again);
    if (moved !== null) return { ...seen, ...moved };
    const { output } = claim.task.options;
    if (output !== undefined || workplace.isWorktree) {
      // Neither may what its successor made be replaced, nor be said to be there what was not.
      await this.#steps.within('committing the work', () => workplace.keep());
    }
    const { evidence } = verification;
    if (output !== undefined) {
      const { task } = workplace;
      const homes = homesOf(settings);
      const publish = (): Promise<NotKept | null> =>
        published({
          claim,
          task,
          candidate,
          evidence,
          homes,
          output,
          requireHeld: () => this.#requireHeld(),
        });
      const failed = await this.#steps.within(`writing ${output}`, publish);
      if (failed !== null) return { ...seen, ...failed };
    }
    return {
      ...seen,
      error: null,
      charged: false,
      evidence,
      outputFile: output ?? null,
    };
  }

  /** After the attempt's end, only what is there at once: for whoever goes on with the work. */
  async #changesIn(workplace: Workplace): Promise<Changes | null> {
    const { stopped, signal } = this.clocks;
    const graceMs = stopped?.kind === 'limit' ? PATCH_GRACE_MS : PATCH_GRACE_MS / 5;
    const over = signal.aborted ? AbortSignal.timeout(graceMs) : signal;
    try {
      return await this.#steps.within('looking for changes', () => workplace.changes(over), { graceMs });
    } catch (error) {
      if (!(error instanceof StepLeft)) throw error;
      await this.#tellLeft();
      return null;
    }
  }

  /** A worker that was stopped for long and taken for dead does not know it yet when it goes on. */
  async #requireHeld(): Promise<void> {
    if (await this.#dependencies.member.holds(this.claim)) return;
    throw new KoubouError('worker_lost', 'The task was given to another worker.');
  }

  /** The task file says it where it was known when the task was added. */
  async #markHeld(): Promise<void> {
    if (!mustStayLocal(this.claim.task)) await this.#dependencies.member.markHeld(this.claim);
  }

  async #localOnly(runner: Runner, route: Route, goesOn: boolean): Promise<LocalOnly> {
    const { after, after_any, type } = this.claim.task;
    const isAfterHeld = await this.#dependencies.member.isAnyHeld([...after, ...after_any]);
    if (isAfterHeld) await this.#markHeld();
    // A program sends nothing by koubou; what waits for it is held by its mark.
    const besides = { goesOn, parentHeld: isAfterHeld && type !== 'command' };
    const { name, staysLocal, endpoint } = runner;
    const model = route.model ?? runner.defaultModel;
    const destination = { runner: name, staysLocal, url: endpoint?.url ?? null, model };
    const { settings } = this.#dependencies;
    this.#local = new LocalOnly(this.claim.task, settings, destination, besides, this.clocks.signal);
    return this.#local;
  }

  /** Whoever stops the daemon or took the task does not wait for what nobody will read. */
  #mayLook(): boolean {
    const kind = this.clocks.stopped?.kind;
    return kind !== 'stopped' && kind !== 'fenced';
  }

  #stoppedVerdict(seen: Seen): Verdict | undefined {
    const stop = this.clocks.stopped;
    if (stop === undefined) return undefined;
    if (stop.kind === 'limit') return { ...seen, error: stop.error };
    if (stop.kind === 'cancelled') {
      return { ...seen, charged: false, error: errorInfo('cancelled', 'Cancelled while it ran.') };
    }
    const error = errorInfo('worker_stopped', 'Its worker was stopped while it ran.');
    return { ...seen, charged: false, error };
  }

  async #outcome(verdict: Verdict): Promise<RunOutcome> {
    const { claim } = this;
    const route = this.#route instanceof KoubouError ? undefined : this.#route;
    const endedAt = new Date();
    const outcome: RunOutcome = {
      version: 1,
      task_id: claim.id,
      attempt: claim.run,
      worker_id: this.#dependencies.member.workerId,
      runner: route?.runner ?? null,
      model: verdict.model,
      endpoint: verdict.endpoint,
      address: verdict.address,
      // Counted back: the wall clock may have been set while it ran, and how long it took is not to change.
      started_at: new Date(endedAt.getTime() - (performance.now() - this.#startedMs)).toISOString(),
      ended_at: endedAt.toISOString(),
      outcome: verdict.error === null ? 'success' : 'error',
      charged: verdict.error !== null && verdict.charged,
      error: verdict.error === null ? null : { ...verdict.error },
      evidence: verdict.evidence,
      usage: verdict.usage === null ? null : { ...verdict.usage },
      route: route?.why ?? null,
      retry_after: verdict.retryAfter,
      feedback: verdict.feedback,
      output_bytes: await sizeOf(claim.outputPath),
      session: verdict.session,
      output_file: verdict.outputFile,
    };
    const budget = budgetOf(this.#dependencies.settings)(claim.task);
    if (route === undefined || !isLastTry(route, claim.earlier, outcome, budget)) return outcome;
    return this.#handedBack(outcome);
  }

  /** Where its text cannot be written the task fails for its own reason, which is true as well. */
  async #handedBack(outcome: RunOutcome): Promise<RunOutcome> {
    const { claim } = this;
    const name = worktreeName(claim.id, claim.run);
    const place = join(worktreesFolder(this.#dependencies.settings.home), name);
    const worktree = claim.task.options.worktree === true && existsSync(place) ? place : null;
    try {
      return await onceWritten(this.#dependencies, () => handBack(claim, outcome, worktree));
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return outcome;
    }
  }

  #settle(outcome: RunOutcome): Promise<Settled> {
    const { member, settings } = this.#dependencies;
    return onceWritten(this.#dependencies, () =>
      member.settle(this.claim, outcome, budgetOf(settings)(this.claim.task), this.left),
    );
  }
}

const placeOf = (
  { cwd, task }: Workplace,
  { statePath, outputPath }: Claim,
  staysLocal: boolean,
): ExecutionPlace => ({
  cwd,
  statePath,
  readable: [outputPath, ...task.files.map(({ path }) => resolve(cwd, path))],
  staysLocal,
});

/** Once more where it is begun: whatever chose the runner, a dropped file starts nothing. */
const requireOnlyAnswer = (task: TaskFile, runner: Runner): void => {
  if (mayDo(task, runner)) return;
  throw new KoubouError('not_allowed', `A dropped file is only answered, and ${runner.name} does more.`);
};

const knownCode = (code: string): ErrorCode => (isErrorCode(code) ? code : 'internal');

const sizeOf = async (path: string): Promise<number | null> => {
  try {
    const facts = await lstat(path);
    return facts.isFile() ? facts.size : null;
  } catch {
    return null;
  }
};
