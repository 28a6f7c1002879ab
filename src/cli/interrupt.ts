/**
 * A signal that aborts at the first Ctrl-C; a second one ends the process. The listener stays: packages that
 * listen as well (signal-exit, below execa) end the process where they find themselves alone.
 */
export function untilInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
  return controller.signal;
}
