/**
 * An unsealed task as a person is shown it, and as it is then taken: made anew from the members that are named here, so
 * that nothing is taken along unseen.
 */
import { KoubouError } from '../../errors.ts';
import { type TaskFile, TaskOptions } from '../../task/record.ts';
import { isWithin } from '../../text/is-within.ts';
import { withPlaces } from '../delegate/places.ts';

export interface ShownTask {
  task: TaskFile;
  /** All that it would run, read, send and write, in a line. */
  does: string;
}

/** Which programs its names mean (`environment`) and where its names lead (`places`) are found here, not taken over. */
export const shownTask = (found: TaskFile, home: string): ShownTask => {
  const kept = keptOf(found);
  const { places, trouble } = placesOf(kept, home);
  return {
    task: { ...kept, ...(places === undefined ? {} : { places }) },
    does: [...whatItDoes(kept, places ?? {}), ...(trouble === undefined ? [] : [trouble])].join(', '),
  };
};

/** The members of a task that are taken; those that it does not have stay away. */
const KEPT = [
  ...([
    'version',
    'task_id',
    'type',
    'prompt',
    'command',
    'context',
    'difficulty',
    'cwd',
    'priority',
  ] as const),
  ...(['labels', 'created_at', 'created_by', 'sensitive', 'confined', 'answer_only'] as const),
  ...(['after', 'after_any', 'not_before', 'key'] as const),
];

const keptOf = (found: TaskFile): TaskFile => ({
  ...only(found, KEPT),
  files: found.files.map(({ path, sha256 }) => ({ path, sha256 })),
  options: only(found.options, Object.keys(TaskOptions.shape)),
});

const only = <T extends object, K extends keyof T>(whole: T, names: readonly K[]): Pick<T, K> =>
  Object.fromEntries(
    names.flatMap((name) => (whole[name] === undefined ? [] : [[name, whole[name]]])),
  ) as Pick<T, K>;

const placesOf = (
  task: TaskFile,
  home: string,
): { places?: TaskFile['places'] | undefined; trouble?: string } => {
  try {
    return { places: withPlaces([task], () => ({ homes: { places: [home] } }))[0]?.places };
  } catch (error) {
    if (!(error instanceof KoubouError)) throw error;
    // It is looked at again when the task runs, and fails there.
    return { trouble: error.message };
  }
};

/** Said in words of their own, or nothing that a task does. */
const SAID: ReadonlySet<string> = new Set(
  ['version', 'task_id', 'created_at', 'created_by', 'priority'].concat([
    'type',
    'prompt',
    'command',
    'files',
    'cwd',
    'options',
    'check',
    'output',
  ]),
);

const whatItDoes = (task: TaskFile, places: Readonly<Record<string, string>>): string[] => {
  const { type, command, prompt, cwd, files, options } = task;
  const named = (path: string): string => {
    const place = places[path] ?? path;
    return place === path ? path : `${path} (it leads to ${place})`;
  };
  const isOutside = (path: string): boolean => !isWithin(places[path] ?? path, places[cwd] ?? cwd);
  const paths = files.map(({ path }) => path);
  return [
    ...paths.filter(isOutside).map((path) => `reads, outside of its folder, ${named(path)}`),
    type === 'command' ? `runs ${command.map((word) => JSON.stringify(word)).join(' ')}` : `${type} task`,
    `in ${named(cwd)}`,
    ...(options.check === undefined ? [] : [`checked by ${JSON.stringify(options.check)}`]),
    ...(options.output === undefined ? [] : [`writes ${named(options.output)}`]),
    ...Object.entries({ ...options, ...task })
      .filter(([name, value]) => !SAID.has(name) && saysAnything(value))
      .map(([name, value]) => `${name} ${beginningOf(value)}`),
    ...paths.filter((path) => !isOutside(path)).map((path) => `reads ${named(path)}`),
    ...(prompt === '' ? [] : [beginningOf(prompt)]),
  ];
};

const saysAnything = (value: unknown): boolean =>
  !['null', 'false', '[]', '{}', undefined].includes(JSON.stringify(value));

const MOST_LETTERS = 1000;

/** Of what models are told: what is run is shown whole. */
const beginningOf = (value: unknown): string => {
  const text = JSON.stringify(value);
  const left = text.length - MOST_LETTERS;
  return left <= 0 ? text : `${text.slice(0, MOST_LETTERS)} and ${left} letters more`;
};
