/**
 * One attempt, from claim to settled outcome: route, run, verify, publish, settle. Where each of these is
 * decided: route/route.ts, runner/*, verify/verify.ts, task/budget.ts.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, stat, truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ERROR_CODES, type ErrorInfo, errorInfo, toErrorInfo } from '../errors.ts';
import type { Tell } from '../events.ts';
import type { Claim, Member, Settled } from '../queue/queue.ts';
import { mustStayLocal, notLocal, wentElsewhere } from '../route/local.ts';
import { chooseRoute, type Route } from '../route/route.ts';
import type { Runner, RunnerOutcome } from '../runner/runner.ts';
import type { RunOutcome, Usage } from '../task/record.ts';
import { publishOutput } from '../verify/publish.ts';
import { verifyResult } from '../verify/verify.ts';
import { AttemptClocks, type Stop } from './clocks.ts';
import { budgetOf, type WorkerSettings } from './settings.ts';

export interface RunDependencies {
  member: Member;
  runners: ReadonlyMap<string, Runner>;
  settings: WorkerSettings;
  tell: Tell;
  /** Told while an outcome cannot be written, so that nothing new is claimed meanwhile. */
  diskFull: (full: boolean) => void;
  /** Ended when the daemon must not wait any longer for a full disk. */
  giveUp: AbortSignal;
}

/** What happened in an attempt, before the queue decides what becomes of the task. */
interface Verdict {
  error: ErrorInfo | null;
  charged: boolean;
  evidence: string | null;
  usage: Usage | null;
  model: string | null;
  endpoint: string | null;
  retryAfter: number | null;
  feedback: string | null;
  outputFile: string | null;
}

const FAILED: Omit<Verdict, 'error'> = {
  charged: true,
  evidence: null,
  usage: null,
  model: null,
  endpoint: null,
  retryAfter: null,
  feedback: null,
  outputFile: null,
};

const DISK_RETRY_MS = 1000;

export class Attempt {
  readonly claim: Claim;
  readonly clocks: AttemptClocks;
  /** Rises whenever something came from the run. */
  progress = 0;
  readonly #dependencies: RunDependencies;
  readonly #startedAt = new Date();

  constructor(dependencies: RunDependencies, claim: Claim) {
    const { settings } = dependencies;
    this.#dependencies = dependencies;
    this.claim = claim;
    const { options, type } = claim.task;
    this.clocks = new AttemptClocks({
      timeout: options.timeout ?? settings.timeout[type],
      // A command may be silent as long as its own limit allows: silence says nothing about it.
      stall: options.stall_timeout ?? (type === 'command' ? 0 : settings.stallSeconds),
      load: settings.loadSeconds,
    });
  }

  stop(stop: Stop): void {
    this.clocks.stop(stop);
  }

  /** Runs and settles. Answers with how it was settled and with which error. Rejects only for a fault of koubou. */
  async run(): Promise<{ settled: Settled; error: ErrorInfo | null; runner: Runner | undefined }> {
    const { settings, runners } = this.#dependencies;
    const { claim } = this;
    let route: Route | undefined;
    let verdict: Verdict;
    let runner: Runner | undefined;
    try {
      route = chooseRoute(claim.task, settings.routing, runners);
      runner = runners.get(route.runner) as Runner;
      this.#tellStart(route, runner);
      verdict = await this.#attempt(runner, route);
    } catch (error) {
      verdict = { ...FAILED, error: toErrorInfo(error) };
    }
    this.clocks.end();
    const outcome = await this.#outcome(verdict, route);
    return { settled: await this.#settle(outcome), error: verdict.error, runner };
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
    const feedback = this.claim.earlier.at(-1)?.feedback ?? null;
    await this.#noteChangedFiles();
    const first = await this.#runAndVerify(runner, route, feedback);
    // A model that missed the schema often hits it when it reads what was wrong: one more try within the attempt.
    if (first.error?.code !== 'schema_invalid' || first.feedback === null) return first;
    await truncate(this.claim.outputPath, 0);
    return this.#runAndVerify(runner, route, first.feedback);
  }

  async #runAndVerify(runner: Runner, route: Route, feedback: string | null): Promise<Verdict> {
    const { claim, clocks } = this;
    const local = mustStayLocal(claim.task);
    const model = route.model ?? runner.defaultModel;
    const away = local ? notLocal({ url: runner.endpoint?.url ?? null, model }) : null;
    if (away !== null) return { ...FAILED, error: away, model, endpoint: runner.endpoint?.name ?? null };
    const childStarted = (child: { pid: number; startTime: string | null }): Promise<void> =>
      this.#dependencies.member.recordChild(claim, child);
    const result = await runner.run(claim.task, {
      logPath: claim.logPath,
      outputPath: claim.outputPath,
      marker: claim.marker,
      model: route.model,
      signal: clocks.signal,
      feedback,
      progress: (amount) => {
        this.progress += amount;
        clocks.progress();
      },
      phase: (phase) => clocks.phase(phase),
      childStarted,
    });
    const seen = { ...FAILED, usage: result.usage, model: result.model, endpoint: result.endpoint };
    const stopped = this.#stoppedVerdict(seen);
    if (stopped !== undefined) return stopped;
    if (!result.ok) return failedVerdict(result, seen);
    if (local && result.observed.remoteHost !== null) {
      await truncate(claim.outputPath, 0);
      return { ...seen, error: wentElsewhere(result.observed.remoteHost) };
    }
    const verification = await verifyResult({
      task: claim.task,
      observed: result.observed,
      outputPath: claim.outputPath,
      cwd: claim.task.cwd,
      environment: this.#dependencies.settings.environment,
      logPath: claim.logPath,
      signal: clocks.signal,
      marker: claim.marker,
      childStarted,
    });
    const stoppedInCheck = this.#stoppedVerdict(seen);
    if (stoppedInCheck !== undefined) return stoppedInCheck;
    if (!verification.ok) return { ...seen, error: verification.error, feedback: verification.feedback };
    const { output } = claim.task.options;
    // A worker that was fenced must not overwrite what its successor wrote.
    if (output !== undefined && (await this.#dependencies.member.holds(claim))) {
      await publishOutput(claim.outputPath, output);
    }
    return {
      ...seen,
      error: null,
      charged: false,
      evidence: verification.evidence,
      outputFile: output ?? null,
    };
  }

  #stoppedVerdict(seen: Verdict | Omit<Verdict, 'error'>): Verdict | undefined {
    const stop = this.clocks.stopped;
    if (stop === undefined) return undefined;
    if (stop.kind === 'limit') return { ...seen, error: stop.error };
    if (stop.kind === 'cancelled') {
      return { ...seen, charged: false, error: errorInfo('cancelled', 'Cancelled while it ran.') };
    }
    const error = errorInfo('worker_stopped', 'Its worker was stopped while it ran.');
    return { ...seen, charged: false, error };
  }

  async #noteChangedFiles(): Promise<void> {
    for (const file of this.claim.task.files) {
      if (file.sha256 === null || (await sha256Of(file.path)) === file.sha256) continue;
      await appendFile(this.claim.logPath, `koubou: ${file.path} is not as it was when the task was added\n`);
    }
  }

  async #outcome(verdict: Verdict, route: Route | undefined): Promise<RunOutcome> {
    const { claim } = this;
    return {
      version: 1,
      task_id: claim.id,
      attempt: claim.run,
      worker_id: this.#dependencies.member.workerId,
      runner: route?.runner ?? null,
      model: verdict.model,
      endpoint: verdict.endpoint,
      started_at: this.#startedAt.toISOString(),
      ended_at: new Date().toISOString(),
      outcome: verdict.error === null ? 'success' : 'error',
      charged: verdict.error !== null && verdict.charged,
      error: verdict.error === null ? null : { ...verdict.error },
      evidence: verdict.evidence,
      usage: verdict.usage === null ? null : { ...verdict.usage },
      route: route?.why ?? null,
      retry_after: verdict.retryAfter,
      feedback: verdict.feedback,
      output_bytes: await sizeOf(claim.outputPath),
      output_file: verdict.outputFile,
    };
  }

  // An outcome that cannot be written is kept in memory: the work is done, only its record has no room yet.
  async #settle(outcome: RunOutcome): Promise<Settled> {
    const { member, settings, diskFull, giveUp } = this.#dependencies;
    for (;;) {
      try {
        const settled = await member.settle(this.claim, outcome, budgetOf(settings)(this.claim.task));
        diskFull(false);
        return settled;
      } catch (error) {
        if (!isDiskFull(error) || giveUp.aborted) throw error;
        diskFull(true);
        await new Promise((resolve) => setTimeout(resolve, DISK_RETRY_MS));
      }
    }
  }
}

const failedVerdict = (
  result: Extract<RunnerOutcome, { ok: false }>,
  seen: Omit<Verdict, 'error'>,
): Verdict => ({
  ...seen,
  error: result.error,
  charged: result.charged ?? ERROR_CODES[result.error.code].charged,
  retryAfter: result.retryAfter,
});

const isDiskFull = (error: unknown): boolean => {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'disk_full' || error.code === 'ENOSPC' || error.code === 'EDQUOT';
};

const sizeOf = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
};

/** The hash of a file's content; null when it cannot be read (the runner then says why). */
const sha256Of = async (path: string): Promise<string | null> => {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch {
    return null;
  }
};
