/** Templates such as `{cwd}/notes`: names in braces stand for values, `{{` for a brace. Pure. */
import { nearest } from './nearest.ts';

/** What an entry of kind `agent` may name; config/ judges by this list, and the runner has to give them all. */
export const AGENT_PLACEHOLDERS = [
  'prompt_file',
  'cwd',
  'model',
  'base_url',
  'server_url',
  'api_key',
  'output_file',
  'state',
] as const;

export type AgentPlaceholder = (typeof AGENT_PLACEHOLDERS)[number];

const BRACES = /\{\{|\{([a-z][a-z0-9_]*)\}/gi;

/** The names in a template, in order. */
export const placeholdersIn = (template: string): string[] =>
  [...template.matchAll(BRACES)].flatMap(([, name]) => (name === undefined ? [] : [name]));

/** A name without a value stays as it is written: whether names are known is judged when a config is read. */
export const fillPlaceholders = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(BRACES, (written, name: string | undefined) =>
    name === undefined ? '{' : (values[name] ?? written),
  );

/** Why a template cannot be filled, as the end of a sentence, or undefined. */
export const unknownPlaceholder = (
  template: string,
  known: readonly string[] = AGENT_PLACEHOLDERS,
): string | undefined => {
  const unknown = placeholdersIn(template).find((name) => !known.includes(name));
  if (unknown === undefined) return undefined;
  const guess = nearest(unknown, known);
  const advice =
    guess === undefined
      ? `Known: ${known.map((name) => `{${name}}`).join(' ')}; {{ is a brace.`
      : `Did you mean {${guess}}?`;
  return `names {${unknown}}, which stands for nothing. ${advice}`;
};

/** Every text in a value, names of keys included: a list or a group of keys may hold templates at any depth. */
export const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...textsIn(each)]);
};
