/** The keys that an entry under runners: may have: one row a kind of runner. */
import * as z from 'zod/mini';
import { SANDBOXES } from '../task/fields/fields.ts';
import type { RunnerKind } from '../task/runner-kinds.ts';
import { agentEntry } from './agent-entry.ts';

const text = z.string().check(z.minLength(1));

const whole = (least: number) => z.int().check(z.minimum(least), z.maximum(Number.MAX_SAFE_INTEGER));

/** Ollama reads a number without a unit only where it is no string. */
const keepAlive = z.pipe(
  z.union([z.string(), z.number()]),
  z.transform((written) => (/^-?\d+$/.test(String(written)) ? `${written}s` : String(written))),
);

const ENTRIES = {
  ollama: z.strictObject({
    kind: z.literal('ollama'),
    endpoint: text,
    model: text,
    num_ctx_max: z._default(whole(512), 32_768),
    num_gpu: z.optional(whole(-1)),
    keep_alive: z._default(keepAlive, '5m'),
    pull: z._default(z.boolean(), false),
  }),
  openai: z.strictObject({ kind: z.literal('openai'), endpoint: text, model: text }),
  codex: z.strictObject({
    kind: z.literal('codex'),
    endpoint: text,
    model: text,
    bin: z._default(text, 'codex'),
    sandbox: z._default(z.enum(SANDBOXES), 'workspace-write'),
  }),
  agent: agentEntry,
  command: z.strictObject({ kind: z.literal('command') }),
} satisfies Record<RunnerKind, z.core.$ZodTypeDiscriminable>;

type Entry = (typeof ENTRIES)[RunnerKind];

export const runnerEntry = z.discriminatedUnion('kind', Object.values(ENTRIES) as [Entry, ...Entry[]]);
