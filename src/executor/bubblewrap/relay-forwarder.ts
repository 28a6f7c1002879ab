/**
 * The first program of a sandbox whose only network is koubou's relay: it takes the connections at a loopback port in
 * there to the Unix socket at which koubou listens outside, and starts the program proper.
 */

/** By which koubou's Node runs it. Words of the program that it starts follow. */
export const forwarder = ({ relaySocket, port }: { relaySocket: string; port: number }): string[] => [
  process.execPath,
  '--eval',
  `(${forward.toString()})()`,
  '--',
  String(port),
  relaySocket,
];

/** Runs as text, in a process of its own: it can use nothing from outside itself. */
const forward = (): void => {
  const { connect, createServer } = process.getBuiltinModule('node:net');
  const { spawn } = process.getBuiltinModule('node:child_process');
  const [port, path = '', command = '', ...args] = process.argv.slice(1);
  // Those who end the program proper send them to all; this one ends with it.
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(name, () => undefined);
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ path, allowHalfOpen: true });
    inner.pipe(outer).pipe(inner);
    inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
  });
  server.listen(Number(port), '127.0.0.1', () => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.on('error', () => process.exit(127));
    child.on('exit', (code, signal) => {
      const { constants } = process.getBuiltinModule('node:os');
      process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
};
