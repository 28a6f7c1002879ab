/**
 * What makes a result count. An exit code of 0 and a HTTP 200 prove nothing: models answer with nothing,
 * with a tool call as text, or from half of their prompt, and a false success is worse than a false
 * failure, since the caller builds on it. What always holds comes first, then what the task asks for.
 */
import { type ErrorInfo, errorInfo, KoubouError, toErrorInfo } from '../errors.ts';
import type { Executor } from '../executor/executor.ts';
import { judge } from '../judge/judge.ts';
import { openOwn } from '../names/own-file.ts';
import type { Lease } from '../process/lease.ts';
import { unlessAborted } from '../process/unless-aborted.ts';
import { action, field, say } from '../say/say.ts';
import type { Observed, StreamEnd } from '../task/observed.ts';
import type { TaskFile } from '../task/record.ts';
import { fewestTokens } from '../task/tokens.ts';
import { InkReader } from '../text/ink.ts';
import { type Changes, judgeChanges, judgeHomes } from './changes/judge-changes.ts';
import { runCheck } from './check.ts';
import { missingExpected } from './expect.ts';
import type { ExpectedBefore } from './expected-before.ts';

export type { Changes };

export interface VerifyRequest {
  task: TaskFile;
  observed: Observed;
  /** The candidate result. */
  outputPath: string;
  /** Absolute: where the check runs and expected files are looked for. */
  cwd: string;
  /** Of `expectedPlaces` (expect.ts), before the run; left out: as they are now. */
  expectedPlaces?: readonly string[];
  /** What of them was there before the task's work; left out: a file may have been there. */
  expectedBefore?: ExpectedBefore | undefined;
  /** What a code task's run changed under cwd; null where its runner gives text and changes nothing. */
  changes: Changes | null;
  /** Which run of the task it is. */
  run: number;
  /** Where the check command runs; asked for when it is about to. May reject with KoubouError. */
  executor: () => Promise<Executor>;
  /** Environment of the check command, already reduced. */
  environment: Readonly<Record<string, string>>;
  /** By which koubou's own programs are found; left out: by the PATH of the check. */
  ownPath?: string | undefined;
  /** Of the run. Its signal ends whatever still judges, its log gets the check's output. */
  lease: Lease;
}

export type Verification =
  | { ok: true; evidence: string | null }
  | {
      ok: false;
      error: ErrorInfo;
      /** What the next attempt should be told, or null where it would not help. */
      feedback: string | null;
    };

/** Never rejects for what the task or the model did; a task that cannot be verified as asked is what the error says. */
export const verifyResult = async (request: VerifyRequest): Promise<Verification> => {
  try {
    const verification = await verified(request);
    return verification.ok ? verification : explained(verification, request);
  } catch (error) {
    if (error instanceof KoubouError) return { ok: false, error: toErrorInfo(error), feedback: null };
    throw error;
  }
};

const verified = async (request: VerifyRequest): Promise<Verification> => {
  const { task, observed, outputPath, cwd } = request;
  const { signal } = request.lease;
  const { schema, expect = [], check, output } = task.options;
  const { changes } = request;
  const home = judgeHomes(changes?.homes ?? []);
  if (home !== null) return { ok: false, ...home };
  const seen = failureSeen(observed);
  if (seen !== null) return { ok: false, error: seen, feedback: null };
  const isModel = task.type !== 'command';
  if (isModel) {
    const fault = await faultOfText(outputPath, signal);
    if (fault !== null) return { ok: false, error: emptyInfo(observed, fault), feedback: null };
  }
  const evidence: string[] = isModel ? [] : ['exit 0'];

  if (schema !== undefined) {
    const verdict = await judge.ask('schema', { path: outputPath, schema }, signal);
    if (!verdict.fits) return { ok: false, error: verdict.error, feedback: verdict.feedback };
    evidence.push('schema');
  } else if (isModel) {
    if (await judge.ask('tool_call', { path: outputPath }, signal)) {
      const error = errorInfo('tool_call_as_text', 'The model printed a tool call in place of an answer.');
      return {
        ok: false,
        error,
        feedback: 'It was a tool call. There are no tools: answer with the result itself.',
      };
    }
  }

  if (task.type === 'code' && changes !== null) {
    const judged = judgeChanges(changes, cwd, request.run);
    if ('evidence' in judged) evidence.push(judged.evidence);
    else if (task.options.allow_no_change !== true) return { ok: false, ...judged };
  }

  const places = request.expectedPlaces;
  const missing = await unlessAborted(
    missingExpected({
      patterns: expect,
      cwd,
      output,
      asked: task.cwd,
      places,
      before: request.expectedBefore,
      signal,
    }),
    signal,
  );
  if (missing !== null) return { ok: false, error: missing, feedback: missing.message };
  if (expect.length > 0) evidence.push('expect');

  if (check !== undefined) {
    const verdict = await runCheck({ ...request, command: check, file: task.files[0]?.path });
    if (!verdict.accepted) return { ok: false, error: verdict.error, feedback: verdict.feedback };
    evidence.push('check');
  }
  return changes === null ? withTextEvidence(request, evidence) : accepted(evidence);
};

/**
 * Tokens. No server's context is so small that it would cut a shorter prompt, and some count only what they
 * had not cached, which of a short prompt behind a known system text is little.
 */
const LEAST_SUSPECTED = 512;

/** What already the runner's account of the run rules out. */
const failureSeen = (observed: Observed): ErrorInfo | null => {
  const { terminal, end, promptTokens, promptBytes, leastTokens } = observed;
  if (!terminal)
    return errorInfo('output_truncated', 'The runner ended without saying that its answer is whole.');
  if (end !== null && end.kind !== 'whole') return endInfo(end);
  // A prompt that the server had cached may be counted as 0 or not at all.
  if (promptTokens === null || promptTokens <= 0 || promptBytes === null) return null;
  const fewest = leastTokens ?? Math.ceil(fewestTokens(promptBytes) / 2);
  if (fewest < LEAST_SUSPECTED || promptTokens >= fewest) return null;
  return errorInfo(
    'prompt_truncated',
    `The server read ${promptTokens} tokens of a prompt that has at least ${fewest} (${promptBytes} bytes).`,
  );
};

const endInfo = ({ kind, said }: StreamEnd): ErrorInfo => {
  if (kind === 'cut') {
    return errorInfo('output_truncated', 'The model ran out of room in the middle of its answer.');
  }
  if (kind === 'call') {
    return errorInfo(
      'unknown_tool',
      `The model called a tool (${said}) in place of an answer; it was given none.`,
    );
  }
  return errorInfo(
    'output_truncated',
    `The server ended the answer for another reason than its end: ${said}.`,
    "Try again, or another model; the server's own log may say more.",
  );
};

const emptyInfo = ({ thinking }: Observed, fault: NonNullable<InkReader['fault']>): ErrorInfo => {
  if (fault !== 'nothing') {
    return errorInfo(
      'empty_output',
      `The model said the letter ${JSON.stringify(fault.repeated)} again and again, and nothing else.`,
      "Its file or its server may be broken: see the server's own log, or try another model.",
    );
  }
  return thinking === null
    ? errorInfo('empty_output', 'The model answered with nothing.')
    : errorInfo(
        'empty_output',
        'The model thought, but gave no answer.',
        say`Its thoughts are in ${action('logs')}; try ${field('set', 'think=false')}, or another model.`,
      );
};

type Refused = Extract<Verification, { ok: false }>;

/** With what was seen on the way: the reason where nothing was changed, and elsewhere a part of it. */
const explained = (refused: Refused, { observed, changes }: VerifyRequest): Refused => {
  const { trouble } = observed;
  if (trouble == null) return refused;
  const { error, feedback } = refused;
  const nothingChanged = changes !== null && changes.names.length === 0 && changes.trouble === undefined;
  if (error.code === 'no_evidence' && nothingChanged) {
    return {
      ok: false,
      error: { ...trouble, message: `${trouble.message} ${error.message}` },
      feedback: feedback === null ? null : `${trouble.message} ${feedback}`,
    };
  }
  // Some command fails in nearly every run; that one did says nothing of work that was done and refused.
  if (trouble.code === 'no_evidence') return refused;
  return {
    ok: false,
    error: { ...error, message: `${error.message}\nOn the way: ${trouble.message}` },
    feedback,
  };
};

/** A code task whose runner cannot write files: its text must hold the work, unless the caller's own check accepted it. */
const withTextEvidence = async (request: VerifyRequest, evidence: string[]): Promise<Verification> => {
  const { task, outputPath } = request;
  const { signal } = request.lease;
  if (task.type === 'code' && !evidence.includes('check') && !evidence.includes('schema')) {
    if (await judge.ask('code', { path: outputPath }, signal)) evidence.push('text');
    else if (task.options.allow_no_change !== true) {
      return {
        ok: false,
        error: errorInfo('no_evidence', 'The answer to a code task holds neither a code block nor a patch.'),
        // Also told to an agent that goes on, which is not to answer with blocks.
        feedback: 'It held no code.',
      };
    }
  }
  return accepted(evidence);
};

const accepted = (evidence: readonly string[]): Verification => ({
  ok: true,
  evidence: evidence.length === 0 ? null : evidence.join(', '),
});

const faultOfText = async (path: string, signal: AbortSignal): Promise<InkReader['fault']> => {
  const file = await openOwn(path, 'read');
  const ink = new InkReader();
  for await (const chunk of file.createReadStream({ encoding: 'utf8' })) {
    signal.throwIfAborted();
    if (ink.read(String(chunk))) break;
  }
  return ink.fault;
};
