/**
 * A program's own files, as a copy that is gone afterwards: it may write there what it likes, and what the user's next start
 * of it reads and runs stays as it is. Its folders are empty, but for those that are shown as they are.
 */
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeldPlaces } from './held-places.ts';

export interface Mount {
  path: string;
  /** Which goes on top where two have one path. */
  rank: number;
  words: readonly string[];
}

/** Of more than this none is copied. */
const MOST_ENTRIES = 500;
const RANK = 3;

/** `folder`: without a link. `left`: what is mounted otherwise. */
export const copyMounts = async (
  folder: string,
  {
    shown,
    left,
    places,
  }: { shown: ReadonlySet<string>; left: (path: string) => boolean; places: HeldPlaces },
): Promise<Mount[]> => {
  const all = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const entries = all.length > MOST_ENTRIES ? all.filter(({ name }) => shown.has(join(folder, name))) : all;
  const mounts = entries.map(async (entry): Promise<Mount[]> => {
    const path = join(folder, entry.name);
    if (left(path)) return [];
    if (entry.isSymbolicLink()) {
      const target = await readlink(path).catch(() => undefined);
      return target === undefined ? [] : [{ path, rank: RANK, words: ['--symlink', target, path] }];
    }
    if (shown.has(path)) return mounted(path, places.mount('--ro-bind', path));
    return entry.isFile() ? mounted(path, places.copy(path)) : [];
  });
  return [{ path: folder, rank: RANK, words: ['--tmpfs', folder] }, ...(await Promise.all(mounts)).flat()];
};

const mounted = (path: string, words: readonly string[] | undefined): Mount[] =>
  words === undefined ? [] : [{ path, rank: RANK, words }];
