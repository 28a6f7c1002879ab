/** A record small enough to print among many: its two long texts are cut, and it says so. */
import type { TaskRecord } from '../../task/record.ts';
import type { TaskDocument } from '../documents/task.ts';

/** Letters of prompt and output where many records are printed. */
export const CUT_AMONG_MANY = 500;
/** And of a record that is printed alone. */
export const CUT_ALONE = 16 * 1024;

/** The record itself where both texts fit in `most` letters. */
export const cutRecord = (record: TaskRecord, most: number): TaskDocument => {
  const { prompt, result } = record;
  const output = result?.output ?? '';
  if (prompt.length <= most && output.length <= most) return record;
  return {
    ...record,
    prompt: cut(prompt, most),
    result: result && { ...result, output: result.output === null ? null : cut(result.output, most) },
    prompt_bytes: Buffer.byteLength(prompt),
    output_bytes: result === null ? null : result.output_bytes,
    truncated: true,
  };
};

// Half of a surrogate pair is no letter, and would be printed as garbage.
const cut = (text: string, most: number): string => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
