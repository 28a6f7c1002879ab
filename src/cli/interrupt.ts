/** A signal that aborts at the first Ctrl-C; a second one ends the process as usual. */
export function untilInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return controller.signal;
}
