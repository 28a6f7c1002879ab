/** From a home to its queue; the only place that names the backends. */
import { closed } from './closed.ts';
import type { DraftFromDrop } from './files/add/import-dropped.ts';
import { FileQueue } from './files/file-queue.ts';
import { requireHome } from './files/layout/create-home.ts';
import type { Seal } from './files/layout/seal.ts';
import type { Queue } from './queue.ts';

export { createFileHome } from './files/layout/create-home.ts';

export interface OpenOptions {
  home: string;
  /** Absent: the queue only looks; what would change something throws `untrusted_home`. */
  seal?: Seal | undefined;
  draftFromDrop?: DraftFromDrop;
}

/** Throws `no_home` where there is none. */
export const openQueue = (options: OpenOptions): Queue => {
  requireHome(options.home);
  return closed(new FileQueue(options));
};
