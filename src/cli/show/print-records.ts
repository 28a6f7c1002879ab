import { isWithheld, recordsDocument } from '../../actions/tasks/records.ts';
import { REVEAL_HINT, type View } from '../../app/withhold.ts';
import type { Queue } from '../../queue/queue.ts';
import type { BaseCommand } from '../base-command.ts';

/** The tasks as they are now, as one JSON document: a record by itself, or a list of them. */
export async function printRecords(
  command: BaseCommand,
  app: { queue: Pick<Queue, 'get'>; view: View },
  ids: readonly string[],
  alone = ids.length === 1,
): Promise<void> {
  const document = await recordsDocument(app, ids, alone);
  if (isWithheld(document)) command.hint(REVEAL_HINT);
  await command.printJson(document);
}
