/** Programs that a config names by their place: none may be changed while a model works, be it for another home. */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
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

/** Absolute paths of files in a word such as `--require=/x/y.js`; folders are what a program works with. */
const filesIn = (word: unknown): string[] =>
  typeof word !== 'string' || word.includes('{')
    ? []
    : word.split(/[=:,]/).filter((part) => isAbsolute(part) && isFile(part));

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
