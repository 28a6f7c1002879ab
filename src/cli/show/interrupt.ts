import { constants } from 'node:os';

/** Ctrl-C, and what `timeout` and callers with a time limit send. SIGHUP is left alone: under nohup it is ignored. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** As a shell tells of a process that a signal ended. */
const exitCodeOf = (name: (typeof SIGNALS)[number]): number => 128 + constants.signals[name];

/**
 * A signal that aborts at the first Ctrl-C or SIGTERM, with the exit code as its reason; a second one ends the
 * process. The listeners stay: packages that listen as well (signal-exit, below execa) end the process where they find
 * themselves alone.
 */
export function untilInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodeOf(name));
      controller.abort(exitCodeOf(name));
    });
  return controller.signal;
}
