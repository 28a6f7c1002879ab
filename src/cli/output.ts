/**
 * The one door to the terminal. What koubou prints holds words of models, files, agents and servers, and a terminal
 * obeys much of what is written to it: so only what it shows goes there. Pipes and files get the bytes.
 */
import { fstatSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { harmless, mayBeObeyed } from '../text/harmless.ts';
import { partsOf } from './drawn.ts';

/** Thrown where the reader of stdout has gone (`koubou list | head -1`): nothing more is wanted, nothing failed. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Thrown where the system does not take what is printed, as on a full disk: the command itself may have done its work. */
export class OutputFailed extends Error {
  override readonly name = 'OutputFailed';
}

type Standard = 'stdout' | 'stderr';

const descriptors = { stdout: 1, stderr: 2 } as const;
const streams: Partial<Record<Standard, NodeJS.WriteStream>> = {};

/** Resolves when the system has taken the text, so that a slow reader slows the writer down. */
export const write = (to: Standard, text: string): Promise<void> =>
  put(to, Buffer.from(mayBeObeyed(text) && mayBeTerminal(to) ? harmless(text) : text));

/** Text that was drawn with a Screen: its colours and movements are obeyed, what else is in it is shown as by `write`. */
export const writeDrawn = (to: Standard, text: string): Promise<void> => {
  const isTerminal = mayBeTerminal(to);
  const parts = partsOf(text).map(({ sequence, shown }) =>
    sequence !== undefined ? (isTerminal ? sequence : '') : isTerminal ? harmless(shown) : shown,
  );
  return put(to, Buffer.from(parts.join('')));
};

/** Bytes that need not be text, in pieces that may end within a character. */
export class ByteOutput {
  readonly #decoder = new StringDecoder();
  readonly #screen = mayBeTerminal('stdout');

  write(bytes: Uint8Array): Promise<void> {
    return this.#screen ? write('stdout', this.#decoder.write(Buffer.from(bytes))) : put('stdout', bytes);
  }

  async end(): Promise<void> {
    if (this.#screen) await write('stdout', this.#decoder.end());
  }
}

/** Every terminal is a character device; to ask more would load Node's sockets, and /dev/null does not mind. */
const mayBeTerminal = (to: Standard): boolean => {
  try {
    return fstatSync(descriptors[to]).isCharacterDevice();
  } catch {
    return false;
  }
};

/**
 * Written straight to the descriptor: to touch `process.stdout` loads all of Node's streams and sockets, which
 * takes longer than most commands run. The stream takes over, for good, when the descriptor asks for patience.
 */
async function put(to: Standard, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
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

function asClosed(error: unknown): Error {
  if (hasCode(error, 'EPIPE', 'ERR_STREAM_DESTROYED')) {
    return new OutputClosed('the reader of the output has gone', { cause: error });
  }
  return new OutputFailed(error instanceof Error ? error.message : String(error), { cause: error });
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
