/** Folders of koubou's own in a home. Who may write in the home can put a link in their place, which leads anywhere. */
import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { action, say } from '../say/say.ts';

/** Throws `conflict` where something else than a folder lies there. */
export const requireOwnFolder = (
  path: string,
  facts: Pick<Stats, 'isDirectory' | 'isSymbolicLink'>,
): void => {
  if (facts.isDirectory()) return;
  const what = facts.isSymbolicLink() ? 'a symbolic link' : 'no folder';
  throw new KoubouError('conflict', `${path} is ${what}, and koubou needs a folder of its own there.`, {
    hint: say`Move away what lies there; ${action('init')} makes the folder.`,
  });
};

/** The path of the folder that these names lead to from the home; those that are missing are made. Throws as requireOwnFolder. */
export const makeOwnFolder = (home: string, ...names: readonly string[]): string => {
  let path = home;
  for (const name of names) {
    path = join(path, name);
    requireOwnFolder(path, lstatSync(path, { throwIfNoEntry: false }) ?? made(path));
  }
  return path;
};

const made = (path: string): Stats => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  return lstatSync(path);
};
