/** The markup of model families that servers leave in an answer, each with a source. Pure data. */
import { THOUGHTS } from './thought-table.ts';
import { BARE_HEADER, END_TOKENS, OTHER_TEXTS, START_TOKENS } from './turn-table.ts';

/** Around the answer of a model that thought before. */
export const WRAPPERS: ReadonlySet<string> = new Set([
  '<answer>',
  '</answer>',
  '<response>',
  '</response>',
  '<|begin_of_solution|>',
  '<|end_of_solution|>',
  '[END FINAL RESPONSE]',
]);

/** Around an answer or a part of it, whatever stood before; taken off wherever they are not quoted. */
export const FRAMES: ReadonlySet<string> = new Set([
  '<|START_RESPONSE|>',
  '<|END_RESPONSE|>',
  '<|open|>response<|sep|>',
  '<|close|>response<|sep|>',
  // GLM-4.5V: https://huggingface.co/zai-org/GLM-4.5V
  '<|begin_of_box|>',
  '<|end_of_box|>',
  // The beginning of a sequence; a draft model may print it anywhere:
  // https://github.com/vllm-project/vllm-ascend/issues/9767
  '<bos>',
  '<|begin_of_text|>',
  '<｜begin▁of▁sentence｜>',
]);

/** Tokens that tokenizers keep free; a text never speaks of one by its number. */
export const RESERVED =
  /^(?:<(?:unused|reserved_|extra_id_)\d+>|\[UNUSED_TOKEN_\d+\]|<\|reserved_special_token_\d+\|>|<｜[^｜]*place▁holder[^｜]*｜>)$/;

/** Names of tokens that belong to a call of a tool: a call that was printed is judged as that, so they have to be seen. */
export const CALL_TOKEN = /tool|call|func|plugin|action|invoke|python|dsml|code_interp/i;

/** https://github.com/openai/harmony/blob/main/docs/format.md */
export const HARMONY = {
  openers: new Set(['<|start|>', '<|channel|>', '<|constrain|>']),
  message: '<|message|>',
  closers: new Set(['<|end|>', '<|return|>', '<|call|>']),
  /** Ends the turn, not the message alone. */
  last: '<|return|>',
} as const;

/** Begins text that HTML strikes out; it ends as sequences of some models do. */
export const STRUCK = '<s>';

/** Whether it opens or closes something; what does neither is `token`. */
export type Marker = 'open' | 'close' | 'token';

/** The markers that are known by their letters; find-marker.ts knows others by their form. */
export const MARKERS: ReadonlyMap<string, Marker> = new Map([
  [STRUCK, 'open' as const],
  ...[BARE_HEADER, ...START_TOKENS, ...END_TOKENS, ...OTHER_TEXTS].map((text) => [text, 'token'] as const),
  ...[...HARMONY.openers, HARMONY.message, ...HARMONY.closers].map((text) => [text, 'token'] as const),
  ...THOUGHTS.flatMap(({ open }) => open.map((text) => [text, 'open'] as const)),
  // Of those that only end what they began, the ones that have no form of a token.
  ...THOUGHTS.flatMap(({ close, paired }) =>
    close.filter((text) => !paired || text.startsWith('[')).map((text) => [text, 'close'] as const),
  ),
  ...[...WRAPPERS, ...FRAMES].map(
    (text) => [text, /^(<\/|\[END|<\|END|<\|end|<\|close)/.test(text) ? 'close' : 'open'] as const,
  ),
]);
