/** Programs that a config names by their place: none may be changed while a model works, be it for another home. */
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isObject } from '../../text/formats/json.ts';
import { readTextFile } from '../../text/formats/read-text.ts';

/** Of all runners of one config, as it is read or as it stands in its file. */
export const placedPrograms = (runners: Readonly<Record<string, unknown>>): string[] =>
  Object.values(runners).flatMap((runner) => {
    const bin = isObject(runner) ? runner['bin'] : undefined;
    return typeof bin === 'string' && isAbsolute(bin) ? [bin] : [];
  });

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
  if (!text.includes('bin')) return [];
  const { readYaml } = await import('../../text/formats/yaml.ts');
  const document = readYaml(text);
  if (document.errors.length > 0) return [];
  const config: unknown = document.toJS({ maxAliasCount: 100 });
  const runners = isObject(config) ? config['runners'] : undefined;
  return isObject(runners) ? placedPrograms(runners) : [];
};
