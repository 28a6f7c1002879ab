/** Programs that a config names by their place: none may be changed while a model works, be it for another home. */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { ownHomes } from '../../names/user-homes.ts';
import { isObject } from '../../text/formats/json.ts';
import { readTextFile } from '../../text/formats/read-text.ts';

/** Of all runners of one config, as it is read or as it stands in its file: programs, and scripts that an interpreter is given. */
export const placedPrograms = (runners: Readonly<Record<string, unknown>>): string[] =>
  Object.values(runners).flatMap((runner) => {
    if (!isObject(runner)) return [];
    const { bin, args, env } = runner;
    const own = typeof bin === 'string' && isAbsolute(bin) ? [bin] : [];
    return [...own, ...[...listed(args), ...(isObject(env) ? Object.values(env) : [])].flatMap(filesIn)];
  });

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/**
 * Absolute paths of files in a word such as `--require=/x/y.js` or `exec sh /x/run.sh`: of each that may begin there, all that are
 * there, as a name may hold any letter. Folders are what a program works with.
 */
export const filesIn = (word: unknown): string[] => {
  if (typeof word !== 'string') return [];
  const found = new Set<string>();
  for (const written of withHomes(word.slice(0, MOST_LETTERS)))
    for (const { index } of [...written.matchAll(/\//g)].slice(0, MOST_STARTS))
      for (const path of endsOf(written.slice(index)).filter(isFile)) found.add(path);
  return [...found];
};

const MOST_LETTERS = 8192;
const MOST_STARTS = 200;
const MOST_ENDS = 50;

/** As a shell fills them in. */
const withHomes = (word: string): string[] => {
  const homes = /~|\$\{?HOME/.test(word) ? ownHomes() : [];
  const filled = homes.map((home) => word.replaceAll(/~(?=\/)|\$HOME\b|\$\{HOME\}/g, () => home));
  return [word, ...filled];
};

/** What begins with `rest`, up to each letter behind which a shell or an option would end it. */
const endsOf = (rest: string): string[] => {
  const ends = [...rest.matchAll(/[\s=:,;|&<>()'"`{}\\$]/g)].slice(0, MOST_ENDS);
  return [rest, ...ends.map(({ index }) => rest.slice(0, index))];
};

const isFile = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
};

/** Those of other homes. A config that cannot be read starts nothing, and counts as none. */
export const placedInHomes = async (homes: readonly string[]): Promise<string[]> =>
  (await Promise.all(homes.map(namedBy))).flat();

interface Read {
  stamp: string;
  programs: string[];
}

/** By file: each start of a sandbox asks for those of all homes. */
const known = new Map<string, Read>();
const MOST_KNOWN = 1000;

const namedBy = async (home: string): Promise<string[]> => {
  const file = join(home, 'config', 'agent.yaml');
  const facts = await stat(file, { bigint: true }).catch(() => undefined);
  if (facts === undefined) return [];
  const stamp = `${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
  const before = known.get(file);
  if (before?.stamp === stamp) return before.programs;
  const programs = await read(file).catch(() => []);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(file, { stamp, programs });
  return programs;
};

const read = async (file: string): Promise<string[]> => {
  const text = readTextFile(file);
  // Most name none, and then yaml need not be loaded.
  if (!/\b(?:bin|args|env)\b/.test(text)) return [];
  const { readYaml } = await import('../../text/formats/yaml.ts');
  const document = readYaml(text);
  if (document.errors.length > 0) return [];
  const config: unknown = document.toJS({ maxAliasCount: 100 });
  const runners = isObject(config) ? config['runners'] : undefined;
  return isObject(runners) ? placedPrograms(runners) : [];
};
