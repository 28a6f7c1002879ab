/**
 * Files of which git reads another text than lies there, by no program: with the attribute `working-tree-encoding` it takes a
 * file out of that encoding, with `ident` it takes away what stands between `$Id:` and `$`. A diff then shows what no shell
 * would read in the file. A repository may have such files; a run that gives one the attribute hides what it wrote.
 */
import { asBytes, type GitPlace, gitOutput, shownName, zeroEnded } from '../../git/git.ts';

const ATTRIBUTES = ['working-tree-encoding', 'ident'];

/** Of names of changed files, those that had no such attribute, or another one, in `before`: an index of a look. Sorted, as text. */
export const reencoded = async (
  place: GitPlace,
  names: readonly string[],
  before: string,
): Promise<string[]> => {
  const now = await encodingsOf(place, names);
  if (now.size === 0) return [];
  const were = await encodingsOf(place, [...now.keys()], before);
  return [...now]
    .filter(([name, encoding]) => were.get(name) !== encoding)
    .map(([name]) => shownName(name))
    .sort();
};

/** What git passes over: only `ident` is switched on by its name alone. */
const EFFECTLESS = new Set(
  ['unspecified', 'unset']
    .flatMap((value) => ATTRIBUTES.map((name) => `${name} ${value}`))
    .concat('working-tree-encoding set'),
);

/** By name, where there is one. `index`: in place of the files that say it. */
const encodingsOf = async (
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
