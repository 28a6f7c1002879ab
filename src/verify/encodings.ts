/**
 * Files of which git reads another text than lies there. With the attribute `working-tree-encoding` it takes a file out of that
 * encoding, so that a diff shows what no shell would read in the file. A repository may have such files; a run that gives one
 * the attribute hides what it wrote.
 */
import { asBytes, type GitPlace, gitOutput, shownName, zeroEnded } from '../process/git.ts';

const ENCODING = 'working-tree-encoding';

/** Of names of changed files, those that had no such encoding, or another one, in `before`: an index of a look. Sorted, as text. */
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
    await gitOutput(place, ['check-attr', ...cached, '-z', '--stdin', ENCODING], options),
  );
  const found = new Map<string, string>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const value = fields[at + 2] ?? '';
    if (!['unspecified', 'unset', 'set'].includes(value)) found.set(fields[at] ?? '', value);
  }
  return found;
};
