import { type SelectFrom, selectTasks } from '../../actions/tasks/select.ts';
import { KoubouError } from '../../errors.ts';
import type { BaseCommand } from '../base-command.ts';
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
    ...(await selectionOf(command, references ?? [], readLabels(labels))),
    tellOther: command.tellOther,
  });
  return { ids, again: labels === undefined ? ids : labels.flatMap((label) => ['--label', label]) };
}

/** With the ids on stdin in the place of `-`. Nothing is read beside labels: both together are refused. */
export async function selectionOf(
  stdin: Pick<BaseCommand, 'readStdin'>,
  references: readonly string[],
  labels: Readonly<Record<string, string>>,
): Promise<{ references: readonly string[]; labels: Readonly<Record<string, string>> }> {
  if (Object.keys(labels).length > 0) return { references, labels };
  const named: (readonly string[])[] = [];
  for (const reference of references) {
    named.push(reference === '-' ? idsIn(await stdin.readStdin()) : [reference]);
  }
  return { references: named.flat(), labels };
}

/** The first word of each line, so that a table can be piped in as well as bare ids. */
function idsIn(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n');
  const words = lines.flatMap((line) => line.trim().split(/\s+/, 1)).filter((word) => word !== '');
  if (words.length > 0) return words;
  throw new KoubouError('usage', 'There are no ids on stdin.', {
    hint: 'Pipe in one id a line, as `koubou delegate` prints them.',
  });
}
