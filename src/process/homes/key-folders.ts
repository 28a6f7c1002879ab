/** Where this user's key may lie, and with it what is known of all their homes. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ownHomes, systemHome } from '../../names/user-homes.ts';
import { isWithin } from '../../text/is-within.ts';

/** By the environment and by the system's own word. */
export const keyFolders = (environment: Readonly<Record<string, string | undefined>>): string[] => {
  const state = environment['XDG_STATE_HOME'];
  // What os.homedir() says is HOME again, where that is set.
  const homes = new Set([environment['HOME'] || homedir(), homedir(), systemHome()]);
  const usual = [...homes].filter(isAbsolute).map((home) => join(home, '.local', 'state'));
  return [...(state && isAbsolute(state) ? [state] : []), ...usual].map((folder) => join(folder, 'koubou'));
};

/** Whether the files that the user's shell runs lie in it. `folder`: without links. */
export const holdsUser = (folder: string): boolean =>
  folder === '/' || ownHomes().some((user) => isWithin(user, folder));
