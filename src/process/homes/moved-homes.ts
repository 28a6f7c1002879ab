/**
 * Where homes may lie that are no longer where they were: mostly a folder on the way to them was renamed. Looked for
 * before a sandbox starts, as koubou learns of a move only when it is called there again.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isKnownHome } from './known-home.ts';

/** Projects that were deleted stay written down, so each start waits for this. */
const MOST_LOOKS = 10_000;

/**
 * `up`: how far above the home the folder lies that is looked through; `down`: how many of the home's last names are
 * looked for in each folder there.
 */
const WAYS = [
  // The home was renamed, or its project, or the folder around that.
  { up: 1, down: 0 },
  { up: 2, down: 1 },
  { up: 3, down: 2 },
  // It was moved out of a folder, alone or with its project.
  { up: 3, down: 1 },
  // It was moved into one beside it.
  { up: 1, down: 1 },
  { up: 2, down: 2 },
];

/** `lost`: where they were; `keys`: where the user's key may lie. */
export const movedHomes = (lost: readonly string[], keys: readonly string[]): string[] => {
  const found = new Set<string>();
  const asked = new Set<string>();
  let looks = 0;
  for (const { up, down } of WAYS) {
    for (const path of lost) {
      const top = above(path, up);
      const last = path.slice(above(path, down).length);
      // Homes that lay in one folder are mostly looked for at the same places.
      if (asked.has(`${top}\0${last}`)) continue;
      asked.add(`${top}\0${last}`);
      for (const name of namesIn(top)) {
        if (looks === MOST_LOOKS) return [...found];
        looks += 1;
        const place = join(top, name, last);
        if (isKnownHome(place, keys)) found.add(place);
      }
    }
  }
  return [...found];
};

const above = (path: string, levels: number): string =>
  levels === 0 ? path : above(dirname(path), levels - 1);

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
