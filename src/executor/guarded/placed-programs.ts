/** Programs that a config names by their place: none may be changed while a model works, be it for another home. */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { NameRefused, walk } from '../../names/walk.ts';
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
 * Absolute paths of files in a word such as `--require=/x/y.js` or `exec sh /x/run.sh`, each the longest that is there: a name
 * may hold any letter. Folders are what a program works with.
 */
export const filesIn = (word: unknown): string[] => {
  if (typeof word !== 'string' || word.length > MOST_LETTERS) return [];
  const found: string[] = [];
  for (let at = 0; at < word.length; at += 1) {
    if (word[at] !== '/' || /[\w./-]/.test(word[at - 1] ?? ' ')) continue;
    const path = endsOf(word, at).find(isFile);
    if (path === undefined) continue;
    found.push(path);
    at += path.length - 1;
  }
  return found;
};

const MOST_LETTERS = 8192;
const MOST_ENDS = 50;

/** What begins there, up to each letter behind which a shell or an option would end it; the longest first. */
const endsOf = (word: string, start: number): string[] => {
  const rest = word.slice(start);
  const ends = [...rest.matchAll(/[\s=:,;|&<>()'"`{}\\$]/g)].map(({ index }) => index).slice(0, MOST_ENDS);
  return [...ends, rest.length].reverse().map((end) => rest.slice(0, end));
};

/** All places that decide what such a program is: its name, the links on the way, and where it lies. */
export const decidesProgram = (program: string): string[] => {
  try {
    const { links, end } = walk(program);
    return [...new Set([program, ...links.map(({ path }) => path), end])];
  } catch (error) {
    // It leads nowhere, or by a link of another user.
    if (error instanceof NameRefused) return [program];
    throw error;
  }
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
