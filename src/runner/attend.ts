/** Stays with a program that runs: tells of progress, and stops the whole tree when the attempt must end. */
import type { Executor } from '../executor/executor.ts';
import { localExecutor } from '../executor/local.ts';
import { noteOwn } from '../names/own-file.ts';
import type { ProgramEnd, RunningProgram } from '../process/spawn.ts';
import { killMarked } from '../process/stop-tree.ts';
import type { RunContext } from './runner.ts';

export interface Attendance {
  /** Looks at what the program printed; called every `everyMs`, never twice at once, and a last time after the end. */
  look: () => Promise<void>;
  everyMs: number;
  /** What asks the program to end by itself. */
  askSignal?: NodeJS.Signals;
  /** Which started it. */
  executor?: Pick<Executor, 'stop'>;
}

/** Resolves when the program has ended and nothing of it is left. Rejects with what `look` threw; then it is stopped. Throws
 * KoubouError `guard_lost` where its sandbox did not hold. */
export const attend = async (
  program: RunningProgram,
  context: Pick<RunContext, 'signal' | 'marker' | 'childStarted' | 'logPath' | 'statePath'>,
  { look, everyMs, askSignal = 'SIGTERM', executor = localExecutor }: Attendance,
): Promise<ProgramEnd> => {
  const { signal, marker, logPath, statePath } = context;
  const files = { since: program.pid, given: program.given, folder: statePath };
  const stop = (): Promise<unknown> => executor.stop({ ...program, marker, files, askSignal });
  let stopping: Promise<unknown> | undefined;
  const onAbort = (): void => {
    stopping = stop();
  };
  let looking: Promise<void> | undefined;
  const { promise: broken, reject } = Promise.withResolvers<never>();
  broken.catch(() => undefined);
  const timer = setInterval(() => {
    looking ??= look()
      .catch(reject)
      .finally(() => {
        looking = undefined;
      });
  }, everyMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await context.childStarted({ pid: program.pid, startTime: program.startTime });
    if (signal.aborted && stopping === undefined) onAbort();
    const end = await Promise.race([program.ended, broken]);
    // What it left in the background has nobody who would ever stop it.
    await killMarked(marker, files);
    clearInterval(timer);
    await looking;
    await look();
    await noteOwn(logPath, end.notes ?? []);
    if (end.broken !== undefined) throw end.broken;
    return end;
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', onAbort);
    // The program may have ended at once; what it started may not have.
    await stopping;
  }
};
