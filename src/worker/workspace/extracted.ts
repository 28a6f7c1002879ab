/** Makes of an answer the result that was asked for, before anything judges it: what is judged is what is kept. */
import { rename } from 'node:fs/promises';
import { errorInfo } from '../../errors.ts';
import { judge } from '../../judge/judge.ts';
import { appendOwn, createOwn } from '../../names/own-file.ts';
import type { Claim } from '../../queue/queue.ts';
import { field, say, toText } from '../../say/say.ts';
import { extractOf } from '../../task/extract.ts';
import type { NotKept } from './kept-result.ts';

/** Why no result can be taken out of the answer, with what the next attempt is told. */
export interface NotTaken extends NotKept {
  feedback: string;
}

/** null: the output holds the result. What was taken off is in the log, which holds the whole answer. */
export const extracted = async (
  { task, scratch: { outputPath, logPath } }: Claim,
  signal: AbortSignal,
): Promise<NotTaken | null> => {
  const what = extractOf(task);
  if (what === null) return null;
  const found = await judge.ask('extract', { path: outputPath, what }, signal);
  if (found.kind === 'same') return null;
  if (found.kind === 'unclear') {
    const words = what === 'json' ? 'JSON values' : 'blocks of code';
    const message = say`The answer holds ${found.blocks === 0 ? 'no' : found.blocks} ${words}, and ${field('extract', what)} takes one.`;
    return {
      error: errorInfo(what === 'json' ? 'schema_invalid' : 'no_evidence', message),
      charged: true,
      evidence: null,
      feedback: `${toText(message)} Answer with one block and nothing else.`,
    };
  }
  const half = `${outputPath}.extract`;
  const file = await createOwn(half);
  try {
    await file.writeFile(found.text);
  } finally {
    await file.close();
  }
  await rename(half, outputPath);
  await appendOwn(
    logPath,
    `\nkoubou: the result is the ${what === 'json' ? 'JSON' : 'content of the block'} in the answer.\n`,
  );
  return null;
};
