/** What a task produced, as it lies on the disk. */

import type { App } from '../../app/app.ts';
import type { WithheldRecord } from '../../app/withhold.ts';
import { KoubouError } from '../../errors.ts';
import type { ByteRange, Queue } from '../../queue/queue.ts';
import type { TaskDocument } from '../documents/task.ts';
import { CUT_AMONG_MANY, cutRecord } from './cut-record.ts';

export interface Slice {
  /** Only so many lines of the beginning. */
  head?: number | undefined;
  /** Only so many lines of the end. */
  tail?: number | undefined;
}

export interface Result {
  record: WithheldRecord;
  /** The bytes asked for, read as they are wanted; none where there is no output. */
  chunks: () => AsyncIterable<Uint8Array>;
}

type ResultApp = Pick<App, 'queue' | 'view' | 'clock'>;

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 10;
/** A cancelled task is moved first and told of then; the other order would be worse. */
const OUTCOME_WAIT_MS = 2000;
const OUTCOME_LOOK_MS = 50;

/** The record of a task that has ended, and its output. A refused candidate of a model is no result; what is handed back is. */
export const readResult = async (
  { queue, view, clock }: ResultApp,
  id: string,
  slice: Slice,
): Promise<Result> => {
  const record = await endedRecord({ queue, view, clock }, id);
  if (record.withheld) return { record, chunks: nothing };
  const { success, error } = record.result ?? {};
  // What was accepted, but could not be put where --output says, is a result.
  const accepted = success === true || record.attempts.at(-1)?.evidence != null;
  const shows = accepted || error?.code === 'handed_back' || record.type === 'command';
  const run = record.result?.output_bytes == null ? undefined : record.attempts.at(-1)?.attempt;
  const output = shows && run !== undefined ? await queue.artifacts.find(id, run, 'output') : undefined;
  await queue.markRead(id);
  if (output === undefined) return { record, chunks: nothing };
  const read: Read = (range) => queue.artifacts.read(id, output.run, 'output', range);
  return { record, chunks: () => sliced(read, output.bytes, slice) };
};

/** The output is what was asked for, so it is the one text that is never cut (beyond what records hold). */
export const resultDocument = async ({ record, chunks }: Result): Promise<TaskDocument> => {
  const { result } = record;
  const cut = cutRecord({ ...record, result: null }, CUT_AMONG_MANY);
  if (result === null) return cut;
  if (result.output === null) return { ...cut, result };
  return { ...cut, result: { ...result, output: (await bytesOf(chunks())).toString('utf8') } };
};

export const endedRecord = async (
  { queue, view, clock }: Omit<ResultApp, 'queue'> & { queue: Pick<Queue, 'get'> },
  id: string,
): Promise<WithheldRecord> => {
  const untilMs = clock.steadyMs() + OUTCOME_WAIT_MS;
  for (;;) {
    const record = await queue.get(id);
    if (record === undefined) throw new KoubouError('no_such_task', `There is no task ${id} any more.`);
    if (record.result?.error?.code !== 'unknown' || clock.steadyMs() > untilMs) {
      return view.record(record);
    }
    await clock.sleep(OUTCOME_LOOK_MS);
  }
};

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Gives bytes of one artifact. */
type Read = (range: ByteRange) => AsyncIterable<Uint8Array>;

/** Constant memory, whatever its length. */
async function* sliced(read: Read, bytes: number, { head, tail }: Slice): AsyncGenerator<Uint8Array> {
  const from = tail === undefined ? 0 : await startOfTail(read, bytes, tail);
  let linesLeft = head ?? Number.POSITIVE_INFINITY;
  if (linesLeft === 0) return;
  for await (const chunk of read({ from })) {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
      linesLeft -= 1;
      if (linesLeft > 0) continue;
      yield chunk.subarray(0, at + 1);
      return;
    }
    yield chunk;
  }
}

/** Where the last `lines` lines begin; a newline at the very end ends the last of them. */
const startOfTail = async (read: Read, bytes: number, lines: number): Promise<number> => {
  if (lines === 0) return bytes;
  let newlines = 0;
  for (let to = bytes; to > 0; ) {
    const from = Math.max(0, to - BLOCK_BYTES);
    const block = await bytesOf(read({ from, to }));
    for (let at = block.length - 1; at >= 0; at -= 1) {
      if (block[at] !== NEWLINE || from + at === bytes - 1) continue;
      newlines += 1;
      if (newlines === lines) return from + at + 1;
    }
    to = from;
  }
  return 0;
};

const bytesOf = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};
