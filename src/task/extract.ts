/** What of an answer is the result: all of it, or the code or JSON in it. Pure. */
import { extname } from 'node:path';
import type { EXTRACTS } from './fields/fields.ts';
import type { TaskFile } from './record.ts';

/** `fence`: what stands in a fence, where that is the whole answer. `json`, `code`: also where words stand around it. */
export type Extract = 'fence' | (typeof EXTRACTS)[number];

/** Endings of files in which a Markdown fence is wrong. */
const CODE_ENDINGS = new Set(
  (
    'py pyi js mjs cjs jsx ts mts cts tsx json jsonl yaml yml toml xml html htm css scss sql sh bash zsh ps1 rb php pl lua ' +
    'go rs c h cc cpp hpp cs java kt kts swift scala clj ex exs erl hs ml r jl dart vue svelte csv tsv ini cfg tf proto'
  ).split(' '),
);

/** null: the answer stays as it is. */
export const extractOf = ({ type, options }: Pick<TaskFile, 'type' | 'options'>): Extract | null => {
  if (type === 'command') return null;
  const { extract, schema, output } = options;
  if (extract !== undefined) return extract;
  if (schema !== undefined) return 'fence';
  const ending = output === undefined ? '' : extname(output).slice(1).toLowerCase();
  return CODE_ENDINGS.has(ending) ? 'fence' : null;
};

/** What the model is told about it; empty: nothing. */
export const extractWords = (task: Pick<TaskFile, 'type' | 'options'>): string => {
  const extract = extractOf(task);
  if (extract === null || task.options.schema !== undefined) return '';
  return extract === 'json'
    ? 'Answer with one JSON value and nothing else.'
    : 'Answer with the content of the file alone, as one block of code: no words before or after it.';
};
