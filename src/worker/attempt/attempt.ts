/**
 * One attempt, from claim to settled outcome: prepare its folder, try (one-try.ts), record (outcome.ts), settle. Which runner
 * it is, its limits and its budget were planned when the task was claimed (admission.ts, route/plan.ts).
 */

import {
  ERROR_CODES,
  type ErrorCode,
  type ErrorInfo,
  isErrorCode,
  KoubouError,
  toErrorInfo,
} from '../../errors.ts';
import type { EmitEvent, WorkerEvent } from '../../events.ts';
import { appendOwn, emptyOwn } from '../../names/own-file.ts';
import { homesOf } from '../../process/homes/registered-homes.ts';
import type { Lease } from '../../process/lease.ts';
import type { Artifacts, Claim, Member, Settled } from '../../queue/queue.ts';
import { mustStayLocal } from '../../route/local.ts';
import { type AttemptPlan, requireRoute } from '../../route/plan.ts';
import { mayDo, type Route } from '../../route/route.ts';
import type { Runner } from '../../runner/runner.ts';
import type { RunOutcome, TaskFile } from '../../task/record.ts';
import type { Admitted } from '../pool/admission.ts';
import type { WorkerSettings } from '../settings.ts';
import { noteChangedFiles } from '../workspace/changed-files.ts';
import { expectedBefore } from '../workspace/expected-before.ts';
import { RunState } from '../workspace/run-state.ts';
import { withSettledNames } from '../workspace/settled-names.ts';
import { Workspace } from '../workspace/workspace.ts';
import {
  type AttemptResult,
  NOTHING_SEEN,
  stoppedResult,
  tellsOfAnswer,
  withoutKeysIn,
} from './attempt-result.ts';
import { AttemptClocks, type Stop } from './clocks.ts';
import { conversationOf } from './conversation.ts';
import { leaseOf } from './lease.ts';
import { LocalOnly } from './local-only.ts';
import { onceWritten, type Waiting } from './once-written.ts';
import { OneTry, type TryDeps } from './one-try.ts';
import { outcomeOf } from './outcome.ts';
import { StepLeft, Steps } from './steps.ts';

type Prepared = Pick<TryDeps, 'workplace' | 'statePath' | 'before'>;

export interface AttemptDeps extends Waiting {
  member: Member;
  artifacts: Artifacts;
  runners: ReadonlyMap<string, Runner>;
  settings: WorkerSettings;
  emit: EmitEvent;
  /** Told when a run found its endpoint gone or busy, before the task goes back. */
  endpointDown: (runner: Runner, reason: string, retryAfter: number | null) => void;
  /** A run got an answer from the runner's server. */
  endpointAnswered: (runner: Runner) => void;
}

/** How long a busy endpoint is left alone when it does not say. */
const BUSY_PAUSE_SECONDS = 1;

export type AttemptEnd = Extract<WorkerEvent, { event: 'task_ended' | 'task_taken_away' }>;

export class Attempt {
  readonly claim: Claim;
  readonly clocks: AttemptClocks;
  /** Rises whenever something came from the run. */
  progress = 0;
  readonly #dependencies: AttemptDeps;
  /** By the clock that nobody sets. */
  readonly #startedMs: number;
  readonly #plan: AttemptPlan;
  readonly #steps: Steps;
  readonly #lease: Lease;
  /** What its last try was held to. */
  #local: LocalOnly | undefined;

  constructor(dependencies: AttemptDeps, claim: Claim<Admitted>) {
    this.#dependencies = dependencies;
    const { clock } = dependencies;
    this.#startedMs = clock.steadyMs();
    const { plan } = claim.admission;
    this.#plan = plan;
    this.claim = { ...claim, task: plan.task };
    this.clocks = new AttemptClocks(plan.limits, clock);
    this.#steps = new Steps(this.clocks, clock);
    this.#lease = leaseOf(dependencies.member, this.claim, {
      signal: this.clocks.signal,
      progress: (amount) => {
        this.progress += amount;
        this.clocks.progress();
      },
    });
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
    const verdict = await this.#judged();
    const { member, settings, clock } = this.#dependencies;
    const outcome = await outcomeOf(verdict, {
      claim: this.claim,
      artifacts: this.#dependencies.artifacts,
      plan: this.#plan,
      workerId: member.workerId,
      home: settings.home,
      tookMs: clock.steadyMs() - this.#startedMs,
      waiting: this.#dependencies,
    }).finally(() => this.clocks.end());
    const settled = await this.#settle(outcome);
    if (settled.kind === 'fenced') return { event: 'task_taken_away', task_id: id, attempt: run };
    const { state, dueMs, outcome: kept } = settled;
    return {
      event: 'task_ended',
      task_id: id,
      attempt: run,
      state: state as Extract<AttemptEnd, { event: 'task_ended' }>['state'],
      seconds: (clock.steadyMs() - this.#startedMs) / 1000,
      again_in: dueMs === null ? null : Math.max(0, (dueMs - clock.wallMs()) / 1000),
      // Another outcome of this run may have been there first, and then it is what counts.
      error: kept.error === null ? null : { ...kept.error, code: knownCode(kept.error.code) },
    };
  }

  async #judged(): Promise<AttemptResult> {
    try {
      const route = requireRoute(this.#plan);
      const runner = this.#dependencies.runners.get(route.runner) as Runner;
      requireOnlyAnswer(this.claim.task, runner);
      this.#tellStart(route, runner);
      const verdict = withoutKeysIn(await this.#attempt(runner, route), runner.keys ?? []);
      this.#tellUnavailable(runner, verdict);
      return verdict;
    } catch (error) {
      if (error instanceof StepLeft) await this.#tellLeft();
      const info = toErrorInfo(error);
      const charged = ERROR_CODES[info.code].charged;
      return stoppedResult(this.clocks, NOTHING_SEEN) ?? { ...NOTHING_SEEN, error: info, charged };
    }
  }

  /** Logs which steps go on. Best effort: the log is read only to diagnose. */
  async #tellLeft(): Promise<void> {
    const what = this.#steps.left.join(', ');
    const line = `koubou: the attempt ended while it was still ${what}; that goes on until the system lets go of it\n`;
    await appendOwn(this.claim.scratch.logPath, line).catch(() => undefined);
  }

  #tellUnavailable(runner: Runner, { error, retryAfter }: AttemptResult): void {
    const { endpointDown, endpointAnswered } = this.#dependencies;
    if (error === null || tellsOfAnswer(error.code)) endpointAnswered(runner);
    if (error?.code !== 'runner_unavailable' && error?.code !== 'endpoint_busy') return;
    const pause = error.code === 'endpoint_busy' ? BUSY_PAUSE_SECONDS : null;
    endpointDown(runner, this.#reason(error), retryAfter ?? pause);
  }

  /** Shown as long as the endpoint is down, to everybody: a server quotes what it was sent. */
  #reason({ code, message }: ErrorInfo): string {
    const stays = this.#local?.mustStayLocal === true || mustStayLocal(this.claim.task);
    return stays ? `${code}, as the log of ${this.claim.id} says` : message;
  }

  #tellStart(route: Route, runner: Runner): void {
    const { id, run } = this.claim;
    const model = route.model ?? runner.defaultModel;
    this.#dependencies.emit({
      event: 'task_started',
      task_id: id,
      attempt: run,
      runner: runner.name,
      model,
      why: route.why,
    });
  }

  async #attempt(runner: Runner, route: Route): Promise<AttemptResult> {
    // An attempt that was lost or put back learned nothing: what the one before it was told still holds.
    const feedback = this.claim.earlier.findLast((outcome) => outcome.feedback !== null)?.feedback ?? null;
    const { signal } = this.clocks;
    this.clocks.phase('preparing');
    signal.throwIfAborted();
    const task = withSettledNames(this.claim.task, homesOf(this.#dependencies.settings));
    await this.#steps.within('reading the attached files', () =>
      noteChangedFiles({ ...this.claim, task }, signal),
    );
    await this.#lease.assertOwned();
    const { settings } = this.#dependencies;
    const workplace = await this.#steps.within(
      'looking at the working folder',
      () => Workspace.prepare({ ...this.claim, task }, runner, { ...settings, lease: this.#lease }),
      { late: (made: Workspace) => made.close() },
    );
    try {
      const before = await this.#steps.within('looking for the expected files', () =>
        expectedBefore(this.claim, workplace, signal),
      );
      // Who changes no files has none of its own either.
      if (!runner.changesFiles) {
        const { statePath } = this.claim.scratch;
        return await this.#runTwiceAtMost(runner, route, feedback, { workplace, before, statePath });
      }
      const state = await RunState.make(settings, this.claim);
      try {
        const prepared = { workplace, before, statePath: state.path };
        return await this.#runTwiceAtMost(runner, route, feedback, prepared);
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
    prepared: Prepared,
  ): Promise<AttemptResult> {
    const first = await this.#tryOnce(runner, route, feedback, prepared);
    // A model that missed the schema often hits it when it reads what was wrong: one more try within the attempt.
    if (first.error?.code !== 'schema_invalid' || first.feedback === null) return first;
    await emptyOwn(this.claim.scratch.outputPath);
    return this.#tryOnce(runner, route, first.feedback, prepared);
  }

  async #tryOnce(
    runner: Runner,
    route: Route,
    feedback: string | null,
    prepared: Prepared,
  ): Promise<AttemptResult> {
    const { claim, clocks } = this;
    const { settings, member } = this.#dependencies;
    const resume = await conversationOf(claim.task, runner.name, member);
    const local = await this.#localOnly(runner, route, resume !== null);
    return new OneTry({
      ...prepared,
      claim,
      route,
      runner,
      resume,
      feedback,
      local,
      settings,
      waiting: this.#dependencies,
      clocks,
      steps: this.#steps,
      lease: this.#lease,
      markHeld: () => this.#markHeld(),
      tellLeft: () => this.#tellLeft(),
    }).verdict();
  }

  /** The task file says it where it was known when the task was added. */
  async #markHeld(): Promise<void> {
    if (!mustStayLocal(this.claim.task)) await this.#dependencies.member.markHeld(this.claim);
  }

  async #localOnly(runner: Runner, route: Route, goesOn: boolean): Promise<LocalOnly> {
    const { after, after_any, type } = this.claim.task;
    const isAfterHeld = await this.#dependencies.member.isAnyHeld([...after, ...after_any]);
    if (isAfterHeld) await this.#markHeld();
    // koubou sends nothing for a command; its mark restricts the tasks that depend on it.
    const besides = { goesOn, parentHeld: isAfterHeld && type !== 'command' };
    const { name, staysLocal, endpoint } = runner;
    const model = route.model ?? runner.defaultModel;
    const destination = { runner: name, staysLocal, url: endpoint?.url ?? null, model };
    const { settings } = this.#dependencies;
    this.#local = new LocalOnly(this.claim.task, settings, destination, besides, this.clocks.signal);
    return this.#local;
  }

  #settle(outcome: RunOutcome): Promise<Settled> {
    const { member } = this.#dependencies;
    return onceWritten(this.#dependencies, () =>
      member.settle(this.claim, outcome, this.#plan.budget, this.left),
    );
  }
}

/** Once more where it is begun: whatever chose the runner, a dropped file starts nothing. */
const requireOnlyAnswer = (task: TaskFile, runner: Runner): void => {
  if (mayDo(task, runner)) return;
  throw new KoubouError('not_allowed', `A dropped file is only answered, and ${runner.name} does more.`);
};

const knownCode = (code: string): ErrorCode => (isErrorCode(code) ? code : 'internal');
