/** Programs that a config names by their place: none may be changed while a model works, be it for another home. */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ownHomes } from '../../names/user-homes.ts';
import { isObject } from '../../text/formats/json.ts';
import { readTextFile } from '../../text/formats/read-text.ts';
import { textsIn } from '../../text/placeholders.ts';

/** All words of the runners of one config, as it is read or as it stands in its file: any may name a program or a script. */
export const wordsOf = (runners: Readonly<Record<string, unknown>>): string[] =>
  textsIn(Object.values(runners)).map((word) => word.slice(0, MOST_LETTERS));

const MOST_LETTERS = 8192;
const MOST_STARTS = 200;
const MOST_ENDS = 50;
const MOST_FOLDERS = 20;

/**
 * Absolute paths of the files that words such as `--require=/x/y.js`, `exec sh /x/run.sh` or `"$HOME"/x/run` name: no shell is
 * imitated, all that may be meant and is there counts. A relative name is looked for in `folders`, in the home folders and in what
 * the words name as a folder.
 */
export const filesNamed = (words: readonly string[], folders: readonly string[]): string[] => {
  const written = [...new Set(words.flatMap(variants))];
  const absolute = written.flatMap((word) =>
    [...word.matchAll(/\//g)].slice(0, MOST_STARTS).flatMap(({ index }) => endsOf(word.slice(index))),
  );
  const named = [...new Set(absolute)].filter((path) => kindOf(path) === 'folder').slice(0, MOST_FOLDERS);
  const bases = [...new Set([...folders, ...ownHomes(), ...named.filter((path) => path !== '/')])];
  const relative = [...new Set(written.flatMap(relativeNames))];
  const all = [...absolute, ...bases.flatMap((base) => relative.map((name) => join(base, name)))];
  return [...new Set(all)].filter((path) => kindOf(path) === 'file');
};

/** Whether a relative name in the words may stand for this place, be nothing there yet. */
export const mayBeNamed = (words: readonly string[], place: string): boolean =>
  words.some((word) =>
    variants(word).some((each) => relativeNames(each).some((name) => place.endsWith(`/${name}`))),
  );

/** As it is written, without quotes and escapes, and as a shell fills in the home folder. */
const variants = (word: string): string[] => {
  const plain = [word, word.replaceAll(/["'\\]/g, '')];
  const homes = /~|\$\{?HOME/.test(word) ? ownHomes() : [];
  return plain.flatMap((each) => [
    each,
    ...homes.map((home) => each.replaceAll(/~(?=\/)|\$HOME\b|\$\{HOME\}/g, () => home)),
  ]);
};

/** Letters behind which a shell or an option would end a name. */
const ENDS = /[\s=:,;|&<>()'"`{}\\$]/g;
/** Of a run's own folder, which koubou makes for it: no file of a project. */
const OF_RUN = /\{(?:state|prompt_file)\}[^\s"'`;|&]*/g;
const SCRIPT = /\.(?:sh|bash|zsh|fish|py|[cm]?js|[cm]?ts|rb|pl|php|lua|awk|ps1)$/;

/** Parts of a word that are paths, or look like a script: without what leads them out of or to their own folder. */
const relativeNames = (word: string): string[] =>
  word
    .replaceAll(OF_RUN, ' ')
    .replaceAll(/\$\{?\w+\}?/g, ' ')
    .split(ENDS)
    .flatMap((part) => {
      const name = part.replace(/^(?:\.{0,2}\/)+/, '').replace(/\/+$/, '');
      return name !== '' && (part.includes('/') || SCRIPT.test(part)) ? [name] : [];
    });

const endsOf = (rest: string): string[] => {
  const ends = [...rest.matchAll(ENDS)].slice(0, MOST_ENDS);
  return [rest, ...ends.map(({ index }) => rest.slice(0, index))];
};

const kindOf = (path: string): 'file' | 'folder' | undefined => {
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    return facts?.isFile() === true ? 'file' : facts?.isDirectory() === true ? 'folder' : undefined;
  } catch {
    return undefined;
  }
};

/** The same of the configs of homes, Codex's own settings there included. One that cannot be read starts nothing, and counts as none. */
export const wordsInHomes = async (homes: readonly string[]): Promise<string[]> =>
  (
    await Promise.all(
      homes.flatMap((home) => [
        wordsIn(join(home, 'config', 'agent.yaml'), ofYaml),
        wordsIn(join(home, 'config', 'codex.toml'), ofToml),
      ]),
    )
  ).flat();

interface Read {
  stamp: string;
  words: string[];
}

/** By file: each start of a sandbox asks for those of all homes. */
const known = new Map<string, Read>();
const MOST_KNOWN = 1000;

const wordsIn = async (
  file: string,
  read: (text: string) => string[] | Promise<string[]>,
): Promise<string[]> => {
  const facts = await stat(file, { bigint: true }).catch(() => undefined);
  if (facts === undefined) return [];
  const stamp = `${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
  const before = known.get(file);
  if (before?.stamp === stamp) return before.words;
  const words = await Promise.resolve()
    .then(() => read(readTextFile(file)))
    .catch(() => []);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(file, { stamp, words });
  return words;
};

const ofYaml = async (text: string): Promise<string[]> => {
  // Most name none, and then yaml need not be loaded.
  if (!/\b(?:bin|args|env)\b/.test(text)) return [];
  const { readYaml } = await import('../../text/formats/yaml.ts');
  const document = readYaml(text);
  if (document.errors.length > 0) return [];
  const config: unknown = document.toJS({ maxAliasCount: 100 });
  const runners = isObject(config) ? config['runners'] : undefined;
  return isObject(runners) ? wordsOf(runners) : [];
};

/** Each string: Codex starts what some of them name (MCP servers, notify), and others may come to. */
const ofToml = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'/g)].map(([, quoted, literal]) =>
    (quoted ?? literal ?? '').slice(0, MOST_LETTERS),
  );
