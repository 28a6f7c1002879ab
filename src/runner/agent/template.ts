/** What an agent CLI is started with: the words and the environment of its entry, filled in. Pure. */
import { type AgentPlaceholder, fillPlaceholders } from '../../text/placeholders.ts';

export type AgentValues = Readonly<Record<AgentPlaceholder, string>>;

export interface Invocation {
  args: readonly string[];
  env: Readonly<Record<string, unknown>>;
}

/** A group or a list in `env` becomes JSON, with what is filled in quoted as JSON wants it. */
export const invocationOf = (
  { args, env }: Invocation,
  values: AgentValues,
): { args: string[]; env: Record<string, string> } => ({
  args: args.map((arg) => fillPlaceholders(arg, values)),
  env: Object.fromEntries(
    Object.entries(env).map(([name, value]) => {
      const filled = fillDeep(value, values);
      return [name, typeof filled === 'string' ? filled : JSON.stringify(filled)];
    }),
  ),
});

const fillDeep = (value: unknown, values: AgentValues): unknown => {
  if (typeof value === 'string') return fillPlaceholders(value, values);
  if (Array.isArray(value)) return value.map((each) => fillDeep(each, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [fillPlaceholders(key, values), fillDeep(each, values)]),
  );
};

/** The addresses of one server: with /v1, as OpenAI's clients want it, and without, as Anthropic's do. */
export const serverUrls = (
  kind: 'ollama' | 'openai',
  url: string,
): { base_url: string; server_url: string } => {
  const plain = url.replace(/\/+$/, '');
  const root = plain.replace(/\/v1$/, '');
  return { base_url: kind === 'ollama' ? `${root}/v1` : plain, server_url: root };
};
