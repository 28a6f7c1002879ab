/** Runs a program, without a shell. What it prints is the result; an exit with 0 is its proof. */
import { type ErrorInfo, errorInfo } from '../../errors.ts';
import { attachedPlaces } from '../../executor/attached-places.ts';
import { confinedExecutor } from '../../executor/confine.ts';
import type { Executor } from '../../executor/executor.ts';
import { localExecutor } from '../../executor/local.ts';
import { runProgram } from '../../executor/run-program.ts';
import { openOwn, sizeOfOwn } from '../../names/own-file.ts';
import type { ProgramEnd, ProgramOptions } from '../../process/programs/start-program.ts';
import { action, say } from '../../say/say.ts';
import { programEnvironment } from '../../task/environment.ts';
import type { TaskFile } from '../../task/record.ts';
import { RUNNER_KINDS } from '../../task/runner-kinds.ts';
import { failedOutcome, stoppedInfo } from '../failure.ts';
import type { Health, RunContext, Runner, RunnerOutcome } from '../runner.ts';
import { hasRoom } from './disk-space.ts';

type Program = Omit<ProgramOptions, 'lease'>;

export interface CommandOptions {
  name: string;
  /** The whole environment of the programs, already reduced. */
  environment: Readonly<Record<string, string>>;
  /** koubou's own folder, and where the keys of this user's homes may lie: no confined program sees them. */
  home: string | null;
  keys: readonly string[];
  /** That the config names by their place. */
  programs?: readonly string[];
  /** As of ConfineOptions. */
  naming?: Readonly<Record<string, string | undefined>>;
  /** Whether the disk of a path takes more; for tests. */
  hasRoom?: (path: string) => Promise<boolean>;
}

/** Between two looks at how much was printed. */
const PROGRESS_MS = 1000;
const TAIL_BYTES = 4096;
const TAIL_LINES = 10;
const TAIL_LINE_LENGTH = 300;

const FACTS = { model: null, endpoint: null, usage: null };

export class CommandRunner implements Runner {
  readonly name: string;
  readonly staysLocal = RUNNER_KINDS.command.staysLocal;
  readonly changesFiles = RUNNER_KINDS.command.changesFiles;
  readonly endpoint = null;
  readonly defaultModel = null;
  readonly #options: CommandOptions;
  readonly #hasRoom: (path: string) => Promise<boolean>;

  constructor(options: CommandOptions) {
    this.name = options.name;
    this.#options = options;
    this.#hasRoom = options.hasRoom ?? hasRoom;
  }

  check(): Promise<Health> {
    return Promise.resolve({ ok: true, message: 'Programs are run directly, without a shell.', error: null });
  }

  async run(task: TaskFile, context: RunContext): Promise<RunnerOutcome> {
    try {
      context.lease.signal.throwIfAborted();
      const [command, ...args] = task.command;
      if (command === undefined) return failed(errorInfo('usage', 'The task names no program.'));
      const logStart = await sizeOfOwn(context.lease.logPath);
      const executor = await this.#executor(task, context);
      const program: Program = {
        command,
        args,
        cwd: context.cwd,
        environment: programEnvironment(this.#options.environment, task),
        ownPath: this.#options.environment['PATH'],
        stdin: 'closed',
        stdoutPath: context.outputPath,
        stderrPath: context.lease.logPath,
      };
      const end = await attended(program, executor, context, this.#hasRoom);
      if (context.lease.signal.aborted) return failed(stoppedInfo(context.lease.signal));
      // Charged: a program is not run again unasked, however it ended.
      if (!end.hadRoom) return failed(noRoomInfo(task.command, end), true);
      if (end.exitCode !== 0) return failed(await endInfo(task.command, end, context, logStart));
      return { ok: true, observed: OBSERVED, ...FACTS };
    } catch (error) {
      return failedOutcome(error, context.lease.signal, FACTS);
    }
  }

  /** Throws KoubouError `not_allowed` where it has to be confined and cannot be. */
  async #executor(task: TaskFile, { cwd, statePath }: RunContext): Promise<Executor> {
    if (task.confined !== true) return localExecutor;
    const place = { cwd, statePath, own: [], attached: attachedPlaces(task), staysLocal: false };
    return confinedExecutor(place, { ...this.#options, network: 'none', writes: 'project' });
  }
}

const OBSERVED = {
  terminal: true,
  end: null,
  promptTokens: null,
  promptBytes: null,
  thinking: null,
  remoteHost: null,
};

const failed = (error: ErrorInfo, charged: boolean | null = null): RunnerOutcome => ({
  ok: false,
  error,
  retryAfter: null,
  charged,
  ...FACTS,
});

/** Tells of what is printed, looks whether there is room for more of it, and waits for the end. */
const attended = async (
  program: Program,
  executor: Executor,
  context: RunContext,
  hasRoomAt: (path: string) => Promise<boolean>,
): Promise<ProgramEnd & { hadRoom: boolean }> => {
  const { outputPath, lease } = context;
  let seen = 0;
  let hadRoom = true;
  const look = async (): Promise<void> => {
    const size = (await sizeOfOwn(outputPath)) + (await sizeOfOwn(lease.logPath));
    if (size > seen) lease.progress(size - seen);
    seen = Math.max(seen, size);
    hadRoom &&= await hasRoomAt(outputPath);
  };
  const end = await runProgram(executor, lease, program, {
    look,
    everyMs: PROGRESS_MS,
    folder: context.statePath,
  });
  return { ...end, hadRoom };
};

const endInfo = async (
  command: readonly string[],
  end: ProgramEnd,
  context: RunContext,
  logStart: number,
): Promise<ErrorInfo> => {
  const errors = await lastLines(context.lease.logPath, logStart);
  const said = errors === '' ? await lastLines(context.outputPath, 0) : errors;
  return errorInfo('exit_nonzero', `${shown(command)} ${howItEnded(end)}${said === '' ? '.' : `:\n${said}`}`);
};

const noRoomInfo = (command: readonly string[], end: ProgramEnd): ErrorInfo =>
  errorInfo(
    'disk_full',
    `${shown(command)} ${howItEnded(end)} while the disk was full: what it printed may not be whole.`,
    say`Free some space, then ${action('retry')} runs it again.`,
  );

const howItEnded = ({ exitCode, signal }: ProgramEnd): string =>
  signal === null ? `ended with exit code ${exitCode}` : `was killed by ${signal}`;

const shown = (command: readonly string[]): string => {
  const words = command.join(' ');
  return words.length > 80 ? `${words.slice(0, 79)}…` : words;
};

const cut = (line: string): string =>
  line.length > TAIL_LINE_LENGTH ? `${line.slice(0, TAIL_LINE_LENGTH - 1)}…` : line;

/** A piece may begin within a letter. */
const textFrom = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/^\uFFFD+/, '');

/** The last lines of what was written after `start`, bounded. */
const lastLines = async (path: string, start: number): Promise<string> => {
  const file = await openOwn(path, 'read');
  try {
    const { size } = await file.stat();
    const from = Math.max(start, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
    const lines = textFrom(buffer.subarray(0, bytesRead)).trimEnd().split('\n');
    return lines.slice(-TAIL_LINES).map(cut).join('\n').trim();
  } finally {
    await file.close();
  }
};
