/**
 * The end of routing.escalate: nobody here could do the task, and a stronger agent gets all it needs to go on. What
 * it reads is the run's result, in Markdown; the last refused answer moves to run-R.refused.
 */

import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import {
  ERROR_CODES,
  type ErrorCode,
  errorInfo,
  isErrorCode,
  isShortage,
  KoubouError,
  systemCode,
} from '../../errors.ts';
import { piecesOf, replaceOwn } from '../../names/own-file.ts';
import { syncAll } from '../../process/sync.ts';
import type { ArtifactKind, Artifacts, ByteRange, Claim } from '../../queue/queue.ts';
import type { Route } from '../../route/route.ts';
import { action, say } from '../../say/say.ts';
import { type Budget, decide } from '../../task/budget.ts';
import { isRejected } from '../../task/escalation-chain.ts';
import type { RunOutcome, TaskFile } from '../../task/record.ts';

/** Of each answer and each patch; the whole lies in the file that is named beside it. */
const SHOWN_BYTES = 16 * 1024;

/**
 * Whether this outcome would be the task's last, and a stronger agent could do something about it: always where work of
 * some runner was found wanting.
 */
export const isLastTry = (
  route: Pick<Route, 'handBack'>,
  earlier: readonly RunOutcome[],
  outcome: RunOutcome,
  budget: Budget,
): boolean => {
  const { error, charged } = outcome;
  if (!route.handBack || error === null || !isErrorCode(error.code)) return false;
  const wasTried = charged && ERROR_CODES[error.code].retried;
  if (!wasTried && ![...earlier, outcome].some(isRejected)) return false;
  return decide([...earlier, outcome], budget, () => 0).event === 'gave_up';
};

/**
 * Writes the run's result, and gives the outcome that says so. Where it throws, the refused answer is where it was, and
 * it can be asked again.
 */
export const handBack = async (
  { claim, artifacts }: Holds,
  outcome: RunOutcome,
  worktree: string | null,
): Promise<RunOutcome> => {
  // A worker that died and a server that was busy say nothing of the task.
  const outcomes = [...claim.earlier, outcome].filter((tried) => tried === outcome || saysMore(tried));
  const { outputPath, refusedPath } = claim.scratch;
  if (existsSync(outputPath)) await rename(outputPath, refusedPath);
  let text: string;
  try {
    // The text names it for what does not stand in the text, and is itself put on the device.
    if (existsSync(refusedPath)) await syncAll([refusedPath]);
    const tries = await Promise.all(outcomes.map((tried) => tryOf({ claim, artifacts }, tried)));
    text = handBackText(claim.task, tries, worktree);
    await replaceOwn(outputPath, text);
  } catch (error) {
    if (existsSync(refusedPath)) await rename(refusedPath, outputPath);
    throw error;
  }
  const { code = 'internal', message = '' } = outcome.error ?? {};
  const who = [...new Set(outcomes.map(({ runner }) => runner ?? 'nobody'))].join(', ');
  const times = outcomes.length === 1 ? '1 try' : `${outcomes.length} tries`;
  const error = errorInfo(
    'handed_back',
    `${times} by ${who} came to nothing; the last: ${code}: ${message}`,
    say`${action('result', claim.id)} gives the task, each try and why it was refused: go on from there.`,
  );
  return { ...outcome, error: { ...error }, output_bytes: Buffer.byteLength(text) };
};

interface Holds {
  claim: Claim;
  artifacts: Artifacts;
}

const saysMore = ({ charged, error }: RunOutcome): boolean =>
  charged || (isErrorCode(error?.code ?? '') && !ERROR_CODES[error?.code as ErrorCode].retried);

interface Piece {
  /** Where the whole of it is. */
  place: string;
  text: string;
  whole: boolean;
}

interface Try {
  outcome: RunOutcome;
  answer: Piece | null;
  patch: Piece | null;
  log: string;
}

/** The run that ends now is read where it wrote, those before it where they are kept; all are named as they will be found. */
const tryOf = async ({ claim, artifacts }: Holds, outcome: RunOutcome): Promise<Try> => {
  const { id, run, scratch } = claim;
  const { attempt } = outcome;
  const isNow = attempt === run;
  const placeOf = async (kind: ArtifactKind): Promise<string> =>
    (await artifacts.find(id, attempt, kind))?.path ?? `the ${WORDS[kind]} of attempt ${attempt}`;
  const piece = async (kind: ArtifactKind): Promise<Piece | null> =>
    beginningOf(await placeOf(kind), (range) =>
      isNow ? piecesOf(scratch[`${kind}Path`], range) : artifacts.read(id, attempt, kind, range),
    );
  const answer = await piece(isNow ? 'refused' : 'output');
  return { outcome, answer, patch: await piece('patch'), log: await placeOf('log') };
};

/** Where an artifact is no file. */
const WORDS: Readonly<Record<ArtifactKind, string>> = {
  output: 'answer',
  refused: 'answer',
  log: 'log',
  patch: 'patch',
};

/** null where there is nothing to show, or nothing that can be read. */
const beginningOf = async (
  place: string,
  read: (range: ByteRange) => AsyncIterable<Uint8Array>,
): Promise<Piece | null> => {
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of read({ to: SHOWN_BYTES + 1 })) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    const whole = bytes.length <= SHOWN_BYTES;
    const text = new TextDecoder().decode(bytes.subarray(0, SHOWN_BYTES), { stream: !whole });
    return text.trim() === '' ? null : { place, text, whole };
  } catch (error) {
    if (isShortage(error)) throw error;
    if (error instanceof KoubouError || systemCode(error) !== undefined) return null;
    throw error;
  }
};

/** Pure. `worktree`: where a task with --worktree worked, null: in its own folder. */
const handBackText = (task: TaskFile, tries: readonly Try[], worktree: string | null): string => {
  const { options, files, context } = task;
  const facts = [
    `- Task: ${task.task_id}, type ${task.type}, in ${task.cwd}`,
    ...(worktree === null ? [] : [`- It was worked on in ${worktree}, which is kept`]),
    ...files.map(({ path }) => `- File: ${path}`),
    ...(options.check === undefined ? [] : [`- The work must pass: \`${options.check}\``]),
    ...(options.expect ?? []).map((glob) => `- This must be there and not be empty: ${glob}`),
    ...(options.output === undefined ? [] : [`- The result belongs in ${options.output}`]),
  ];
  const sections = [
    '# Handed back: local models could not do this task',
    facts.join('\n'),
    `## What was asked\n\n${fenced(task.prompt)}`,
    ...(Object.keys(context).length === 0
      ? []
      : [`With these facts:\n\n${fenced(JSON.stringify(context, null, 2), 'json')}`]),
    ...(options.system === undefined ? [] : [`With these instructions:\n\n${fenced(options.system)}`]),
    ...(options.schema === undefined
      ? []
      : [`To be answered as JSON that fits:\n\n${fenced(JSON.stringify(options.schema, null, 2), 'json')}`]),
    ...tries.map(tryText),
  ];
  return `${sections.join('\n\n')}\n`;
};

const tryText = ({ outcome, answer, patch, log }: Try): string => {
  const { attempt, runner, model, error, feedback } = outcome;
  const by = [runner, model].filter((name) => name !== null).join(', ') || 'nobody';
  const how = isRejected(outcome) ? 'Refused' : 'Failed';
  const [first = '', ...rest] = (error?.message ?? '').split('\n');
  // The checker's words are longer than the message, which after its first line has only the last of them.
  const more = feedback === null || first.includes(feedback) ? rest.join('\n') : feedback;
  return [
    `## Try ${attempt}: ${by}`,
    `${how}, ${error?.code}: ${first}`,
    ...(more === '' ? [] : [fenced(more)]),
    ...piece('It answered', answer, ''),
    ...piece('It changed', patch, 'diff'),
    `Its log: ${log}`,
  ].join('\n\n');
};

const piece = (what: string, found: Piece | null, language: string): string[] => {
  if (found === null) return [];
  const rest = found.whole ? '' : `, of which this is the beginning`;
  return [`${what} (${found.place}${rest}):\n\n${fenced(found.text, language)}`];
};

/** In a fence that no line of the text can end. */
const fenced = (text: string, language = ''): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
};
