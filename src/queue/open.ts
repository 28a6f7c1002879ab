/** From a home to its queue; the only place that names the backends. */
import type { DraftFromDrop } from './files/adopt.ts';
import { FileQueue } from './files/file-queue.ts';
import { requireHome } from './files/home.ts';
import type { Queue } from './queue.ts';

export { createFileHome } from './files/home.ts';

export interface OpenOptions {
  home: string;
  draftFromDrop?: DraftFromDrop;
}

/** Throws `no_home` where there is none. */
export const openQueue = (options: OpenOptions): Queue => {
  requireHome(options.home);
  return new FileQueue(options);
};
