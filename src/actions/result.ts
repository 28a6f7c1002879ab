/** What a task produced, as it lies on the disk. */
import { KoubouError } from '../errors.ts';
import { openOwn, piecesOf } from '../names/own-file.ts';
import type { Queue } from '../queue/queue.ts';
import type { View, WithheldRecord } from './withhold.ts';

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

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 10;
/** A cancelled task is moved first and told of then; the other order would be worse. */
const OUTCOME_WAIT_MS = 2000;
const OUTCOME_LOOK_MS = 50;

/** The record of a task that has ended, and its output. A refused candidate of a model is no result; what is handed back is. */
export const readResult = async (
  { queue, view }: { queue: Queue; view: View },
  id: string,
  slice: Slice,
): Promise<Result> => {
  const record = await endedRecord({ queue, view }, id);
  if (record.withheld) return { record, chunks: nothing };
  const { success, error } = record.result ?? {};
  // What was accepted, but could not be put where --output says, is a result.
  const accepted = success === true || record.attempts.at(-1)?.evidence != null;
  const shows = accepted || error?.code === 'handed_back' || record.type === 'command';
  const path = shows ? (record.result?.output_path ?? null) : null;
  await queue.markRead(id);
  return { record, chunks: () => (path === null ? nothing() : sliced(path, slice)) };
};

export const endedRecord = async (
  { queue, view }: { queue: Pick<Queue, 'get'>; view: View },
  id: string,
): Promise<WithheldRecord> => {
  const untilMs = performance.now() + OUTCOME_WAIT_MS;
  for (;;) {
    const record = await queue.get(id);
    if (record === undefined) throw new KoubouError('no_such_task', `There is no task ${id} any more.`);
    if (record.result?.error?.code !== 'unknown' || performance.now() > untilMs) {
      return view.record(record);
    }
    await new Promise((resolve) => setTimeout(resolve, OUTCOME_LOOK_MS));
  }
};

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Constant memory, whatever the file's length. */
async function* sliced(path: string, { head, tail }: Slice): AsyncGenerator<Uint8Array> {
  const start = tail === undefined ? 0 : await startOfTail(path, tail);
  let linesLeft = head ?? Number.POSITIVE_INFINITY;
  if (linesLeft === 0) return;
  for await (const chunk of piecesOf(path, start)) {
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
const startOfTail = async (path: string, lines: number): Promise<number> => {
  const file = await openOwn(path, 'read');
  try {
    const { size } = await file.stat();
    if (lines === 0) return size;
    const block = Buffer.alloc(BLOCK_BYTES);
    let newlines = 0;
    for (let end = size; end > 0; ) {
      const begin = Math.max(0, end - BLOCK_BYTES);
      const { bytesRead } = await file.read(block, 0, end - begin, begin);
      for (let at = bytesRead - 1; at >= 0; at -= 1) {
        if (block[at] !== NEWLINE || begin + at === size - 1) continue;
        newlines += 1;
        if (newlines === lines) return begin + at + 1;
      }
      end = begin;
    }
    return 0;
  } finally {
    await file.close();
  }
};
