/**
 * Calls of the model that came to nothing. No event of Codex tells of most of them, but each request to the model
 * carries the calls that were made so far, and what came of them. Pure. What is not as expected says nothing.
 */
import { type ErrorInfo, errorInfo } from '../../errors.ts';
import { isObject, type JsonObject, objectOf, textOf } from '../../text/formats/json.ts';
import type { Sandbox } from './arguments.ts';

const CALLS: ReadonlySet<string> = new Set(['function_call', 'custom_tool_call']);
const OUTCOMES: ReadonlySet<string> = new Set(['function_call_output', 'custom_tool_call_output']);
/** A longer conversation fits no model that runs at home; it is passed on unread. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Letters of a command, of arguments, of what was printed. */
const SHOWN = 200;

export class CallReader {
  readonly #sandbox: Sandbox;
  /** Outcomes of calls that were read before; null before the first request. */
  #known: number | null = null;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** What failed of the calls since the request before, oldest first. In the first one stands an earlier conversation. */
  read(body: Uint8Array): ErrorInfo[] {
    if (body.length > MOST_BYTES) return [];
    const request = objectOf(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'));
    if (request === undefined) return [];
    const known = this.#known;
    const calls = new Map<string, JsonObject>();
    const failures: ErrorInfo[] = [];
    let outcomes = 0;
    for (const item of itemsIn(request['input'])) {
      const id = textOf(item['call_id']);
      const type = textOf(item['type']);
      if (CALLS.has(type)) calls.set(id, item);
      if (!OUTCOMES.has(type)) continue;
      outcomes += 1;
      const call = calls.get(id);
      // A conversation that was shortened has fewer.
      if (known === null || outcomes <= known || call === undefined) continue;
      const failure = this.#failure(call, printedIn(item['output']), namesIn(request['tools']));
      if (failure !== null) failures.push(failure);
    }
    this.#known = outcomes;
    return failures;
  }

  #failure(call: JsonObject, printed: string, tools: readonly string[]): ErrorInfo | null {
    const name = textOf(call['name']);
    if (tools.length > 0 && !tools.includes(name)) {
      const message = `The model called ${short(name)}, which is not one of its tools; it has ${tools.join(', ')}.`;
      return errorInfo('unknown_tool', message);
    }
    const given = textOf(call['arguments']);
    const fields = objectOf(given);
    if (call['type'] === 'function_call' && (fields === undefined || MISFIT.test(printed))) {
      const why = lastLine(printed);
      return errorInfo(
        'bad_tool_arguments',
        `The arguments of ${name} could not be parsed: ${short(given)} (${why}).`,
      );
    }
    const command = short(textOf(fields?.['cmd']) || name);
    // With `approval_policy="never"` Codex refuses whatever asks for more, in each of its sandboxes.
    const rights = fields?.['sandbox_permissions'] ?? 'use_default';
    if (rights !== 'use_default') {
      return errorInfo('escalation_refused', `Codex refused to run \`${command}\` outside the sandbox.`);
    }
    const exit = EXIT.exec(printed)?.[1];
    if (exit === '0') return null;
    const refusal = this.#sandbox === 'danger-full-access' ? undefined : lineWith(printed, WRITE_REFUSED);
    if (refusal !== undefined) {
      return errorInfo(
        'sandbox_refused',
        `The ${this.#sandbox} sandbox refused a write: \`${command}\`: ${refusal}.`,
      );
    }
    return exit === undefined ? null : failedCommand(command, printed);
  }
}

export const failedCommand = (command: string, printed: string): ErrorInfo => {
  const words = lastLine(printed);
  const said = words === '' ? '' : `: ${words}`;
  return errorInfo('no_evidence', `A command of the model failed: \`${short(command)}\`${said}.`);
};

/*
 * The rest is only to be had as text, here as Codex 0.169 words it. Where the words have changed, such a call is no
 * longer told from others, and the failure says only that no file changed.
 */
/** Arguments that are JSON, but not what the tool takes. */
const MISFIT = /^failed to parse function arguments/;
/** At the head of what a command printed. */
const EXIT = /^Process exited with code (\d+)$/m;
/** Of apply_patch, which Codex runs itself; of the system, as the C library, Python and Node say it. */
const WRITE_REFUSED = /^patch rejected: |\bRead-only file system\b|\bEROFS\b/;

const itemsIn = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Some tools stand in groups. */
const namesIn = (tools: unknown): string[] =>
  itemsIn(tools).flatMap((tool) => [textOf(tool['name'] ?? tool['type']), ...namesIn(tool['tools'])]);

const printedIn = (output: unknown): string =>
  typeof output === 'string'
    ? output
    : itemsIn(output)
        .map((part) => textOf(part['text']))
        .join('\n');

const lineWith = (text: string, pattern: RegExp): string | undefined => {
  const line = text.split('\n').find((each) => pattern.test(each));
  return line === undefined ? undefined : short(plain(line));
};

const lastLine = (text: string): string => short(plain(text.trimEnd().split('\n').at(-1) ?? ''));

/** It goes into the middle of a sentence. */
const plain = (line: string): string => line.trim().replace(/[.:]+$/, '');

const short = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
