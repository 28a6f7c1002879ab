import type { OpenHome } from '../actions/open-home.ts';
import { selectTasks } from '../actions/select.ts';
import type { BaseCommand } from './base-command.ts';
import { readLabels } from './labels.ts';

export const NAMED_TASKS = 'Tasks: ids, parts of ids, last (the default), or - to read ids from stdin.';

/** The ids of the tasks that a command was given, and the words that choose the same ones again. */
export async function namedTasks(
  command: BaseCommand,
  { queue, environment }: Pick<OpenHome, 'queue' | 'environment'>,
  references: readonly string[] | undefined,
  labels: readonly string[] | undefined,
): Promise<{ ids: string[]; again: string[] }> {
  const ids = await selectTasks(queue, {
    references: references ?? [],
    labels: readLabels(labels),
    createdBy: environment.createdBy,
    readStdin: () => command.readStdin(),
    tellOther: command.tellOther,
  });
  return { ids, again: labels === undefined ? ids : labels.flatMap((label) => ['--label', label]) };
}
