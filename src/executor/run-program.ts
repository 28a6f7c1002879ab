/** Starts a program of a run or of its check, and stays with it until nothing of what it started is left. */
import { noteOwn } from '../names/own-file.ts';
import type { Lease } from '../process/lease.ts';
import type { ProgramEnd, ProgramOptions } from '../process/programs/start-program.ts';
import { killMarked } from '../process/programs/stop-tree.ts';
import type { Executor } from './executor.ts';

export interface Attendance {
  /** Looks at what the program printed: every `everyMs`, never twice at once, and a last time when all of it has ended. */
  look: () => Promise<void>;
  /** Milliseconds; null: the last time alone. */
  everyMs: number | null;
  /** What asks the program to end by itself. */
  askSignal?: NodeJS.Signals;
  /** Absolute. Processes that write to files in there belong to the program. null: no such folder. */
  folder: string | null;
}

/**
 * Resolves when the program has ended and nothing of it is left; an abort of the lease's signal stops all of it. Rejects with
 * what `look` threw, after the program was stopped; with `guard_lost` where its sandbox did not hold; and as Executor.start.
 */
export const runProgram = async (
  executor: Executor,
  lease: Lease,
  options: Omit<ProgramOptions, 'lease'>,
  { look, everyMs, askSignal = 'SIGTERM', folder }: Attendance,
): Promise<ProgramEnd> => {
  const { signal, marker, logPath } = lease;
  const program = await executor.start({ ...options, lease });
  const files = { since: program.pid, given: program.given, folder };
  const stop = (): Promise<unknown> => executor.stop({ ...program, marker, files, askSignal });
  let stopping: Promise<unknown> | undefined;
  const onAbort = (): void => {
    stopping = stop();
  };
  const looks = new Looks(look, everyMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await lease.recordChild({ pid: program.pid, startTime: program.startTime });
    if (signal.aborted && stopping === undefined) onAbort();
    const end = await Promise.race([program.ended, looks.broken]);
    // What it left in the background has nobody who would ever stop it, and could change what is judged.
    await killMarked(marker, files);
    try {
      await looks.last();
    } finally {
      await noteOwn(logPath, end.notes ?? []);
    }
    if (end.broken !== undefined) throw end.broken;
    return end;
  } catch (error) {
    await stop();
    throw error;
  } finally {
    looks.end();
    signal.removeEventListener('abort', onAbort);
    // The program may have ended at once; what it started may not have.
    await stopping;
  }
};

class Looks {
  /** Rejects with what a look threw; never resolves. */
  readonly broken: Promise<never>;
  readonly #look: () => Promise<void>;
  readonly #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(look: () => Promise<void>, everyMs: number | null) {
    this.#look = look;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.broken = promise;
    if (everyMs === null) return;
    this.#timer = setInterval(() => {
      this.#looking ??= look()
        .catch(reject)
        .finally(() => {
          this.#looking = undefined;
        });
    }, everyMs);
  }

  async last(): Promise<void> {
    this.end();
    await this.#looking;
    await this.#look();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
