/** The home folders that this user may write to. */
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { NameRefused, walk } from './walk.ts';

/** Only of what is a link, or lies behind one within the home. */
export const endOf = (path: string): string | undefined => {
  try {
    const { end, links } = walk(path);
    return links.length === 0 ? undefined : end;
  } catch (error) {
    if (error instanceof NameRefused) return undefined;
    throw error;
  }
};

/** Those that this user may write to: its own, and for root all of the usual ones. */
export const usersHomes = (): string[] => {
  const own = [homedir(), passwdHome()].filter((folder) => folder !== undefined && folder !== '/');
  const others = process.geteuid?.() === 0 ? homesInPasswd() : [];
  const homes = new Set<string>();
  for (const folder of [...own, ...others]) {
    if (folder === undefined || !folder.startsWith('/')) continue;
    homes.add(folder.replace(/\/+$/, ''));
    const real = endOf(folder);
    if (real !== undefined) homes.add(real);
  }
  return [...homes];
};

const passwdHome = (): string | undefined => {
  try {
    return userInfo().homedir;
  } catch {
    // A user id without an entry, as in containers.
    return undefined;
  }
};

/** Not those of system services: `/`, /bin, /usr/sbin hold other things. */
const homesInPasswd = (): string[] => {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':')[5] ?? '')
      .filter((folder) => /^\/(home|root|Users|var\/lib)(\/|$)/.test(folder));
  } catch {
    return ['/root'];
  }
};
