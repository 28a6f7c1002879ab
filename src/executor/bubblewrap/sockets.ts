/** Where programs of this machine are talked to through the file system: sockets, and pipes, by which some take commands. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asBytes, asName, shownName } from '../../git/names.ts';
import { isWithin } from '../../text/is-within.ts';

/**
 * A read-only mount does not keep anybody from connecting to a socket in it, nor from sending to one of datagrams, which never
 * listens. What is bound later is not among these; the usual places of such sockets are hidden as folders.
 */
export const boundSockets = async (): Promise<string[]> => {
  const table = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  const paths = [...new Set(pathsIn(table))];
  // Whoever binds a socket says its name, in a namespace of its own: here anything may lie there.
  const facts = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, nth) => facts[nth]?.isSocket() === true);
};

// Num RefCount Protocol Flags Type St Inode Path: the path may hold spaces and ends of lines.
const pathsIn = (table: string): string[] =>
  table
    .split(/\n(?=[\da-f]+: [\da-f]{8} [\da-f]{8} [\da-f]{8} [\da-f]{4} [\da-f]{2} +\d+)/)
    .flatMap((row) => /^(?:\S+ ){6} *\d+ (\/[^]*?)\n*$/.exec(row)?.[1] ?? []);

/** More are not looked through: each start of a program waits for it. */
const MOST_FOLDERS = 1000;
const PARALLEL = 32;
/** What lies in them is looked at, but not deeper: they have more folders than all else. */
const NOT_DEEPER: ReadonlySet<string> = new Set(['node_modules', '.git', '.koubou']);

/**
 * The table names a socket as its program bound it: not where it has a relative name, or another one by now, as those of
 * ssh's ControlMaster, and pipes are in no table. A read-only mount does not keep anybody from writing to a pipe either.
 * So those that lie below these folders are looked for, the ones that lie least deep first. In the place of one whose name is no
 * UTF-8, which cannot be told to a sandbox, stands the folder around it that can, unless that is one of `tops`.
 */
export const socketsAndPipesBelow = async (
  tops: readonly string[],
  passed: readonly string[],
): Promise<string[]> => {
  const found = new Set<string>();
  // In git's bytes: text would lead to nothing below such a name.
  const starts = tops.map(asName);
  const except = passed.map(asName);
  const waiting = [...starts];
  const seen = new Set(waiting);
  for (let looked = 0; waiting.length > 0 && looked < MOST_FOLDERS; ) {
    const part = waiting.splice(0, Math.min(PARALLEL, MOST_FOLDERS - looked));
    looked += part.length;
    const lists = await Promise.all(part.map(entriesOf));
    for (const [nth, entries] of lists.entries()) {
      const folder = part[nth] ?? '/';
      const goesDeeper = starts.includes(folder) || !NOT_DEEPER.has(basename(folder));
      for (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isSocket() || entry.isFIFO()) found.add(nearestNamed(path));
        else if (
          entry.isDirectory() &&
          goesDeeper &&
          !seen.has(path) &&
          !except.some((each) => isWithin(path, each))
        ) {
          seen.add(path);
          waiting.push(path);
        }
      }
    }
  }
  return [...found].filter((path) => !tops.includes(path));
};

// Its types know only encodings of text.
const entriesOf = (path: string) =>
  readdir(asBytes(path), { withFileTypes: true, encoding: 'latin1' }).catch(() => []);

const nearestNamed = (path: string): string => {
  const shown = shownName(path);
  return asName(shown) === path ? shown : nearestNamed(dirname(path));
};
