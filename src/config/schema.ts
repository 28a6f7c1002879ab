/**
 * Every key of config/agent.yaml, with its default. What a key means to its user is said in
 * templates/agent.yaml. Spans of time are written `30s`, `10m`, `2h` and become seconds here.
 */
import * as z from 'zod/mini';
import { GRANTABLE } from '../access/may.ts';
import { isNetwork } from '../privacy/local-networks.ts';
import type { KindFacts, KindWith } from '../task/runner-kinds.ts';
import { parseDuration } from '../text/duration.ts';
import { hasCredentials } from '../text/url-credentials.ts';
import { valueAt } from './keys.ts';
import { ruleEntry } from './rule-entry.ts';
import { runnerEntry } from './runner-entries.ts';

const duration = (allowed: { none: boolean }) =>
  z.pipe(
    z.unknown(),
    z.transform((written, context) => {
      const seconds = parseDuration(written);
      if (seconds !== undefined && (seconds > 0 || allowed.none)) return seconds;
      context.issues.push({
        code: 'custom',
        message: `must be a time such as 30s, 10m or 2h${allowed.none ? ', or none' : ''}`,
        input: written,
      });
      return z.NEVER;
    }),
  );

const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.int().check(z.minimum(least), z.maximum(most));

const text = z.string().check(z.minLength(1));

/** Within the repository, never out of it. */
const relativePath = z.string().check(z.regex(/^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\0]+$/));

/** Names become folder names (permits) and parts of dotted keys. */
const name = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/));

const url = z.pipe(
  z.string().check(
    z.regex(/^https?:\/\/[^\s/]/),
    z.refine(
      (written) => !hasCredentials(written),
      'must not hold user:password@: write the key into config/.env, and its name as api_key_env beside the url',
    ),
  ),
  z.transform((written: string) => written.replace(/\/+$/, '')),
);

const network = z.string().check(z.refine(isNetwork, 'must be a network such as 192.168.1.0/24 or fd00::/8'));

const endpoint = z.strictObject({
  kind: z.enum(['ollama', 'openai']),
  url,
  max_concurrent: z._default(whole(1), 1),
  api_key_env: z.optional(text),
});

const retries = (count: number) => z._default(whole(0, 100), count);
const limit = (seconds: number) => z._default(duration({ none: true }), seconds);
const span = (seconds: number) => z._default(duration({ none: false }), seconds);

export const ConfigSchema = z.strictObject({
  version: z._default(z.literal(1), 1),
  endpoints: z._default(z.record(name, endpoint), {}),
  runners: z._default(z.record(name, runnerEntry), {}),
  routing: z.prefault(
    z.strictObject({
      rules: z._default(z.array(ruleEntry(duration({ none: true }))), []),
      default: z.prefault(
        z.strictObject({
          general: z.optional(text),
          code: z.optional(text),
          command: z._default(text, 'command'),
        }),
        {},
      ),
      escalate: z._default(z.array(text), []),
    }),
    {},
  ),
  workers: z.prefault(
    z.strictObject({
      min: z._default(whole(1, 1000), 1),
      max: z._default(whole(1, 1000), 5),
      idle_timeout: limit(30),
      scale_up_at: z._default(z.number().check(z.positive()), 2),
    }),
    {},
  ),
  defaults: z.prefault(
    z.strictObject({
      priority: z._default(whole(1, 10), 5),
      retries: z.prefault(z.strictObject({ general: retries(2), code: retries(2), command: retries(0) }), {}),
      timeout: z.prefault(z.strictObject({ general: limit(600), code: limit(1800), command: limit(0) }), {}),
      stall_timeout: limit(300),
      load_timeout: limit(600),
      agent_wait_timeout: span(110),
      unavailable_budget: span(3600),
      heartbeat_interval: span(5),
      template: z._default(text, 'auto'),
    }),
    {},
  ),
  security: z.prefault(
    z.strictObject({
      env_pass: z._default(z.array(text), []),
      allow_full_access: z._default(z.boolean(), false),
      agent_sandbox: z._default(z.enum(['auto', 'off']), 'auto'),
      sensitive_patterns: z._default(z.array(text), [
        'password',
        'secret',
        'api_key',
        'token',
        'private_key',
      ]),
      local_networks: z._default(z.array(network), []),
    }),
    {},
  ),
  callers: z.prefault(
    z.strictObject({
      agent: z.prefault(
        z.strictObject({
          may: z._default(z.array(z.enum(GRANTABLE)), []),
          commands: z._default(z.array(text), []),
        }),
        {},
      ),
    }),
    {},
  ),
  worktrees: z.prefault(z.strictObject({ link: z._default(z.array(relativePath), []) }), {}),
  file_system: z.prefault(z.strictObject({ allow_network: z._default(z.boolean(), false) }), {}),
});

export type Config = z.infer<typeof ConfigSchema>;
export type EndpointConfig = Config['endpoints'][string];
export type RunnerConfig = Config['runners'][string];
/** The entries of the kinds of runners with this answer to a question. */
export type RunnerWith<Fact extends keyof KindFacts, Answer = true> = Extract<
  RunnerConfig,
  { kind: KindWith<Fact, Answer> }
>;

type Node = z.core.$ZodType;

/** The keys that may stand at `path` of a config whose content is `value`; empty where any name may. */
export const knownKeys = (path: readonly PropertyKey[], value: unknown): string[] => {
  let node: Node | undefined = ConfigSchema;
  let content = value;
  for (const step of path) {
    const { shape, valueType } = inside(node, content);
    node = shape ? shape[String(step)] : valueType;
    content = valueAt(content, [step]);
  }
  return Object.keys(inside(node, content).shape ?? {});
};

interface Inside {
  shape?: Record<string, Node>;
  valueType?: Node;
}

const inside = (node: Node | undefined, content: unknown): Inside => {
  if (!node) return {};
  const def = (node as z.core.$ZodTypes)._zod.def;
  if (def.type === 'default' || def.type === 'prefault' || def.type === 'optional')
    return inside(def.innerType, content);
  if (def.type === 'object') return { shape: def.shape };
  if (def.type === 'record') return { valueType: def.valueType };
  if (def.type === 'array') return { valueType: def.element };
  if (def.type !== 'union') return {};
  const kind = valueAt(content, ['kind']);
  return inside(
    def.options.find(
      (option) => z.safeParse(inside(option, undefined).shape?.['kind'] ?? z.never(), kind).success,
    ),
    content,
  );
};
