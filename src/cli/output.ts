import { writeSync } from 'node:fs';

/** Thrown where the reader of stdout has gone (`koubou list | head -1`): nothing more is wanted, nothing failed. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

type Standard = 'stdout' | 'stderr';

const descriptors = { stdout: 1, stderr: 2 } as const;
const streams: Partial<Record<Standard, NodeJS.WriteStream>> = {};

/**
 * Resolves when the system has taken the text, so that a slow reader slows the writer down.
 *
 * Written straight to the descriptor: to touch `process.stdout` loads all of Node's streams and sockets, which
 * takes longer than most commands run. The stream takes over, for good, when the descriptor asks for patience.
 */
export async function write(to: Standard, text: string): Promise<void> {
  let rest: Uint8Array = Buffer.from(text);
  try {
    while (rest.length > 0 && !streams[to]) rest = rest.subarray(writeSync(descriptors[to], rest));
  } catch (error) {
    if (!hasCode(error, 'EAGAIN')) throw asClosed(error);
  }
  if (rest.length > 0) await writeToStream(to, rest);
}

function writeToStream(to: Standard, bytes: Uint8Array): Promise<void> {
  const stream = streams[to] ?? process[to];
  // A write that fails is told to its writer; without a listener it would also end the process.
  if (!streams[to]) stream.on('error', () => {});
  streams[to] = stream;
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(asClosed(error)) : resolve()));
  });
}

function asClosed(error: unknown): unknown {
  return hasCode(error, 'EPIPE', 'ERR_STREAM_DESTROYED')
    ? new OutputClosed('the reader of the output has gone', { cause: error })
    : error;
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
