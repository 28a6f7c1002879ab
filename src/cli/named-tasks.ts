import { type SelectFrom, selectTasks } from '../actions/select.ts';
import type { BaseCommand } from './base-command.ts';
import { readLabels } from './labels.ts';

export const NAMED_TASKS = 'Tasks: ids, parts of ids, last (the default), or - to read ids from stdin.';

/** The ids of the tasks that a command was given, and the words that choose the same ones again. */
export async function namedTasks(
  command: BaseCommand,
  app: SelectFrom,
  references: readonly string[] | undefined,
  labels: readonly string[] | undefined,
): Promise<{ ids: string[]; again: string[] }> {
  const ids = await selectTasks(app, {
    references: references ?? [],
    labels: readLabels(labels),
    readStdin: () => command.readStdin(),
    tellOther: command.tellOther,
  });
  return { ids, again: labels === undefined ? ids : labels.flatMap((label) => ['--label', label]) };
}
