/**
 * Starts programs: in their own process group, with files as output, so that a child that prints 1 GB
 * costs no memory, and on Linux bound to this process's life, so that a killed daemon leaves no runner.
 */
import { access, constants, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { isShortage, KoubouError, systemCode } from '../../errors.ts';
import { openOwn } from '../../names/own-file.ts';
import { type Lease, lostLease } from '../lease.ts';
import { startTimeOf } from '../liveness.ts';
import { requireProgram } from './find-program.ts';
import { fileIdentity } from './holders.ts';
import { findOwn, type Sought } from './own-path.ts';

export interface ProgramOptions {
  command: string;
  args: readonly string[];
  /** Absolute. */
  cwd: string;
  /** The whole environment of the child, already reduced. */
  environment: Readonly<Record<string, string>>;
  /** By which koubou's own programs are found, where somebody else said the PATH of the child; left out: by that one. */
  ownPath?: string | undefined;
  /** An open pipe that nobody writes to makes some programs wait for ever, so there is no such choice. */
  stdin: 'closed' | { text: string } | { file: string };
  /** Appended to; made when missing. */
  stdoutPath: string;
  /** Appended to; may be the same file as stdoutPath. */
  stderrPath: string;
  /** Its descriptor 3 is a pipe, of which `said` tells; it has to close it while it runs. */
  says?: true;
  /** What it reads from its descriptor 4, to the end. */
  gives?: Uint8Array;
  /** With `says`: descriptors that it gets, from 5 on. They stay open here. */
  holds?: readonly number[];
  /** Of the run that it belongs to: without it nothing is started, on Linux also after the last look of this process; null: of no run. */
  lease: Pick<Lease, 'marker' | 'folder' | 'assertOwned'> | null;
  /** Awaited when nothing is left but to start it, after a last look at the lease; where it rejects nothing is started. */
  before?: () => Promise<void>;
}

export interface ProgramEnd {
  exitCode: number | null;
  /** The signal that ended it: `SIGKILL`, … */
  signal: string | null;
  /** Of a confined program: why its end, whatever it was, counts for nothing. */
  broken?: KoubouError;
  /** Of a confined program: what the log of the run has to say of it. */
  notes?: readonly string[];
}

export interface RunningProgram {
  /** Also the id of its process group. */
  pid: number;
  /** As startTimeOf gives it; null when the program had already ended, or where that could not be seen. */
  startTime: string | null;
  /** The files that were opened for it, as fileIdentity names them. */
  given: ReadonlySet<string>;
  /** Never rejects. */
  ended: Promise<ProgramEnd>;
  /** What it wrote to descriptor 3, once it closed that; empty without `says` and `gives`. Never rejects. */
  said: Promise<string>;
}

/**
 * Starts a program. Throws KoubouError: `no_program` when there is no such program or it is not executable,
 * `conflict` when there is no such folder, `usage` for arguments that are too long, `disk_full` when its output cannot be
 * written, `worker_lost` without the lease; the system's own error where the machine has no descriptor or process to spare.
 */
export const startProgram = async (options: ProgramOptions): Promise<RunningProgram> => {
  const { command, args, cwd, environment, lease } = options;
  // In front of the program stands setpriv: without this look a missing program would be its exit 127.
  await requireProgram(command, cwd, environment['PATH']);
  const sought = { path: options.ownPath ?? environment['PATH'], inside: [cwd] };
  const wrapper = await deathWrapper(sought);
  const moving = lease?.folder === undefined ? [] : await movingTo(cwd, sought);
  // Else a folder that may not be entered would be an exit of env with 125.
  if (moving.length > 0) {
    await access(cwd, constants.X_OK).catch((cause: unknown) => {
      throw startFailure(command, cause);
    });
  }
  const [file, ...rest] = [...moving, ...wrapper, command, ...args] as [string, ...string[]];
  refuseTooLong(command, args);
  const { execa } = await import('execa');
  const files = await openFiles(options);
  try {
    const given = await identitiesOf(files);
    await lease?.assertOwned();
    await options.before?.();
    const child = execa(file, rest, {
      cwd: moving.length === 0 ? cwd : lease?.folder,
      env: lease === null ? { ...environment } : { ...environment, KOUBOU_RUN: lease.marker },
      extendEnv: false,
      ...(typeof options.stdin === 'object' && 'text' in options.stdin ? { input: options.stdin.text } : {}),
      stdio: [
        stdinOf(options.stdin, files.stdin),
        descriptor(files.stdout),
        descriptor(files.stderr),
        ...(options.says || options.gives ? (['pipe'] as const) : []),
        ...(options.gives ? [options.gives] : options.holds ? ['ignore' as const] : []),
        ...((options.holds ?? []) as readonly Descriptor[]),
      ],
      buffer: false,
      reject: false,
      detached: true,
      cleanup: false,
    });
    const pid = child.pid;
    if (pid === undefined) throw lostLease(lease?.folder) ?? startFailure(command, (await child).cause);
    const said = textOf(child.stdio[3]);
    const startTime = startTimeOrNull(pid);
    const ended = child.then((result) => ({
      exitCode: result.exitCode ?? null,
      signal: result.signal ?? null,
    }));
    return { pid, startTime, given, ended, said };
  } finally {
    await Promise.all([files.stdout.close(), files.stderr.close(), files.stdin?.close()]);
  }
};

/**
 * A program that begins in the lease does not start after the lease has gone. Nothing in that folder is used: a program that may
 * write in the home can replace it with a link, and then the lease only looks held.
 */
const movingTo = async (cwd: string, sought: Sought): Promise<string[]> => {
  if (process.platform !== 'linux') return [];
  const env = (await findOwn('env', sought))?.program;
  return env !== undefined && (await worksOnce(env, ['-C', '/', env, '--version'])) ? [env, '-C', cwd] : [];
};

// It runs already, and its marker finds it too: what cannot be seen of it now is no reason to fail.
const startTimeOrNull = (pid: number): string | null => {
  try {
    return startTimeOf(pid);
  } catch (error) {
    if (isShortage(error)) return null;
    throw error;
  }
};

const stdinOf = (
  stdin: ProgramOptions['stdin'],
  file: FileHandle | undefined,
): 'ignore' | 'pipe' | Descriptor => {
  if (stdin !== 'closed' && 'text' in stdin) return 'pipe';
  return file === undefined ? 'ignore' : descriptor(file);
};

const textOf = async (stream: unknown): Promise<string> => {
  if (!(stream instanceof Readable)) return '';
  const { text } = await import('node:stream/consumers');
  return text(stream).catch(() => '');
};

// execa takes any descriptor; its types name the first few only.
type Descriptor = 3;
const descriptor = (file: FileHandle): Descriptor => file.fd as Descriptor;

interface Files {
  stdout: FileHandle;
  stderr: FileHandle;
  stdin: FileHandle | undefined;
}

const openFiles = async ({ stdin, stdoutPath, stderrPath }: ProgramOptions): Promise<Files> => {
  const opened = await Promise.allSettled([
    openOwn(stdoutPath, 'append'),
    openOwn(stderrPath, 'append'),
    typeof stdin === 'object' && 'file' in stdin ? openOwn(stdin.file, 'read') : undefined,
  ]);
  const [stdout, stderr, input] = opened;
  if (stdout.status === 'fulfilled' && stderr.status === 'fulfilled' && input.status === 'fulfilled') {
    return { stdout: stdout.value, stderr: stderr.value, stdin: input.value };
  }
  for (const each of opened) if (each.status === 'fulfilled') await each.value?.close();
  const cause: unknown = opened.find((each) => each.status === 'rejected')?.reason;
  if (systemCode(cause) === 'ENOSPC') {
    throw new KoubouError('disk_full', 'The disk is full: the output of a program has no place.', { cause });
  }
  throw cause;
};

const identitiesOf = async ({ stdout, stderr, stdin }: Files): Promise<Set<string>> => {
  const opened = [stdout, stderr, ...(stdin === undefined ? [] : [stdin])];
  const facts = await Promise.all(opened.map((file) => file.stat({ bigint: true })));
  return new Set(facts.flatMap((each) => fileIdentity(each) ?? []));
};

/** Linux: MAX_ARG_STRLEN for one word and 3/4 of _STK_LIM for all (execve(2)); macOS: ARG_MAX for all. */
const LONGEST =
  process.platform === 'linux' ? { word: 128 * 1024, all: 6 * 2 ** 20 } : { word: 2 ** 20, all: 2 ** 20 };

/** Said here, as execa looks at each word with patterns, whose stack some megabytes overflow. */
const refuseTooLong = (command: string, args: readonly string[]): void => {
  const lengths = args.map((word) => Buffer.byteLength(word) + 1);
  if (
    lengths.every((each) => each <= LONGEST.word) &&
    lengths.reduce((sum, each) => sum + each, 0) <= LONGEST.all
  )
    return;
  throw startFailure(command, Object.assign(new Error('E2BIG'), { code: 'E2BIG' }));
};

const NOT_AS_ASKED: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist, or the interpreter in its first line does not',
  EACCES: 'permission denied',
  ENOEXEC: 'it is not a program of this machine',
  E2BIG: 'its arguments and environment are too long; pass data in a file',
};

const startFailure = (command: string, cause: unknown): Error => {
  const code = systemCode(cause);
  const why = code === undefined ? undefined : NOT_AS_ASKED[code];
  if (why !== undefined) {
    return new KoubouError(
      code === 'E2BIG' ? 'usage' : 'no_program',
      `"${command}" could not be started: ${why}.`,
      {
        hint: 'Try the same command in a shell, in the same folder.',
        cause,
      },
    );
  }
  // Whoever runs it says what that means for the task.
  if (isShortage(cause)) return cause as Error;
  const words = cause instanceof Error ? cause.message : 'for an unknown reason';
  return new KoubouError('internal', `"${command}" could not be started: ${words}`, { cause });
};

const DEATH_WRAPPER = ['--pdeathsig', 'KILL', '--'];
const deathWrapper = async (sought: Sought): Promise<string[]> => {
  if (process.platform !== 'linux') return [];
  const setpriv = (await findOwn('setpriv', sought))?.program;
  if (setpriv === undefined) return [];
  const works = await worksOnce(setpriv, [...DEATH_WRAPPER, setpriv, '--version']);
  return works ? [setpriv, ...DEATH_WRAPPER] : [];
};

/** By the program: the same one answers the same. */
const known = new Map<string, Promise<boolean>>();

/** Busybox has programs of these names that do not know the flags: they would fail every run. */
const worksOnce = (program: string, args: readonly string[]): Promise<boolean> => {
  const works = known.get(program) ?? tryProgram(program, args);
  known.set(program, works);
  return works;
};

const tryProgram = async (program: string, args: readonly string[]): Promise<boolean> => {
  const { execa } = await import('execa');
  const tried = await execa(program, args, { stdio: 'ignore', reject: false });
  return tried.exitCode === 0;
};
