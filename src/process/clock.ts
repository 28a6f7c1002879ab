/** The one clock of the program. The app passes it to all code that waits or reads the time, so that a test can move it. */
export interface Clock {
  /** Milliseconds. Only goes forward, also if the wall clock is set, and is the same in all processes of one boot. */
  readonly steadyMs: () => number;
  /** Milliseconds since 1970. Anybody may set it, also back. */
  readonly wallMs: () => number;
  /** Resolves earlier when the signal aborts; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  steadyMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
    }),
};

type Sleeping = Pick<Clock, 'sleep'>;

/** Calls back once. Answers with how to cancel it. */
export const after = ({ sleep }: Sleeping, ms: number, act: () => void): (() => void) => {
  const cancelled = new AbortController();
  void sleep(ms, cancelled.signal).then(() => {
    if (!cancelled.signal.aborted) act();
  });
  return () => cancelled.abort();
};

/** Calls back again and again, `ms` after the last call has settled: a slow disk piles nothing up. `act` never rejects. */
export const every = ({ sleep }: Sleeping, ms: number, act: () => Promise<void>): (() => void) => {
  const cancelled = new AbortController();
  const repeat = async (): Promise<void> => {
    for (;;) {
      await sleep(ms, cancelled.signal);
      if (cancelled.signal.aborted) return;
      await act();
    }
  };
  void repeat();
  return () => cancelled.abort();
};
