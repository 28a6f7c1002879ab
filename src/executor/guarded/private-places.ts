/** Of the machine's own folders what others may not read, for a worker that is root and may: copies of /etc/shadow, keys. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isWithin } from '../../text/is-within.ts';

/** Each folder in one of these is looked through by itself. */
const TOPS = ['/etc', '/var', '/var/cache', '/var/lib'];
/** Large, and no secrets of anybody's. */
const PASSED_OVER: ReadonlySet<string> = new Set(
  ['dpkg', 'apt', 'rpm', 'pacman'].map((name) => `/var/lib/${name}`).concat('/var/cache/apt', ...TOPS),
);
/** A folder with more in it is hidden as a whole. */
const MOST_ENTRIES = 5000;
const S_IROTH = 0o4;
const S_IXOTH = 0o1;
const FRESH_MS = 60_000;

let found: { at: number; paths: Promise<string[]> } | undefined;

/** `spared`: the work, and homes, which have a table of their own. Empty for who is not root. */
export const privatePlaces = async (spared: readonly string[]): Promise<string[]> => {
  if (process.getuid?.() !== 0) return [];
  const now = performance.now();
  if (found === undefined || now - found.at > FRESH_MS) found = { at: now, paths: privateBelow(TOPS) };
  return (await found.paths).filter(
    (path) => !spared.some((each) => isWithin(path, each) || isWithin(each, path)),
  );
};

/** As privatePlaces, of other folders. */
export const privateBelow = async (tops: readonly string[]): Promise<string[]> => {
  const hidden: string[][] = [];
  for (const top of tops) {
    const { closed, open } = await sorted(top);
    hidden.push(closed);
    for (const folder of open.filter((each) => !PASSED_OVER.has(each))) hidden.push(await through(folder));
  }
  return [...new Set(hidden.flat())];
};

const through = async (top: string): Promise<string[]> => {
  const all: string[] = [];
  const waiting = [top];
  let looked = 0;
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const { closed, open, count } = await sorted(folder);
    looked += count;
    if (looked > MOST_ENTRIES) return [top];
    for (const each of closed) all.push(each);
    for (const each of open) waiting.push(each);
  }
  return all;
};

/** What lies in a folder: what others may not read of it, and the folders that they may. Links are neither. */
const sorted = async (folder: string): Promise<{ closed: string[]; open: string[]; count: number }> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
  const closed: string[] = [];
  const open: string[] = [];
  if (entries.length > MOST_ENTRIES) return { closed, open, count: entries.length };
  const looks = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    const facts = await lstat(path).catch(() => undefined);
    if (facts === undefined || facts.isSymbolicLink()) return;
    const wanted = facts.isDirectory() ? S_IROTH | S_IXOTH : S_IROTH;
    if ((facts.mode & wanted) !== wanted) closed.push(path);
    else if (facts.isDirectory()) open.push(path);
  });
  await Promise.all(looks);
  return { closed, open, count: entries.length };
};
