/** Attached files that changed since the task was added: the log says so, and the work goes on with what is there. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Claim } from '../queue/queue.ts';

export const noteChangedFiles = async ({ task, logPath }: Claim, signal: AbortSignal): Promise<void> => {
  for (const file of task.files) {
    signal.throwIfAborted();
    if (file.sha256 === null || (await sha256Of(file.path, signal)) === file.sha256) continue;
    await appendFile(logPath, `koubou: ${file.path} is not as it was when the task was added\n`);
  }
};

/** The hash of a file's content; null when it cannot be read (the runner then says why). */
const sha256Of = async (path: string, signal: AbortSignal): Promise<string | null> => {
  const hash = createHash('sha256');
  try {
    // A pipe in its place would be waited for without end.
    if (!(await stat(path)).isFile()) return null;
    await pipeline(createReadStream(path), hash, { signal });
    return hash.digest('hex');
  } catch {
    signal.throwIfAborted();
    return null;
  }
};
