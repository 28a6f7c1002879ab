/** Attached files, opened where they were when they were attached. Apart from places.ts, as it loads more of Node. */
import type { FileHandle } from 'node:fs/promises';
import { openPlace } from './folder.ts';
import { type Attached, filePlace, requireSamePlace } from './places.ts';

/** For reading, a regular file that is still where it was. Throws NameRefused, or the system's error. */
export const openAttached = async ({ path, place = filePlace(path) }: Attached): Promise<FileHandle> => {
  requireSamePlace(path, place);
  return openPlace(place);
};
