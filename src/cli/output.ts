/** Thrown where the reader of stdout has gone (`koubou list | head -1`): nothing more is wanted, nothing failed. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Resolves when the text was handed to the system, so that a slow reader slows the writer down. */
export function write(stream: NodeJS.WriteStream, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (!error) resolve();
      else if (isClosed(error))
        reject(new OutputClosed('the reader of the output has gone', { cause: error }));
      else reject(error);
    });
  });
}

export function isClosed(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}
