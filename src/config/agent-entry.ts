/** A runner of kind `agent`: any agent CLI, described in agent.yaml. docs/agents.md explains each key. Pure. */
import * as z from 'zod/mini';
import { isErrorCode } from '../errors.ts';
import { placeholdersIn, textsIn, unknownPlaceholder } from '../text/placeholders.ts';

const text = z.string().check(z.minLength(1));
const yes = z.literal(true);
/** Paths into an event, each with the value that has to stand there. */
const event = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const agentEntry = z.strictObject({
  kind: z.literal('agent'),
  use: z.optional(text),
  endpoint: z.optional(text),
  model: z.optional(text),
  bin: text,
  args: z._default(z.array(z.string()), []),
  stdin: z._default(z.enum(['prompt', 'none']), 'prompt'),
  env: z._default(z.record(z.string(), z.unknown()), {}),
  output: z._default(
    z.strictObject({
      stdout: z.optional(yes),
      last_line: z.optional(yes),
      json: z.optional(text),
      jsonl: z.optional(z.strictObject({ event, path: text })),
      file: z.optional(yes),
    }),
    { stdout: true },
  ),
  ends_with: z.optional(event),
  failure: z.optional(z.strictObject({ event, path: text })),
  success: z._default(z.record(z.string(), z.unknown()), {}),
  usage: z.optional(z.strictObject({ event: z.optional(event), input: text, output: text })),
  stop_signal: z._default(z.enum(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']), 'SIGTERM'),
  sandbox: z.optional(text),
  confine: z.optional(z.enum(['auto', 'off'])),
  network: z.optional(z.enum(['endpoint', 'all'])),
  project_settings: z.optional(z.array(z.string().check(z.regex(/^[^/\0]+$/)))),
  writable: z.optional(z.array(z.string().check(z.regex(/^(\/|~\/)[^\0]*$/)))),
});

export type AgentEntry = z.infer<typeof agentEntry>;

interface EntryProblem {
  /** Below the entry. */
  path: string[];
  message: string;
}

const OUTPUTS = 'stdout, last_line, json, jsonl, file';

/** What the keys of one entry mean to each other; the endpoint's existence is judged elsewhere. */
export const agentProblem = (entry: AgentEntry): EntryProblem | undefined =>
  templateProblem(entry) ?? outputProblem(entry) ?? successProblem(entry);

const templateProblem = (entry: AgentEntry): EntryProblem | undefined => {
  const places: [path: string[], texts: string[]][] = [
    [['args'], entry.args],
    ...Object.entries(entry.env).map(([name, value]): [string[], string[]] => [
      ['env', name],
      textsIn(value),
    ]),
  ];
  for (const [path, texts] of places) {
    for (const each of texts) {
      const unknown = unknownPlaceholder(each);
      if (unknown !== undefined) return { path, message: unknown };
      for (const name of placeholdersIn(each)) {
        const message = unfillable(name, path[0] === 'args', entry);
        if (message !== undefined) return { path, message };
      }
    }
  }
  const named = new Set(places.flatMap(([, texts]) => texts).flatMap(placeholdersIn));
  if (entry.stdin === 'none' && !named.has('prompt_file')) {
    return { path: ['stdin'], message: 'is none, so args or env have to name {prompt_file}' };
  }
  if (named.has('output_file') !== (entry.output.file === true)) {
    return {
      path: ['output'],
      message: '{output_file} in args or env and output: { file: true } need each other',
    };
  }
  return undefined;
};

const unfillable = (name: string, inArgs: boolean, entry: AgentEntry): string | undefined => {
  // Everybody on this machine can read what a program was started with.
  if (name === 'api_key' && inArgs)
    return 'names {api_key}, which everybody could read there; pass it in env';
  if (['base_url', 'server_url', 'api_key'].includes(name) && entry.endpoint === undefined) {
    return `names {${name}}, but this runner has no endpoint`;
  }
  return name === 'model' && entry.model === undefined
    ? 'names {model}, but this runner has no model'
    : undefined;
};

const outputProblem = ({
  output,
  ends_with,
  failure,
  success,
  usage,
}: AgentEntry): EntryProblem | undefined => {
  const ways = Object.keys(output);
  if (ways.length !== 1) return { path: ['output'], message: `must say one way of these: ${OUTPUTS}` };
  const events = output.jsonl !== undefined;
  const parsed = events || output.json !== undefined;
  const needs = (path: string, what: string): EntryProblem => ({
    path: [path],
    message: `needs output: { ${what}: … }`,
  });
  if (ends_with !== undefined && !events) return needs('ends_with', 'jsonl');
  if (failure !== undefined && !events) return needs('failure', 'jsonl');
  if (usage !== undefined && !parsed) return needs('usage', 'json or jsonl');
  if (usage !== undefined && events !== (usage.event !== undefined)) {
    return { path: ['usage'], message: 'names an event with output: { jsonl: … }, and none with json' };
  }
  if (Object.keys(success).length === 0) return undefined;
  if (!parsed) return needs('success', 'json or jsonl');
  return events && ends_with === undefined
    ? { path: ['success'], message: 'is looked for in the event that ends_with describes, which is missing' }
    : undefined;
};

const successProblem = ({ success }: AgentEntry): EntryProblem | undefined => {
  for (const [path, value] of Object.entries(success)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const { is, code, ...others } = value as Record<string, unknown>;
    if (is !== undefined && isErrorCode(String(code)) && Object.keys(others).length === 0) continue;
    return {
      path: ['success', path],
      message:
        'must be the value wanted, or { is: value, code: code } with a code of koubou such as needs_input',
    };
  }
  return undefined;
};
