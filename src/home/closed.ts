/** Whether nobody else may change what is obeyed: of owner and mode, as ssh asks of its files. */
import { chmodSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { me } from './read-own.ts';

/** Of this user or of root, and not to be written to by anybody else. Elsewhere than on POSIX nothing is known. */
export const isClosed = ({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): boolean =>
  process.getuid === undefined || ([me(), 0].includes(uid) && (mode & 0o022) === 0);

/** What of a home's config somebody else may change, or the home itself; undefined: nothing. */
export const openPart = (home: string): string | undefined => {
  const facts = statSync(home);
  if (!isClosed(facts)) return home;
  // Nobody else gets at what lies in it, whatever its mode is.
  if ((facts.mode & 0o011) === 0) return undefined;
  const config = join(home, 'config');
  return partsOf(config).find((path) => {
    const part = statSync(path, { throwIfNoEntry: false });
    return part !== undefined && !isClosed(part);
  });
};

const partsOf = (config: string): string[] => [config, ...below(config), ...below(join(config, 'prompts'))];

/** What cannot be read is not obeyed. */
const below = (folder: string): string[] => {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
};

/** Once for all that lies in it, now and later: what git checks out again may be writable to a group. */
export const closeHome = (home: string): void => {
  if (openPart(home) !== undefined) chmodSync(home, 0o700);
};
