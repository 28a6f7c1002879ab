/** Where the names of tasks lead, found when they are added and kept with them: what is put there later leads nowhere. */
import { dirname } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { filePlace, outputPlace, refusedAs, refuseNoFile } from '../../names/places.ts';
import { Reserved, type ReservedScope } from '../../names/reserved.ts';
import { NameRefused, walk } from '../../names/walk.ts';
import { action, field, say } from '../../say/say.ts';
import type { NewTask } from '../../task/record.ts';
import { isWithin } from '../../text/is-within.ts';

/** `scope` is looked up for a task that names an output, which few do. Throws `usage` where a result may not be written where it is asked for. */
export const withPlaces = (tasks: readonly NewTask[], scope: () => ReservedScope): NewTask[] => {
  let reserved: Reserved | undefined;
  return tasks.map((task) => {
    const { output } = task.options;
    const placed = withReadPlaces(task);
    if (output === undefined) return placed;
    reserved ??= new Reserved(scope());
    return { ...placed, places: { ...placed.places, [output]: placeOfOutput(output, reserved) } };
  });
};

/** Of the folder and of the attached files: all that a task without --output names. */
export const withReadPlaces = (task: NewTask): NewTask => ({
  ...task,
  places: Object.fromEntries([
    [task.cwd, placeOfFolder(task.cwd)],
    ...task.files.map(({ path }) => [path, placeOfFile(path)]),
  ]),
});

export const outputPlaceOf = ({ options, places }: NewTask): string | undefined =>
  options.output === undefined ? undefined : places?.[options.output];

const placeOfOutput = (output: string, reserved: Reserved): string => {
  try {
    const { place, facts } = outputPlace(output, reserved);
    refuseNoFile(facts);
    return place;
  } catch (error) {
    if (!(error instanceof NameRefused)) throw error;
    throw new KoubouError(
      'usage',
      say`${field('output', output)} is not written: ${error.message}. Nothing was added.`,
      {
        hint: say`Name a file of your own; without ${field('output')}, ${action('result')} prints the result.`,
        cause: error,
      },
    );
  }
};

const placeOfFolder = (path: string): string => {
  try {
    return walk(path).end;
  } catch (error) {
    throw refusedAs(
      error,
      'usage',
      (reason) => `No task can work in ${path}: ${reason}. Nothing was added.`,
      say`Name a folder of your own with ${field('cwd')}.`,
    );
  }
};

const placeOfFile = (path: string): string => {
  try {
    return filePlace(path);
  } catch (error) {
    if (!(error instanceof NameRefused)) throw error;
    throw new KoubouError(
      'usage',
      `The file ${path} cannot be attached: ${error.message}. Nothing was added.`,
      {
        hint: say`Name the file itself; what can be read once only is given as ${field('file', '-')}.`,
        cause: error,
      },
    );
  }
};

/** Where the names of files are filled in, no link that one of them finds leads out of what was written before them. */
export const refuseLinkOut = (task: NewTask, fixed: string | undefined): void => {
  const { output } = task.options;
  const place = outputPlaceOf(task);
  if (output === undefined || place === undefined || fixed === undefined) return;
  const within = [walk(fixed).end, task.places?.[task.cwd] ?? walk(task.cwd).end];
  if (within.some((folder) => isWithin(dirname(place), folder))) return;
  throw new KoubouError(
    'usage',
    say`${field('output', output)} leads out of ${fixed}, to ${place}. Nothing was added.`,
    {
      hint: say`A link stands on its way. Name the folder that it leads to in ${field('output')} itself.`,
    },
  );
};
