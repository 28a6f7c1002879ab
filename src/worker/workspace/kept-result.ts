/** The candidate on its way from the run to where it is kept: set apart, judged by others, found unchanged, published. */
import { resolve } from 'node:path';
import { ERROR_CODES, type ErrorInfo, isErrorCode, KoubouError, toErrorInfo } from '../../errors.ts';
import type { Lease } from '../../process/lease.ts';
import type { Claim } from '../../queue/queue.ts';
import type { TaskFile } from '../../task/record.ts';
import type { Homes } from '../../text/home-name.ts';
import { type Candidate, isUnchanged, outputChanged, sealCandidate } from '../../verify/candidate.ts';
import { publishOutput } from '../../verify/publish.ts';

/** Why a result is not kept, or not where it belongs. */
export interface NotKept {
  error: ErrorInfo;
  charged: boolean;
  /** Only where the work was accepted all the same: `koubou result` shows it then. */
  evidence: string | null;
}

const notKept = (error: KoubouError, evidence: string | null = null): NotKept => ({
  error: toErrorInfo(error),
  charged: ERROR_CODES[error.code].charged,
  evidence,
});

/** The candidate as an inode of its own; null: the run left none. */
export const setApart = async (claim: Claim): Promise<Candidate | null | NotKept> => {
  try {
    const earlier = Array.from({ length: claim.run - 1 }, (_, nth) => claim.scratchOf(nth + 1).outputPath);
    return await sealCandidate(claim.scratch.outputPath, earlier);
  } catch (error) {
    if (!(error instanceof KoubouError) || !isErrorCode(error.code)) throw error;
    // A program is not run again unasked, so one for whose result there is no room counts.
    return { ...notKept(error), ...(claim.task.type === 'command' && { charged: true }) };
  }
};

/** null: it is what was judged. */
export const stillTheSame = async (task: TaskFile, candidate: Candidate | null): Promise<NotKept | null> => {
  const { check, schema } = task.options;
  const judged = task.type !== 'command' || check !== undefined || schema !== undefined;
  if (candidate === null || !judged || (await isUnchanged(candidate))) return null;
  return notKept(outputChanged());
};

interface Accepted {
  claim: Claim;
  /** With its names settled before the run. */
  task: TaskFile;
  candidate: Candidate | null;
  evidence: string | null;
  homes: Homes;
  lease: Pick<Lease, 'assertOwned'>;
}

/** Puts it where --output says; null: it is there. Rejects for what is no fault of that place. */
export const published = async (accepted: Accepted & { output: string }): Promise<NotKept | null> => {
  const { claim, task, candidate, evidence, homes, lease, output } = accepted;
  const publication = { place: task.places?.[output], sha256: candidate?.sha256, homes };
  try {
    const target = resolve(claim.task.cwd, output);
    await publishOutput(claim.scratch.outputPath, target, claim, lease.assertOwned, publication);
    return null;
  } catch (error) {
    if (!(error instanceof KoubouError)) throw error;
    if (error.code === 'output_changed') return notKept(error);
    if (error.code !== 'conflict') throw error;
    return notKept(error, evidence === null ? 'not published' : `${evidence}, not published`);
  }
};
