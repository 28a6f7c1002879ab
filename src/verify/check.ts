/** --check: the caller's own command, run on the candidate before anybody sees it. */
import { resolve } from 'node:path';
import { type ErrorInfo, errorInfo, KoubouError, toErrorInfo } from '../errors.ts';
import type { Executor } from '../executor/executor.ts';
import { runProgram } from '../executor/run-program.ts';
import { appendOwn, openOwn, sizeOfOwn } from '../names/own-file.ts';
import type { Lease } from '../process/lease.ts';
import { findOwn } from '../process/programs/own-path.ts';
import type { ProgramEnd } from '../process/programs/start-program.ts';
import { action, field, say } from '../say/say.ts';

export interface CheckRequest {
  /** One string for `sh -c`. */
  command: string;
  /** Absolute. */
  cwd: string;
  /** The candidate: the command's standard input and $KOUBOU_OUTPUT. */
  outputPath: string;
  /** The task's first file, as it names it: $KOUBOU_FILE. */
  file: string | undefined;
  /** The command's environment, already reduced. */
  environment: Readonly<Record<string, string>>;
  /** As of ProgramOptions. */
  ownPath?: string | undefined;
  /** Where the command runs; asked for when it is about to. May reject with KoubouError. */
  executor: () => Promise<Executor>;
  /** Of the run. What the command prints is appended to its log, under a heading. */
  lease: Lease;
}

export type CheckResult =
  | { accepted: true }
  | {
      accepted: false;
      error: ErrorInfo /** The end of what the command printed. */;
      feedback: string | null;
    };

const FEEDBACK_BYTES = 4096;
const MESSAGE_LINES = 5;

/** Runs the command in a process group of its own; an abort stops all of it. */
export const runCheck = async (request: CheckRequest): Promise<CheckResult> => {
  const { command, cwd, outputPath, file, lease } = request;
  const { logPath, signal } = lease;
  const executor = await request.executor();
  await appendOwn(logPath, `\n--- check: ${command}\n`);
  const start = await sizeOfOwn(logPath);
  const said = await before(logPath, start);
  const path = request.ownPath ?? request.environment['PATH'];
  const sh = await findOwn('sh', { path, inside: [cwd] });
  const program = {
    command: sh?.program ?? '/bin/sh',
    args: ['-c', command],
    cwd,
    environment: {
      ...request.environment,
      KOUBOU_OUTPUT: executor.mapPath(outputPath),
      ...(file === undefined ? {} : { KOUBOU_FILE: executor.mapPath(resolve(cwd, file)) }),
    },
    ownPath: request.ownPath,
    stdin: { file: outputPath },
    stdoutPath: logPath,
    stderrPath: logPath,
  };
  const look = async (): Promise<void> => {
    const isKept = (await sizeOfOwn(logPath)) >= start && (await before(logPath, start)).equals(said);
    if (!isKept) throw overwritten();
  };
  const end = await runProgram(executor, lease, program, { look, everyMs: null, folder: null });
  if (signal.aborted) return { accepted: false, error: stopped(signal), feedback: null };
  if (end.exitCode === 0) return { accepted: true };
  return rejected(command, end, await tail(logPath, start), executor.kind !== 'local');
};

/** It has the log as its standard output, by which it could also write elsewhere in there. */
const overwritten = (): KoubouError =>
  new KoubouError('output_changed', 'The check wrote over what the log of the run said before.', {
    hint: 'What koubou had to say of the run may be gone with it: look at what the run changed before you use it.',
  });

const MOST_SAID_BYTES = 256 * 1024;

/** What koubou said of the run stands at the end of what lies before `end`. */
const before = async (path: string, end: number): Promise<Buffer> => {
  const file = await openOwn(path, 'read');
  try {
    const bytes = Buffer.alloc(Math.min(end, MOST_SAID_BYTES));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, end - bytes.length);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

const stopped = (signal: AbortSignal): ErrorInfo =>
  signal.reason instanceof KoubouError
    ? toErrorInfo(signal.reason)
    : errorInfo('cancelled', 'The check was stopped.');

/** A check that needs more than the model had fails of it, and says so in the words of whatever it could not have. */
const CONFINED = say`It ran in the sandbox of the work, without a network and with no writes beyond its folder; its output is in ${action('logs', 'ID')}. Where it needs more: ${field('check_outside')}, with your rights.`;

const rejected = (command: string, end: ProgramEnd, printed: string, confined: boolean): CheckResult => {
  const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was killed by ${end.signal}`;
  const shown = printed.split('\n').slice(-MESSAGE_LINES).join('\n');
  const said = printed === '' ? '.' : `:\n${shown}`;
  return {
    accepted: false,
    error: errorInfo(
      'check_failed',
      `The check \`${command}\` ${how}${said}`,
      confined ? CONFINED : undefined,
    ),
    feedback: `\`${command}\` ${how}${confined ? ' in your sandbox' : ''}${printed === '' ? '.' : `. It printed:\n${printed}`}`,
  };
};

/** The end of the file, of what lies after `start`; whole characters only. */
const tail = async (path: string, start: number): Promise<string> => {
  const file = await openOwn(path, 'read');
  try {
    const { size } = await file.stat();
    const from = Math.max(start, size - FEEDBACK_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FEEDBACK_BYTES), 0, FEEDBACK_BYTES, from);
    return new TextDecoder()
      .decode(buffer.subarray(0, bytesRead))
      .replace(/^\uFFFD+/, '')
      .trim();
  } finally {
    await file.close();
  }
};
