/**
 * Whether an answer is a tool call that the model printed in place of making it: nobody will run it, and
 * it is no answer. Pure. An answer that only speaks of tool calls, or holds other JSON, is left alone:
 * the call must be all there is, but for a few words around a call in a model's own markup.
 */
import { isObject } from '../text/json.ts';

/** Longer answers are not looked at: a call is short, and what is long is something else. */
const LONGEST = 64 * 1024;

/** Words a model says before or after its call ("I will now write the file."). */
const FEW_WORDS = 200;

const MARKUPS: readonly RegExp[] = [
  /<tool_call>[\s\S]*?(?:<\/tool_call>|$)/g,
  /<\|tool_call\|?>[\s\S]*?(?:<\|?\/?tool_call\|?>|$)/g,
  /<\|python_tag\|>[\s\S]*$/g,
  /\[TOOL_CALLS\][\s\S]*$/g,
  /<function=[\w.-]+>[\s\S]*?(?:<\/function>|$)/g,
  /<\|channel\|>commentary to=[\w.]+[\s\S]*?(?:<\|call\|>|$)/g,
  /<｜tool▁calls▁begin｜>[\s\S]*$/g,
];

/** True when the whole of `text` is one or more tool calls, in any of the usual forms. */
export const isToolCallText = (text: string): boolean => {
  if (text.length > LONGEST) return false;
  const answer = text.trim();
  return isCallJson(withoutFence(answer)) || isCallMarkup(answer);
};

const isCallMarkup = (answer: string): boolean => {
  // Markup that is quoted in code is what the answer is about.
  const plain = answer
    .replaceAll(/```[\s\S]*?(?:```|$)/g, ' code '.repeat(FEW_WORDS))
    .replaceAll(/`[^`\n]*`/g, ' code ');
  for (const markup of MARKUPS) {
    const rest = plain.replaceAll(markup, '');
    if (rest !== plain && rest.trim().length <= FEW_WORDS) return true;
  }
  return false;
};

/** The content, where the whole answer is one fenced block. */
const withoutFence = (answer: string): string =>
  /^```[\w-]*\s*\n([\s\S]*?)\n?```$/.exec(answer)?.[1]?.trim() ?? answer;

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
