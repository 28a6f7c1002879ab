// The linter's rules for the layers, so that an editor tells of a wrong import while it is written.
import { COMPOSITION, DOORS, EVERYWHERE, LAYERS } from './layers.ts';

interface Pattern {
  group: string[];
  message: string;
}

const within = (folder: string): string => (folder.endsWith('.ts') ? `**/${folder}` : `**/${folder}/**`);

/** An override of .oxlintrc.json for each folder. */
export const lintRules = (): { files: string[]; rules: object }[] =>
  Object.keys(LAYERS)
    .filter((folder) => !folder.endsWith('.ts'))
    .map((folder) => ({
      files: [`src/${folder}/**`],
      rules: { 'no-restricted-imports': ['error', { patterns: patternsOf(folder) }] },
    }));

const patternsOf = (folder: string): Pattern[] => {
  const known = LAYERS[folder] ?? [];
  const unknown = Object.keys(LAYERS).filter(
    (each) => each !== folder && !EVERYWHERE.includes(each) && !known.includes(each),
  );
  const shut = Object.entries(DOORS).filter(([each]) => known.includes(each));
  const isRoot = folder === 'app';
  const seen = shut.flatMap(([each, door]) => [
    within(each),
    `!**/${door}`,
    ...(isRoot ? COMPOSITION.filter((file) => file.startsWith(`${each}/`)).map((file) => `!**/${file}`) : []),
  ]);
  return [
    {
      group: unknown.map(within),
      message: `Layers: src/${folder} may not know these (test/architecture/layers.ts).`,
    },
    { group: seen, message: `Seen from outside are ${shut.map(([, door]) => door).join(', ')} only.` },
    {
      group: isRoot
        ? []
        : COMPOSITION.filter((file) => !file.startsWith(`${folder}/`)).map((file) => `**/${file}`),
      message: 'Only src/app puts the parts together.',
    },
    {
      group: ['process', 'git'].includes(folder) ? [] : ['execa'],
      message: 'Only src/process and src/git start programs.',
    },
  ].filter(({ group }) => group.length > 0);
};
