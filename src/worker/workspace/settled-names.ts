/** The names of a claimed task, before its run begins: what they lead to is settled, or it does not begin. */
import { resolve } from 'node:path';
import { filePlace, outputPlace, refusedAs, refuseNoFile, requireSamePlace } from '../../names/places.ts';
import { Reserved } from '../../names/reserved.ts';
import { NameRefused } from '../../names/walk.ts';
import { action, field, say } from '../../say/say.ts';
import type { TaskFile } from '../../task/record.ts';
import type { Homes } from '../../text/home-name.ts';

/** Throws `conflict` where the folder of a task leads to another place than when it was added. */
export const requireSameFolder = (cwd: string, place: string): void => {
  try {
    requireSamePlace(cwd, place);
  } catch (error) {
    throw refusedAs(
      error,
      'conflict',
      (reason) =>
        `${cwd} is not the folder that the task was added for, so nothing was run there: ${reason}.`,
      say`Put it right and ${action('retry')}, or delegate again with another ${field('cwd')}.`,
    );
  }
};

/**
 * The task with the places that its names lead to. Where an older koubou added it they are looked up now. Throws `conflict`
 * where its folder or --output leads elsewhere than when it was added, or --output to where no result is written.
 */
export const withSettledNames = (task: TaskFile, homes: Homes): TaskFile => {
  const folder = task.places?.[task.cwd] ?? placeOf(task.cwd) ?? task.cwd;
  requireSameFolder(task.cwd, folder);
  const files = task.files.flatMap(({ path }) => {
    const asked = resolve(task.cwd, path);
    const place = task.places?.[asked] ?? placeOf(asked);
    return place === undefined ? [] : [[asked, place] as const];
  });
  const { output } = task.options;
  const outputs =
    output === undefined
      ? []
      : [[output, settledOutput(resolve(task.cwd, output), task.places?.[output], homes)]];
  return { ...task, places: Object.fromEntries([[task.cwd, folder], ...files, ...outputs]) };
};

const settledOutput = (output: string, kept: string | undefined, homes: Homes): string => {
  try {
    if (kept !== undefined) requireSamePlace(output, kept);
    const { place, facts } = outputPlace(output, new Reserved({ homes }));
    // A folder may make room for the file yet; a device or a pipe is nobody's to replace.
    if (facts?.isDirectory() !== true) refuseNoFile(facts);
    return place;
  } catch (error) {
    throw refusedAs(
      error,
      'conflict',
      (reason) => `${output} would not be written, so the work was not begun: ${reason}.`,
      say`Put it right and ${action('retry')}, or delegate again with another ${field('output')}.`,
    );
  }
};

/** A name that leads nowhere is left to whoever reads the file. */
const placeOf = (path: string): string | undefined => {
  try {
    return filePlace(path);
  } catch (error) {
    if (error instanceof NameRefused) return undefined;
    throw error;
  }
};
