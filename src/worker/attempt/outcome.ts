/** The record of how an attempt ended. Where it was the last one, the task is handed back to a stronger agent. */

import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError, mayPass, systemCode } from '../../errors.ts';
import type { Artifacts, Claim } from '../../queue/queue.ts';
import type { AttemptPlan } from '../../route/plan.ts';
import type { RunOutcome } from '../../task/record.ts';
import { worktreeName, worktreesFolder } from '../../worktree/record.ts';
import type { AttemptResult } from './attempt-result.ts';
import { handBack, isLastTry } from './hand-back.ts';
import { onceWritten, type Waiting } from './once-written.ts';

export interface OutcomeDeps {
  claim: Claim;
  artifacts: Artifacts;
  plan: Pick<AttemptPlan, 'route' | 'budget'>;
  workerId: string;
  home: string;
  /** For how long it ran. */
  tookMs: number;
  waiting: Waiting;
}

export const outcomeOf = async (verdict: AttemptResult, parts: OutcomeDeps): Promise<RunOutcome> => {
  const { claim, plan, workerId, tookMs, waiting } = parts;
  const route = plan.route instanceof KoubouError ? undefined : plan.route;
  const endedAt = new Date(waiting.clock.wallMs());
  const outcome: RunOutcome = {
    version: 1,
    task_id: claim.id,
    attempt: claim.run,
    worker_id: workerId,
    runner: route?.runner ?? null,
    model: verdict.model,
    endpoint: verdict.endpoint,
    address: verdict.address,
    // Counted back: the wall clock may have been set while it ran, and how long it took is not to change.
    started_at: new Date(endedAt.getTime() - tookMs).toISOString(),
    ended_at: endedAt.toISOString(),
    outcome: verdict.error === null ? 'success' : 'error',
    charged: verdict.error !== null && verdict.charged,
    error: verdict.error === null ? null : { ...verdict.error },
    evidence: verdict.evidence,
    usage: verdict.usage === null ? null : { ...verdict.usage },
    route: route?.why ?? null,
    retry_after: verdict.retryAfter,
    feedback: verdict.feedback,
    output_bytes: await sizeOf(claim.scratch.outputPath),
    session: verdict.session,
    output_file: verdict.outputFile,
  };
  if (route === undefined || !isLastTry(route, claim.earlier, outcome, plan.budget)) return outcome;
  return handedBack(outcome, parts);
};

/** Where its text cannot be written the task fails for its own reason, which is true as well. */
const handedBack = async (
  outcome: RunOutcome,
  { claim, artifacts, home, waiting }: OutcomeDeps,
): Promise<RunOutcome> => {
  const place = join(worktreesFolder(home), worktreeName(claim.id, claim.run));
  const worktree = claim.task.options.worktree === true && existsSync(place) ? place : null;
  try {
    return await onceWritten(waiting, () => handBack({ claim, artifacts }, outcome, worktree));
  } catch (error) {
    if (systemCode(error) === undefined && mayPass(error) === undefined) throw error;
    return outcome;
  }
};

const sizeOf = async (path: string): Promise<number | null> => {
  try {
    const facts = await lstat(path);
    return facts.isFile() ? facts.size : null;
  } catch {
    return null;
  }
};
