/**
 * Whether an answer is a tool call that the model printed in place of making it: nobody will run it, and
 * it is no answer. Pure. An answer that only speaks of tool calls, or holds other JSON, is left alone:
 * the call must be all there is, but for a few words around a call in a model's own markup.
 */
import { isObject } from '../text/formats/json.ts';
import { replacePieces, wholeFence } from '../text/scan.ts';

/** Longer answers are not looked at: a call is short, and what is long is something else. */
export const LONGEST_CALL_BYTES = 64 * 1024;

/** Words a model says before or after its call ("I will now write the file."). */
const FEW_WORDS = 200;

/** Where a call begins, and with which of these it ends; where none of them comes, at the end of the text. */
const MARKUPS: readonly { open: RegExp; close: readonly string[] }[] = [
  { open: /<tool_call>/g, close: ['</tool_call>'] },
  {
    open: /<\|tool_call\|?>/g,
    close: [
      '<|tool_call|>',
      '<|/tool_call|>',
      '<|tool_call>',
      '<|/tool_call>',
      '<tool_call|>',
      '</tool_call|>',
      '<tool_call>',
      '</tool_call>',
    ],
  },
  { open: /<\|python_tag\|>/g, close: [] },
  { open: /\[TOOL_CALLS\]/g, close: [] },
  { open: /<function=[\w.-]{1,200}>/g, close: ['</function>'] },
  { open: /<\|channel\|>commentary to=[\w.]/g, close: ['<|call|>'] },
  { open: /^commentary to=[\w.]{1,200}/g, close: [] },
  { open: /<｜tool▁calls▁begin｜>/g, close: [] },
  { open: /<｜DSML｜[\w▁]{1,40}/g, close: ['</｜DSML｜tool_calls>', '</｜DSML｜function_calls>'] },
  { open: /\]<\]minimax\[>\[/g, close: [] },
  { open: /<\|message_sep\|>\s{0,9}function call<\|role_sep\|>/g, close: [] },
  { open: /✿FUNCTION✿/g, close: [] },
  { open: /^assistant -> tool\/function_call\n/g, close: [] },
  {
    open: /<(?:minimax:tool_call|function_calls?|start_function_call|tool_calls)>/g,
    close: [
      '</minimax:tool_call>',
      '</function_calls>',
      '</function_call>',
      '<end_function_call>',
      '</tool_calls>',
    ],
  },
  // Tokens of other families, where what follows looks like a call.
  {
    open: /<\|[a-z_]{0,30}(?:tool|func|action_start|invoke)[a-z_]{0,30}\|>(?=\s{0,9}(?:[\w.:-]{1,80}\s{0,9})?[{[<(])/g,
    close: ['<|tool_calls_section_end|>', '<|tool_call_end|>', '<|action_end|>', '<|tool_calls_end|>'],
  },
];

/** True when the whole of `text` is one or more tool calls, in any of the usual forms. */
export const isToolCallText = (text: string): boolean => {
  if (text.length > LONGEST_CALL_BYTES) return false;
  const answer = text.trim();
  return isCallJson(withoutFence(answer)) || isCallMarkup(answer);
};

const isCallMarkup = (answer: string): boolean => {
  // Markup that is quoted in code is what the answer is about.
  const blocks = replacePieces(
    answer,
    { open: '```', close: '```', toEnd: true },
    ' code '.repeat(FEW_WORDS),
  );
  const plain = blocks.split('\n').map(withoutInlineCode).join('\n');
  for (const markup of MARKUPS) {
    const rest = withoutCalls(plain, markup);
    if (rest !== plain && rest.trim().length <= FEW_WORDS) return true;
  }
  return false;
};

const withoutInlineCode = (line: string): string =>
  replacePieces(line, { open: '`', close: '`', toEnd: false }, ' code ');

const withoutCalls = (text: string, { open, close }: (typeof MARKUPS)[number]): string => {
  const kept: string[] = [];
  /** Where each end comes next; it is looked for again only once it was passed. */
  const ends = close.map((word) => ({ word, at: -1 }));
  let from = 0;
  for (const { 0: begin, index } of text.matchAll(open)) {
    if (index < from) continue;
    kept.push(text.slice(from, index));
    const start = index + begin.length;
    for (const end of ends) {
      if (end.at < start) end.at = indexOrEnd(text, end.word, start);
    }
    const first = ends.reduce((best, end) => (end.at < best.at ? end : best), { word: '', at: text.length });
    from = first.at + first.word.length;
  }
  kept.push(text.slice(from));
  return kept.join('');
};

const indexOrEnd = (text: string, word: string, from: number): number => {
  const at = text.indexOf(word, from);
  return at === -1 ? text.length : at;
};

/** The content, where the whole answer is one fenced block. */
const withoutFence = (answer: string): string => {
  const fence = wholeFence(answer);
  return fence !== undefined && /^[\w-]{0,100}$/.test(fence.word) ? fence.content.trim() : answer;
};

const isCallJson = (text: string): boolean => {
  if (!/^[{[]/.test(text)) return false;
  const values = documents(text);
  return values !== undefined && values.length > 0 && values.every(isCall);
};

/** One JSON document, or one a line; a list counts as its items. */
const documents = (text: string): unknown[] | undefined => {
  const whole = parse(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const values = lines.map(parse);
  return values.includes(undefined) ? undefined : values;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** A name with arguments and nothing else but what belongs to a call. */
const isCall = (value: unknown): boolean => {
  if (!isObject(value)) return false;
  if (isObject(value['function']) && onlyKeys(value, CALL_WRAPPER)) return isCall(value['function']);
  if (Array.isArray(value['tool_calls']) && onlyKeys(value, CALLS_WRAPPER)) {
    return value['tool_calls'].length > 0 && value['tool_calls'].every(isCall);
  }
  const name = value['name'] ?? value['tool'] ?? value['tool_name'] ?? value['function'] ?? value['action'];
  const given =
    value['arguments'] ??
    value['parameters'] ??
    value['args'] ??
    value['tool_input'] ??
    value['action_input'];
  if (typeof name !== 'string' || !/^[\w.:/-]+$/.test(name)) return false;
  return (isObject(given) || isJsonObjectText(given)) && onlyKeys(value, CALL_KEYS);
};

const CALL_WRAPPER = ['id', 'type', 'function', 'index'];
const CALLS_WRAPPER = ['role', 'content', 'tool_calls'];
const CALL_KEYS = [
  'id',
  'type',
  'index',
  'name',
  'tool',
  'tool_name',
  'function',
  'action',
  'arguments',
  'parameters',
  'args',
  'tool_input',
  'action_input',
];

/** Some models write the arguments as a string of JSON. */
const isJsonObjectText = (value: unknown): boolean => typeof value === 'string' && isObject(parse(value));

const onlyKeys = (value: Record<string, unknown>, keys: readonly string[]): boolean =>
  Object.keys(value).every((key) => keys.includes(key));
