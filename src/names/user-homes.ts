/** The home folders of this user, and of others that it may write to. */
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

/** Those that this user may write to: its own, and for root all of the usual ones. As ownHomes. */
export const usersHomes = (): string[] =>
  asWrittenAndReal([homedir(), systemHome(), ...(process.geteuid?.() === 0 ? homesInPasswd() : [])]);

/** What HOME names and what the system has on file, each as it is written and without links. */
export const ownHomes = (): string[] => asWrittenAndReal([homedir(), systemHome()]);

const asWrittenAndReal = (folders: readonly string[]): string[] => {
  const homes = new Set<string>();
  for (const folder of folders) {
    if (!/^\/+[^/]/.test(folder)) continue;
    homes.add(folder.replace(/\/+$/, ''));
    const real = endOf(folder);
    if (real !== undefined) homes.add(real);
  }
  return [...homes];
};

/** The user's, as the system has it on file; empty where it has none, as in containers. */
export const systemHome = (): string => {
  try {
    const { homedir: home } = userInfo();
    return home.startsWith('/') ? home : '';
  } catch {
    return '';
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
