/** Attached files that changed since the task was added: the log says so, and the work goes on with what is there. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openAttached } from '../../names/attached.ts';
import { appendOwn } from '../../names/own-file.ts';
import type { Attached } from '../../names/places.ts';
import type { Claim } from '../../queue/queue.ts';

type Reads = Pick<Claim, 'task' | 'scratch'>;

export const noteChangedFiles = async ({ task, scratch }: Reads, signal: AbortSignal): Promise<void> => {
  for (const { path, sha256 } of task.files) {
    signal.throwIfAborted();
    if (sha256 === null) continue;
    if ((await sha256Of(attachedTo(task, path), signal)) === sha256) continue;
    await appendOwn(scratch.logPath, `koubou: ${path} is not as it was when the task was added\n`);
  }
};

const attachedTo = ({ cwd, places }: Claim['task'], name: string): Attached => {
  const path = resolve(cwd, name);
  return { path, place: places?.[path] };
};

/** The hash of a file's content; null when it cannot be read (the runner then says why). */
const sha256Of = async (attached: Attached, signal: AbortSignal): Promise<string | null> => {
  const hash = createHash('sha256');
  try {
    const file = await openAttached(attached);
    await pipeline(file.createReadStream(), hash, { signal });
    return hash.digest('hex');
  } catch {
    signal.throwIfAborted();
    return null;
  }
};
