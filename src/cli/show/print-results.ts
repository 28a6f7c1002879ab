import type { TaskDocument } from '../../actions/documents/task.ts';
import { oneOrMany } from '../../actions/tasks/records.ts';
import {
  endedRecord,
  type Result,
  readResult,
  resultDocument,
  type Slice,
} from '../../actions/tasks/result.ts';
import type { App } from '../../app/app.ts';
import { REVEAL_HINT, withheldError } from '../../app/withhold.ts';
import type { Queue } from '../../queue/queue.ts';
import { isEnded } from '../../task/lifecycle.ts';
import type { TaskRecord } from '../../task/record.ts';
import { oneLine } from '../../text/harmless.ts';
import type { BaseCommand } from '../base-command.ts';
import { subject } from '../render/words.ts';
import { copyToStdout } from './copy.ts';
import { toType } from './to-type.ts';

type ResultFormat = 'md' | 'json' | 'jsonl';

const NEWLINE = 10;

export interface ResultLook extends Slice {
  /** undefined: the output alone, under headings where there are several. */
  format: ResultFormat | undefined;
}

/** Prints what the tasks, all of them ended, produced; exit code 1 and the reasons where one of them failed. */
export async function printResults(
  command: BaseCommand,
  opened: Pick<App, 'queue' | 'view' | 'clock'>,
  ids: readonly string[],
  look: ResultLook,
): Promise<void> {
  const headings = look.format === 'md' || ids.length > 1;
  const records: TaskDocument[] = [];
  let printed = false;
  for (const id of ids) {
    const result = await readResult(opened, id, look);
    const { record } = result;
    if (look.format === 'jsonl') await command.printJson(await resultDocument(result));
    else if (look.format === 'json') records.push(await resultDocument(result));
    else if (record.withheld) tellWithheld(command, record);
    else printed = (await printText(command, result, headings, printed)) || printed;
    if (record.result?.success !== true) tellFailure(command, record);
  }
  if (look.format !== undefined && records.some(({ withheld }) => withheld)) command.hint(REVEAL_HINT);
  if (look.format === 'json') await command.printJson(oneOrMany(records));
}

async function printText(
  command: BaseCommand,
  { record, chunks }: Result,
  heading: boolean,
  hasBefore: boolean,
): Promise<boolean> {
  let last: number | undefined;
  const watched = async function* () {
    for await (const chunk of chunks()) {
      last = chunk.at(-1) ?? last;
      yield chunk;
    }
  };
  if (!heading) {
    await copyToStdout(watched());
    // The prompt of the shell belongs on a line of its own; files and pipes get the bytes alone.
    if (process.stdout.isTTY && last !== undefined && last !== NEWLINE) await command.printRaw('\n');
    return true;
  }
  if (record.result?.success !== true && record.result?.output_bytes == null) return false;
  await command.printRaw(`${hasBefore ? '\n' : ''}## ${titleOf(record)}\n\n`);
  await copyToStdout(watched());
  if (last !== undefined && last !== NEWLINE) await command.printRaw('\n');
  return true;
}

const titleOf = (record: TaskRecord): string => {
  const [file] = record.files;
  const about = oneLine(file === undefined ? subject(record).slice(0, 200) : file.path);
  return `${record.task_id}: ${about.length > 80 ? `${about.slice(0, 79)}…` : about}`;
};

/** Says of each that failed why; exit code 1 where there is one. */
export async function tellFailures(
  command: BaseCommand,
  opened: Pick<App, 'queue' | 'view' | 'clock'>,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) {
    if ((await opened.queue.state(id)) === 'failed') tellFailure(command, await endedRecord(opened, id));
  }
}

/** Nothing on stdout could be taken for a result that is empty, so it is no success either. */
function tellWithheld(command: BaseCommand, { task_id }: TaskRecord): void {
  const { message, hint, exitCode } = withheldError(task_id);
  command.hint(`${message}\n${hint}`);
  command.exitWith(exitCode);
}

function tellFailure(command: BaseCommand, { task_id, type, result, files }: TaskRecord): void {
  command.exitWith(1);
  if (!result?.error) return;
  const [file] = files;
  const about = file === undefined ? '' : ` (${oneLine(file.path)})`;
  command.hint(`${task_id}${about} failed: ${result.error.message}\n${result.error.hint}`);
  if (type !== 'command' && result.output_path !== null && result.error.code !== 'handed_back') {
    command.hint(`What it gave was not accepted; it is kept in ${result.output_path}`);
  }
}

/** Whether one of them has not ended: then nothing may be printed that could be taken for a result. */
export async function tellNotEnded(
  command: BaseCommand,
  queue: Pick<Queue, 'state'>,
  ids: readonly string[],
  { home, again }: { home: string | undefined; again: readonly string[] },
): Promise<boolean> {
  const open: string[] = [];
  for (const id of ids) {
    const state = await queue.state(id);
    if (state === undefined || !isEnded(state)) open.push(`${id} (${state?.replace('_', ' ')})`);
  }
  if (open.length === 0) return false;
  const who = open.length === 1 ? `${open[0]} has` : `${open.length} of ${ids.length} tasks have`;
  command.hint(
    `${who} not ended, so there is no result yet. Wait for it with: ${toType(home, 'result', ['--wait', ...again])}`,
  );
  command.exitWith(4);
  return true;
}
