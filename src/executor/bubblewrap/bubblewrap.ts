/**
 * Programs in bubblewrap: they see the file system read-only, with what is hidden covered and what is writable mounted
 * over it, and have processes, IPC, /tmp and /dev of their own. Its process is the one that is recorded: what is in
 * there ends with it, whatever it called itself or whichever session it made.
 */
import { lstat, unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { KoubouError } from '../../errors.ts';
import { startTimeOf } from '../../process/liveness.ts';
import { requireProgram } from '../../process/programs/find-program.ts';
import {
  type ProgramEnd,
  type ProgramOptions,
  type RunningProgram,
  startProgram,
} from '../../process/programs/start-program.ts';
import { type StopOptions, type Stopped, stopTree } from '../../process/programs/stop-tree.ts';
import type { Confinement, Executor } from '../executor.ts';
import { Guards, watchedOver } from '../guarded/guards.ts';
import { HeldPlaces } from './held-places.ts';
import { judgeLeft } from './left-behind.ts';
import { mountsOf } from './mounts.ts';
import { forwarder } from './relay-forwarder.ts';
import { systemCallFilter } from './seccomp.ts';

const NAMESPACES = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'];
/** Its end kills what is in there; a session of its own keeps that from typing into a terminal (TIOCSTI). */
const TIES = ['--die-with-parent', '--new-session'];
/** The descriptor at which it finds the filter of system calls, as `gives` of startProgram. */
const FILTER = ['--seccomp', '4'];
/**
 * root keeps its capabilities in bubblewrap, and could take every mount away. These are about the owners of files alone,
 * so that root goes on working in the files of others.
 */
const OF_ROOT = ['--cap-drop', 'ALL'].concat(
  ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID'].flatMap((name) => ['--cap-add', name]),
);
/** Of its own: X11, agents of keys and terminals have their sockets there. */
const TEMPORARY = '/tmp';

export const bubblewrapExecutor = (bwrap: string, confinement: Confinement): Executor => ({
  kind: 'bubblewrap',
  start: (options) => start(bwrap, confinement, options),
  stop,
  mapPath: (path) => path,
});

const start = async (
  bwrap: string,
  confinement: Confinement,
  options: ProgramOptions,
): Promise<RunningProgram> => {
  const { command, args, cwd, environment } = options;
  // Else its absence would be bubblewrap's failure.
  await requireProgram(command, cwd, environment['PATH']);
  const { network } = confinement;
  const places = await HeldPlaces.of(bwrap);
  const guards = new Guards(confinement.protected);
  const starting = async (): Promise<RunningProgram> =>
    startProgram({
      ...options,
      command: bwrap,
      says: true,
      gives: filter(network === 'all'),
      holds: places.descriptors,
      before: async () => {
        await options.before?.();
        places.requireThere();
      },
      args: [
        '--info-fd',
        '3',
        ...(await bubblewrapArguments(confinement, cwd, places)),
        '--',
        ...(typeof network === 'object' ? forwarder(network) : []),
        command,
        ...args,
      ],
      environment: { ...environment, ...(environment['TMPDIR'] === undefined ? {} : { TMPDIR: TEMPORARY }) },
    });
  try {
    const program = await starting().catch((error: unknown) => {
      guards.close();
      throw error;
    });
    // Bound to it, everything in there ends with bubblewrap itself.
    const kill = (): void => killQuietly(program.pid);
    const watched = watchedOver({ ...program, ended: goneWith(program) }, guards, kill);
    return { ...watched, ended: judgedAfter(watched, confinement, [...places.covered]) };
  } finally {
    places.close();
  }
};

/** Throws KoubouError `not_allowed` for a processor of which the system calls are not known. */
export const filter = (allFamilies = false): Buffer => {
  const found = systemCallFilter(process.arch, { allFamilies });
  if (found !== undefined) return found;
  throw new KoubouError('not_allowed', `koubou has no filter of system calls for ${process.arch}.`);
};

/** To be started with `gives: filter()`. */
export const bubblewrapArguments = async (
  confinement: Confinement,
  cwd: string,
  places: HeldPlaces,
): Promise<string[]> => [
  ...NAMESPACES,
  ...FILTER,
  ...(confinement.network === 'all' ? [] : ['--unshare-net']),
  ...TIES,
  ...(process.getuid?.() === 0 ? OF_ROOT : []),
  ...(await mountsOf(confinement, places)),
  '--chdir',
  cwd,
];

const LOOK_MS = 2;
const GONE_MS = 2000;

/** The kernel ends the rest when bubblewrap ends; what is written after that must not be said to be checked. */
const goneWith = async ({ said, ended }: RunningProgram): Promise<ProgramEnd> => {
  const first = firstProcess(await said);
  const end = await ended;
  const limit = performance.now() + GONE_MS;
  while (first !== undefined && isThere(first) && performance.now() < limit) await delay(LOOK_MS);
  return end;
};

const judgedAfter = async (
  { ended }: RunningProgram,
  confinement: Confinement,
  covered: readonly string[],
): Promise<ProgramEnd> => {
  const end = await ended;
  await Promise.all(covered.map(removeMade));
  return { ...(await judgeLeft(confinement)), ...end };
};

/** What bubblewrap makes to mount over, where what was to be hidden went as it started, such as a socket of the user's. */
const MADE_MODE = 0o444;
export const removeMade = async (path: string): Promise<void> => {
  const facts = await lstat(path).catch(() => undefined);
  const isMade = facts?.isFile() === true && facts.size === 0 && (facts.mode & 0o777) === MADE_MODE;
  if (isMade) await unlink(path).catch(() => undefined);
};

const killQuietly = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
};

/** The first process in there: when it is gone, so is everything else. */
const firstProcess = (said: string): { pid: number; startTime: string } | undefined => {
  const pid = Number(/"child-pid":\s*(\d+)/.exec(said)?.[1] ?? 0);
  const startTime = pid > 1 ? startTimeOf(pid) : null;
  return startTime === null ? undefined : { pid, startTime };
};

const isThere = ({ pid, startTime }: { pid: number; startTime: string }): boolean =>
  startTimeOf(pid) === startTime;

/** Asked are the programs in there: bubblewrap itself would end at once, and they with it. */
const stop = (options: StopOptions): Promise<Stopped> => stopTree({ ...options, sparesLeader: true });
