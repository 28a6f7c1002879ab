import { CUT_AMONG_MANY, cutRecord } from '../actions/cut-record.ts';
import { REVEAL_HINT, type View } from '../app/withhold.ts';
import type { Queue } from '../queue/queue.ts';
import type { BaseCommand } from './base-command.ts';

/** The tasks as they are now, as one JSON document: a record by itself, or a list of them. */
export async function printRecords(
  command: BaseCommand,
  { queue, view }: { queue: Pick<Queue, 'get'>; view: View },
  ids: readonly string[],
  alone = ids.length === 1,
): Promise<void> {
  const records = [];
  for (const id of ids) {
    const record = await queue.get(id);
    if (record !== undefined) records.push(cutRecord(await view.record(record), CUT_AMONG_MANY));
  }
  if (records.some(({ withheld }) => withheld)) command.hint(REVEAL_HINT);
  await command.printJson(alone ? records[0] : { tasks: records });
}
