/**
 * What a run of Codex was seen to do, from all that tells of it: its events, its errors, and what it sends to the
 * model. Of each kind only the newest is kept; everything goes to the log.
 */
import { type ErrorInfo, errorInfo } from '../../errors.ts';
import { field, say } from '../../say/say.ts';
import type { Sandbox } from './arguments.ts';
import { CallReader } from './calls.ts';
import { readCodexEvent } from './events.ts';

export class CodexObservation {
  /** The id of the conversation. */
  session: string | null = null;
  /** The turn is complete, as Codex sees it. */
  completed = false;
  /** Why the turn failed. */
  failed: string | null = null;
  /** The newest warning or passing error. */
  warning: string | null = null;
  readonly #sandbox: Sandbox;
  readonly #calls: CallReader;
  /** The newest call that was refused. */
  #refusal: ErrorInfo | null = null;
  /** The newest call that came to nothing in another way. */
  #mishap: ErrorInfo | null = null;
  #log: string[] = [];

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#calls = new CallReader(sandbox);
  }

  /** A line of its standard output. */
  event(line: string): void {
    const event = readCodexEvent(line);
    this.session = event.session ?? this.session;
    this.completed = event.completed ?? this.completed;
    this.failed = event.failed ?? this.failed;
    this.warning = event.warning ?? this.warning;
    this.#mishap = event.trouble ?? this.#mishap;
    if (event.log !== undefined && event.log !== '') this.#log.push(event.log);
  }

  /** A line of its standard error. */
  error(line: string): void {
    const said = FAILED_CALL.exec(line)?.[1];
    if (said !== undefined) this.#mishap = errorInfo('no_evidence', `A call of the model failed: ${said}.`);
    this.warning = GAVE_UP.exec(line)?.[1] ?? this.warning;
    this.#log.push(line);
  }

  /** The body of a request to the model. */
  request(body: Uint8Array): void {
    for (const failure of this.#calls.read(body)) {
      if (failure.code === 'no_evidence') this.#mishap = failure;
      else {
        this.#refusal = failure;
        this.#log.push(failure.message);
      }
    }
  }

  /** What the log does not hold yet. */
  takeLog(): string {
    const lines = this.#log;
    this.#log = [];
    return lines.map((line) => `${line}\n`).join('');
  }

  /** What may be the reason where nothing came of the run. */
  get trouble(): ErrorInfo | null {
    return this.#refusal ?? (this.#sandbox === 'read-only' ? NOTHING_WRITTEN : this.#mishap);
  }
}

/** As Codex 0.169 says it, of every call that it does not carry out. */
const FAILED_CALL = /\bERROR codex_core::tools::router: error=(.{1,300})/;

/** Its last words where it could not even begin, as with a prompt of more than a million characters. */
const GAVE_UP = /^Error: (.{1,300})/;

const NOTHING_WRITTEN = errorInfo(
  'no_evidence',
  'In the read-only sandbox nothing can be written.',
  say`Delegate it with ${field('sandbox', 'workspace-write')}, or say ${field('allow_no_change')} where it shall only look.`,
);
