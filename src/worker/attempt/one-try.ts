/**
 * One try within an attempt: the runner does the task, what it left is looked at, judged, and kept. Each step is one method,
 * in the order of `verdict`; the first that finds something wanting ends the try.
 */

import { attachedPlaces } from '../../executor/attached-places.ts';
import type { ExecutionPlace } from '../../executor/executor.ts';
import { judge } from '../../judge/judge.ts';
import { emptyOwn } from '../../names/own-file.ts';
import { homesOf } from '../../process/homes/registered-homes.ts';
import type { Lease } from '../../process/lease.ts';
import type { Claim } from '../../queue/queue.ts';
import { wentElsewhere } from '../../route/local.ts';
import type { Route } from '../../route/route.ts';
import type { RunContext, Runner, RunnerOutcome } from '../../runner/runner.ts';
import { programEnvironment } from '../../task/environment.ts';
import type { Candidate } from '../../verify/candidate.ts';
import { judgeHomes } from '../../verify/changes/judge-changes.ts';
import { expectedPlaces } from '../../verify/expect.ts';
import type { ExpectedBefore } from '../../verify/expected-before.ts';
import { type Changes, verifyResult } from '../../verify/verify.ts';
import type { WorkerSettings } from '../settings.ts';
import { checkExecutor } from '../workspace/check-executor.ts';
import { extracted } from '../workspace/extracted.ts';
import { published, setApart, stillTheSame } from '../workspace/kept-result.ts';
import type { Workspace } from '../workspace/workspace.ts';
import {
  type AttemptResult,
  failedResult,
  NOTHING_SEEN,
  type Seen,
  seenOf,
  stoppedResult,
} from './attempt-result.ts';
import type { AttemptClocks } from './clocks.ts';
import type { LocalOnly } from './local-only.ts';
import { onceWritten, type Waiting } from './once-written.ts';
import { StepLeft, type Steps } from './steps.ts';

export interface TryDeps {
  /** With the task as it was planned. */
  claim: Claim;
  route: Route;
  runner: Runner;
  workplace: Workspace;
  /** What was there of the expected files before. */
  before: ExpectedBefore | undefined;
  /** Where the runner may keep files that a later run goes on from. */
  statePath: string;
  /** The conversation that it goes on with. */
  resume: RunContext['resume'];
  /** What the try before this one was told. */
  feedback: string | null;
  local: LocalOnly;
  settings: WorkerSettings;
  waiting: Waiting;
  clocks: AttemptClocks;
  steps: Steps;
  lease: Lease;
  /** Writes down that the task must stay on this machine. */
  markHeld: () => Promise<void>;
  /** Tells the log that a step goes on though nobody waits for it. */
  tellLeft: () => Promise<void>;
}

/** What a step found; null: nothing wanting. It stands in the verdict in place of what was seen. */
type Wanting = Partial<AttemptResult> & Pick<AttemptResult, 'error'>;

/** To stop a program takes 5 s where it does not hear, and a few more where it does not end. */
const PROGRAM_GRACE_MS = 20_000;
/** What a run left that was ended is worth waiting for, and not for long. */
const PATCH_GRACE_MS = 5000;

export class OneTry {
  readonly #parts: TryDeps;
  /** For the programs of the run and of its check: they start in the work folder alone. */
  readonly #lease: Lease;
  /** Globs of --expect may name folders that the run makes links of: they are what they were before it. */
  readonly #expected: ReturnType<typeof expectedPlaces>;
  #result: RunnerOutcome | undefined;
  #seen: Seen = NOTHING_SEEN;
  #changes: Changes | null = null;
  #candidate: Candidate | null = null;
  #evidence: string | null = null;

  constructor(parts: TryDeps) {
    this.#parts = parts;
    const { workplace, lease } = parts;
    const { task, cwd } = workplace;
    this.#lease = {
      ...lease,
      assertOwned: async () => {
        workplace.requireThere();
        // Last: what a fenced worker still does after this look is done twice.
        await lease.assertOwned();
      },
    };
    this.#expected = expectedPlaces(task.options.expect ?? [], cwd);
  }

  async verdict(): Promise<AttemptResult> {
    await this.#run();
    const steps = [
      () => this.#lookAround(),
      () => this.#requireAnswer(),
      () => this.#takeResult(),
      () => this.#judge(),
      () => this.#requireUnchanged(),
      () => this.#keep(),
    ];
    for (const step of steps) {
      const wanting = await step();
      if (wanting !== null) return { ...this.#seen, ...wanting };
    }
    const outputFile = this.#parts.claim.task.options.output ?? null;
    return { ...this.#seen, error: null, charged: false, evidence: this.#evidence, outputFile };
  }

  async #run(): Promise<void> {
    const { claim, clocks, steps, runner, route, workplace, local } = this.#parts;
    const { statePath, resume, feedback } = this.#parts;
    clocks.signal.throwIfAborted();
    // Started while the model is at work, it costs the task nothing.
    if (claim.task.type !== 'command') judge.warm();
    clocks.phase('running');
    const run = (): Promise<RunnerOutcome> =>
      runner.run(workplace.task, {
        lease: this.#lease,
        outputPath: claim.scratch.outputPath,
        cwd: workplace.cwd,
        statePath,
        resume,
        model: route.model,
        feedback,
        phase: (phase) => clocks.phase(phase),
        requireLocal: async (sent) => {
          const networks = await local.judge(sent);
          // Before anything is sent, since readers of the task and tasks that depend on it are restricted by the mark.
          if (local.mustStayLocal) await this.#parts.markHeld();
          return networks;
        },
      });
    this.#result = await steps.within('running', run, { graceMs: PROGRAM_GRACE_MS });
    this.#seen = seenOf(this.#result);
    clocks.phase('checking');
  }

  /** Also a run that failed leaves its patch, for whoever goes on. */
  async #lookAround(): Promise<Wanting | null> {
    const { clocks, steps, workplace } = this.#parts;
    this.#changes = this.#mayLook() ? await this.#changesThere() : null;
    const nested = await steps.within('looking for repositories', () => workplace.setAside());
    // However the run ended: another one would take what it left for what was there.
    return nested ?? judgeHomes(this.#changes?.homes ?? []) ?? stoppedResult(clocks, this.#seen);
  }

  /** The changes of a run whose task was given to another worker are that one's. */
  #mayLook(): boolean {
    return this.#parts.clocks.stopped?.kind !== 'fenced';
  }

  /** After the attempt's end, only what is there at once: for whoever goes on with the work. */
  async #changesThere(): Promise<Changes | null> {
    const { clocks, steps, workplace, tellLeft } = this.#parts;
    const { stopped, signal } = clocks;
    // Of a task that goes back to the queue the next attempt's patch is only a part.
    const isWorthIt = stopped?.kind === 'limit' || stopped?.kind === 'stopped';
    const graceMs = isWorthIt ? PATCH_GRACE_MS : PATCH_GRACE_MS / 5;
    const over = signal.aborted ? AbortSignal.timeout(graceMs) : signal;
    try {
      return await steps.within('looking for changes', () => workplace.changes(over), { graceMs });
    } catch (error) {
      if (!(error instanceof StepLeft)) throw error;
      await tellLeft();
      return null;
    }
  }

  async #requireAnswer(): Promise<Wanting | null> {
    const { claim, local } = this.#parts;
    const result = this.#ran;
    if (!result.ok) return failedResult(result, this.#seen);
    if (!local.mustStayLocal || result.observed.remoteHost === null) return null;
    await emptyOwn(claim.scratch.outputPath);
    return { error: wentElsewhere(result.observed.remoteHost) };
  }

  get #ran(): RunnerOutcome {
    if (this.#result === undefined) throw new Error('the task was not run');
    return this.#result;
  }

  /** Takes the result out of the answer, and sets it apart from what the run may still write to. */
  async #takeResult(): Promise<Wanting | null> {
    const { claim, clocks, steps, waiting, workplace } = this.#parts;
    const taken = await steps.within('taking the result out of the answer', () =>
      onceWritten(waiting, () => extracted({ ...claim, task: workplace.task }, clocks.signal)),
    );
    if (taken !== null) return taken;
    const candidate = await steps.within('setting the result apart', () =>
      onceWritten(waiting, () => setApart(claim)),
    );
    if (candidate !== null && 'error' in candidate) return candidate;
    this.#candidate = candidate;
    return null;
  }

  async #judge(): Promise<Wanting | null> {
    const { claim, clocks, steps, runner, workplace, before, settings } = this.#parts;
    const result = this.#ran;
    if (!result.ok) throw new Error('a run that failed is not judged');
    const verification = await steps.within(
      'judging the result',
      () =>
        verifyResult({
          task: workplace.task,
          observed: result.observed,
          outputPath: claim.scratch.outputPath,
          cwd: workplace.cwd,
          expectedPlaces: this.#expected,
          expectedBefore: before,
          changes: this.#changes,
          run: claim.run,
          executor: () => checkExecutor(runner, workplace.task, this.#place, settings),
          environment: programEnvironment(settings.environment, claim.task),
          ownPath: settings.environment['PATH'],
          lease: this.#lease,
        }),
      { graceMs: PROGRAM_GRACE_MS },
    );
    const stopped = stoppedResult(clocks, this.#seen);
    if (stopped !== null) return stopped;
    if (!verification.ok) {
      const { error, feedback } = verification;
      return (await this.#afterCheck()) ?? { error, feedback };
    }
    this.#evidence = verification.evidence;
    return null;
  }

  get #place(): ExecutionPlace {
    const { claim, workplace, statePath, local } = this.#parts;
    const { cwd, task } = workplace;
    return {
      cwd,
      statePath,
      own: [claim.scratch.outputPath],
      attached: attachedPlaces(task),
      staysLocal: local.mustStayLocal,
    };
  }

  /** What was judged has to be what is still there. */
  async #requireUnchanged(): Promise<Wanting | null> {
    const { claim, clocks, steps, workplace } = this.#parts;
    const changed = await steps.within('reading the result again', () =>
      stillTheSame(claim.task, this.#candidate),
    );
    if (changed !== null) return changed;
    const moved = await steps.within('looking whether the work is as it was checked', () =>
      workplace.moved(clocks.signal),
    );
    return moved === null ? null : ((await this.#afterCheck()) ?? moved);
  }

  /** What a check that did not count wrote is in the patch of its run as well: another attempt goes on from there. */
  async #afterCheck(): Promise<Wanting | null> {
    return this.#parts.claim.task.options.check === undefined ? null : this.#lookAround();
  }

  /** Neither may what a successor made be replaced, nor be said to be there what was not. */
  async #keep(): Promise<Wanting | null> {
    const { claim, steps, workplace, settings, lease } = this.#parts;
    const { output } = claim.task.options;
    if (output === undefined && !workplace.isWorktree) return null;
    await steps.within('committing the work', () => workplace.keep());
    if (output === undefined) return null;
    const accepted = {
      claim,
      task: workplace.task,
      candidate: this.#candidate,
      evidence: this.#evidence,
      homes: homesOf(settings),
      output,
      lease,
    };
    return steps.within(`writing ${output}`, () => published(accepted));
  }
}
