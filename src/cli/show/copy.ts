import { ByteOutput } from '../output.ts';

/** Bytes to stdout as they are: a result need not be text. One piece is in memory at a time. */
export async function copyToStdout(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const output = new ByteOutput();
  for await (const chunk of chunks) await output.write(chunk);
  await output.end();
}
