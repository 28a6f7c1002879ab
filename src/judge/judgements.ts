/**
 * What is judged apart from the daemon, by name: everything that reads a model's or a server's words and could take long
 * over them, or much memory. One entry here is all that a new judgement needs.
 */

import { findSecret } from '../privacy/secrets.ts';
import type { Extract } from '../task/extract.ts';
import { holdsCode } from './code-evidence.ts';
import { errorWords } from './error-body.ts';
import { type Extracted, extract } from './extract.ts';
import { readBeginning, readUtf8, readWhole } from './read.ts';
import { judgeBySchema, type SchemaResult } from './schema.ts';
import { isToolCallText, LONGEST_CALL_BYTES } from './tool-call-text.ts';

/** What is asked, and what is answered; both travel between processes. */
export interface Judgements {
  /** Whether the file is JSON that fits. Refuses with `usage` a schema that is none itself. */
  schema: { asked: { path: string; schema: unknown }; answer: SchemaResult };
  /** Whether the whole of the file is a tool call that the model printed. */
  tool_call: { asked: { path: string }; answer: boolean };
  /** Whether the file holds code: a fenced block, or a patch. */
  code: { asked: { path: string }; answer: boolean };
  /** The code or JSON in the file. */
  extract: { asked: { path: string; what: Extract }; answer: Extracted };
  /** A server's own words in the body of an error; empty where it holds none. */
  error_body: { asked: { text: string }; answer: string };
  /** What a text holds that should stay on this machine; null: nothing. */
  secret: { asked: { text: string; words: readonly string[] }; answer: string | null };
}

export type JudgementName = keyof Judgements;

type Table = {
  [Name in JudgementName]: (asked: Judgements[Name]['asked']) => Promise<Judgements[Name]['answer']>;
};

export const JUDGEMENTS: Table = {
  schema: async ({ path, schema }) => judgeBySchema(await readUtf8(path), schema),
  tool_call: async ({ path }) => {
    const text = await readBeginning(path, LONGEST_CALL_BYTES);
    return text !== null && isToolCallText(text);
  },
  code: async ({ path }) => holdsCode(await readWhole(path)),
  extract: async ({ path, what }) => extract(await readWhole(path), what),
  error_body: async ({ text }) => errorWords(text),
  secret: async ({ text, words }) => (await findSecret(text, words)) ?? null,
};
