import { CUT_AMONG_MANY, cutRecord } from '../actions/cut-record.ts';
import type { Queue } from '../queue/queue.ts';
import type { BaseCommand } from './base-command.ts';

/** The tasks as they are now, as one JSON document: a record by itself, or a list of them. */
export async function printRecords(
  command: BaseCommand,
  queue: Pick<Queue, 'get'>,
  ids: readonly string[],
  alone = ids.length === 1,
): Promise<void> {
  const records = [];
  for (const id of ids) {
    const record = await queue.get(id);
    if (record !== undefined) records.push(cutRecord(record, CUT_AMONG_MANY));
  }
  await command.printJson(alone ? records[0] : { tasks: records });
}
