/** Repositories below a folder: whoever writes their hooks or their config has the next git in there run it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** More folders than this are not looked through, and more repositories not named: each costs mounts for each command. */
const MOST_FOLDERS = 20_000;
const MOST_FOUND = 50;
/** Below these nobody works. */
const PASSED_OVER: ReadonlySet<string> = new Set(['node_modules', '.koubou']);

/** The `.git` of each, but for the folder's own, which Codex protects. What cannot be read is passed over. */
export const nestedRepositories = async (folder: string, home: string): Promise<string[]> => {
  const found: string[] = [];
  let level = [folder];
  let looked = 0;
  while (level.length > 0 && looked < MOST_FOLDERS && found.length < MOST_FOUND) {
    looked += level.length;
    const deeper: string[] = [];
    for (let at = 0; at < level.length; at += PARALLEL) {
      const part = level.slice(at, at + PARALLEL);
      const lists = await Promise.all(part.map((path) => entriesOf(path)));
      for (const [nth, entries] of lists.entries()) {
        const path = part[nth] ?? folder;
        for (const entry of entries) {
          const whole = join(path, entry.name);
          if (entry.name === '.git') {
            // Of a link Codex makes no protection; who works through it is protected where it leads, or not at all.
            if (path !== folder && !entry.isSymbolicLink()) found.push(whole);
          } else if (entry.isDirectory() && whole !== home && !PASSED_OVER.has(entry.name))
            deeper.push(whole);
        }
      }
    }
    level = deeper;
  }
  return found.slice(0, MOST_FOUND);
};

const PARALLEL = 32;

const entriesOf = async (path: string) => readdir(path, { withFileTypes: true }).catch(() => []);
