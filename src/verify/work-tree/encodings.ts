/**
 * Files of which git reads another text than lies there, by no program: with the attribute `working-tree-encoding` it takes a
 * file out of that encoding, with `ident` it takes away what stands between `$Id:` and `$`, with `text` and `eol` the CR before a
 * line's end. A diff then shows, and an apply brings, what no shell would read in the file. A repository may have such files; a
 * run that gives one the attribute hides what it wrote.
 */
import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { gitOutput } from '../../git/git.ts';
import { asBytes, pathIn, shownName, zeroEnded } from '../../git/names.ts';
import type { GitPlace } from '../../git/place.ts';

const ATTRIBUTES = ['working-tree-encoding', 'ident', 'text', 'eol', 'crlf'];

/**
 * Of names of changed files, those that are in `tree` with another text than lies there, by an attribute that they had not in
 * `before`: an index of a look. Sorted, as text.
 */
export const reencoded = async (
  place: GitPlace,
  names: readonly string[],
  { before, tree }: { before: string; tree: string },
): Promise<string[]> => {
  const now = await attributesOf(place, names);
  if (now.size === 0) return [];
  const were = await attributesOf(place, [...now.keys()], before);
  const given = [...now].filter(([name, value]) => were.get(name) !== value).map(([name]) => name);
  const odd = await otherwiseIn(place, tree, given);
  return odd.map(shownName).sort();
};

/** Those whose bytes are not the ones that the tree has. */
const otherwiseIn = async (place: GitPlace, tree: string, names: readonly string[]): Promise<string[]> => {
  if (names.length === 0) return [];
  const listed = zeroEnded(await gitOutput(place, ['ls-tree', '-r', '-z', '--full-tree', tree]));
  const ids = new Map(
    listed.map((line) => [line.slice(line.indexOf('\t') + 1), line.split(/[ \t]/, 3)[2] ?? '']),
  );
  const odd: string[] = [];
  for (const name of names) {
    const id = ids.get(name);
    if (id === undefined) continue;
    const own = await idOf(pathIn(place.own?.top ?? place.folder, name), id.length);
    if (own !== undefined && own !== id) odd.push(name);
  }
  return odd;
};

/** Of the bytes as they lie there; undefined: it is no file. `length`: of the id, which says by which hash. */
const idOf = async (path: Buffer | string, length: number): Promise<string | undefined> => {
  if ((await lstat(path).catch(() => undefined))?.isFile() !== true) return undefined;
  const bytes = await readFile(path);
  return createHash(length === 40 ? 'sha1' : 'sha256')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
};

/** What git passes over: an encoding has a name. */
const EFFECTLESS = new Set(
  ['unspecified', 'unset']
    .flatMap((value) => ATTRIBUTES.map((name) => `${name} ${value}`))
    .concat('working-tree-encoding set'),
);

/** By name, where there is one. `index`: in place of the files that say it. */
const attributesOf = async (
  place: GitPlace,
  names: readonly string[],
  index?: string,
): Promise<Map<string, string>> => {
  if (names.length === 0) return new Map();
  const options = {
    input: asBytes(names.map((name) => `${name}\0`).join('')),
    ...(index === undefined ? {} : { variables: { GIT_INDEX_FILE: index } }),
  };
  const cached = index === undefined ? [] : ['--cached'];
  const fields = zeroEnded(
    await gitOutput(place, ['check-attr', ...cached, '-z', '--stdin', ...ATTRIBUTES], options),
  );
  const found = new Map<string, string>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [name = '', attribute = '', value = ''] = fields.slice(at, at + 3);
    if (!EFFECTLESS.has(`${attribute} ${value}`))
      found.set(name, `${found.get(name) ?? ''}${attribute}=${value} `);
  }
  return found;
};
