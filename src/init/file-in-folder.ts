/** Files that koubou writes into a folder of the user's: through the user's links within it, never through one that leads out. */
import type { Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { KoubouError } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { refuseNoFile } from '../names/places.ts';
import { Reserved } from '../names/reserved.ts';
import { NameRefused, walk } from '../names/walk.ts';
import { writeOver } from '../process/write-whole.ts';
import { isWithin } from '../text/is-within.ts';

export interface FilePlace {
  /** Absolute, without a link in it. */
  place: string;
  /** undefined: it is not there yet. */
  facts: Stats | undefined;
}

/**
 * Where `file` leads. `within`: the folder that it may not lead out of, as git keeps links, and a cloned repository can
 * hold any; null: it is the user's own place, and so are its links. Throws `conflict`.
 */
export const placeOf = (file: string, within: string | null): FilePlace => {
  try {
    const { end, facts, links } = walk(file);
    if (within !== null && links.length > 0) {
      if (!isWithin(end, walk(within).end)) throw new NameRefused(`it is a link that leads out, to ${end}`);
      const why = new Reserved().why(end, []);
      if (why !== undefined && new Reserved().why(file, []) === undefined) {
        throw new NameRefused(`it leads to ${end}, and ${why}`);
      }
    }
    refuseNoFile(facts);
    return { place: end, facts };
  } catch (error) {
    if (!(error instanceof NameRefused)) throw error;
    throw new KoubouError('conflict', `${file} is not written: ${error.message}.`, {
      hint: 'Look at it with `ls -l`, and remove it or put a file in its place; then repeat the command.',
      cause: error,
    });
  }
};

/** Replaces it whole, made durable; missing folders are made. What became a link since `placeOf` is not followed. */
export const writePlace = async ({ place, facts }: FilePlace, text: string): Promise<void> => {
  const folder = Folder.open(dirname(place), { make: true });
  try {
    const mode = facts === undefined ? 0o644 : facts.mode & 0o777;
    writeOver(folder.at(basename(place)), text, { mode });
  } finally {
    folder.close();
  }
};
