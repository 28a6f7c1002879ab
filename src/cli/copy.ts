import { OutputClosed } from './output.ts';

/** Bytes to stdout exactly as they are: a result need not be text. One piece is in memory at a time. */
export async function copyToStdout(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const { stdout } = process;
  const ignore = () => {};
  // The write that fails tells of it; without a listener it would also end the process.
  stdout.on('error', ignore);
  try {
    for await (const chunk of chunks) {
      await new Promise<void>((resolve, reject) => {
        stdout.write(chunk, (error) => (error ? reject(asClosed(error)) : resolve()));
      });
    }
  } finally {
    stdout.off('error', ignore);
  }
}

function asClosed(error: NodeJS.ErrnoException): Error {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
    ? new OutputClosed('the reader of the output has gone', { cause: error })
    : error;
}
