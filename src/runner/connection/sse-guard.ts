/**
 * Reads along with a stream of server-sent events, and ends it where the client would wait, fill the memory, or throw an
 * error that can no longer be told from others.
 */
import { isModest, isObject, type JsonObject, parseModest } from '../../text/formats/json.ts';
import type { BodyGuard } from './connection.ts';
import { brokeOff, type Server, serverSaid } from './http-failure.ts';
import { LINE_LETTERS, linesOf } from './lines.ts';

/** Keeps a connection open and says nothing; the client looks for the end of an event behind each. */
const COMMENT = ':';
const DATA = 'data:';
const EVENT = 'event:';
const DONE = '[DONE]';
/** Servers break a stream off so: https://github.com/coddy-project/coddy-agent/pull/106 */
const ERROR = 'error:';
const NO_ANSWER = 'sent something that is no answer';

/**
 * Passes the lines on, to the one that says that it is the last, of which it tells. Throws RunFailure at what cannot be
 * part of an answer.
 */
export const sseGuard = (server: Server, onDone: () => void = () => undefined): BodyGuard =>
  async function* (body) {
    const encoder = new TextEncoder();
    const reader = new EventReader(server, onDone);
    /** Whether the client was given lines of an event that has not ended. */
    let begun = false;
    for await (const lines of linesOf(body, () => tooLong(server), { loneCr: true })) {
      let passed: string[] = [];
      for (const line of lines) {
        const seen = reader.look(line);
        const isEmpty = line.trimEnd() === '';
        if (seen === undefined || line.startsWith(COMMENT) || (isEmpty && !begun)) continue;
        passed.push(`${seen}\n`);
        // JSON without the protocol is an event by itself.
        const isEnd = isEmpty || seen.endsWith('\n');
        begun = !isEnd;
        // An event ends with an empty line, which a server that stays silent then may owe.
        if (reader.ended) passed.push('\n');
        if (!isEnd && !reader.ended) continue;
        // The client copies what is left of a piece for each event in it: many in one piece would fill the memory.
        yield encoder.encode(passed.join(''));
        if (reader.ended) return;
        passed = [];
      }
      if (passed.length > 0) yield encoder.encode(passed.join(''));
    }
  };

const tooLong = (server: Server): Error => brokeOff(server, 'sent a line without end');

/** Reads one line after the other, as the client will. */
class EventReader {
  /** The line came that says that it is the last. */
  ended = false;
  readonly #server: Server;
  readonly #onDone: () => void;
  /** Of an event that has not ended. */
  #letters = 0;
  /** Of the same event, what the client will put together. */
  #pieces: string[] = [];
  /** Whether a line of the protocol came; JSON before that is an answer in another form. */
  #isStream = false;
  #eventName = '';
  readonly #bare = new BareJson();

  constructor(server: Server, onDone: () => void) {
    this.#server = server;
    this.#onDone = onDone;
  }

  /** The line as the client may read it; undefined: it is kept until there is more of it. Throws RunFailure. */
  look(line: string): string | undefined {
    const text = line.trimEnd();
    if (!this.#isStream && this.#bare.takes(text)) return this.#lookBare(text);
    this.#letters = text === '' ? 0 : this.#letters + text.length;
    if (this.#letters > LINE_LETTERS) throw brokeOff(this.#server, 'sent an event without end');
    if (text === '') this.#endEvent();
    if (text.startsWith(ERROR)) throw serverSaid(this.#server, wordsOf(text.slice(ERROR.length)));
    if (text.startsWith(EVENT)) this.#eventName = text.slice(EVENT.length).trim();
    return text.startsWith(DATA) ? this.#lookAtData(line, text.slice(DATA.length).trim()) : line;
  }

  #lookBare(text: string): string | undefined {
    const whole = this.#bare.push(text);
    if (this.#bare.letters > LINE_LETTERS) throw tooLong(this.#server);
    if (whole === undefined) return undefined;
    const event = this.look(`${DATA} ${whole}`);
    [this.#letters, this.#pieces] = [0, []];
    if (isWholeAnswer(parseModest(whole))) this.#onDone();
    return `${event}\n`;
  }

  #endEvent(): void {
    if (this.#pieces.length > 1 && !isModest(this.#pieces.join('\n')))
      throw brokeOff(this.#server, NO_ANSWER);
    this.#pieces = [];
    this.#eventName = '';
  }

  #lookAtData(line: string, data: string): string {
    this.#isStream ||= !this.#bare.isUsed;
    this.#pieces.push(data);
    this.ended = data.toUpperCase() === DONE;
    if (this.ended) {
      this.#onDone();
      // The client knows it in this form alone.
      return `${DATA} ${DONE}`;
    }
    const value = parseModest(data);
    const isNothingElse = this.#bare.isUsed && isObject(value) && !('choices' in value);
    if (isObject(value) && (isNothingElse || this.#eventName === 'error' || isError(value)))
      throw serverSaid(this.#server, wordsOf(data));
    if (!canBePart(data)) throw brokeOff(this.#server, NO_ANSWER);
    return line;
  }
}

/**
 * JSON without the protocol around it: one object a line, or one in all that may go over several lines. A server answers so
 * that does not stream (https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/619), or fails before it does
 * (https://github.com/oobabooga/textgen/issues/7257).
 */
class BareJson {
  isUsed = false;
  #text = '';

  get letters(): number {
    return this.#text.length;
  }

  takes(line: string): boolean {
    return this.#text !== '' || line.startsWith('{');
  }

  /** The object, once it is whole. Of an object over several lines only one that may end it is looked at. */
  push(line: string): string | undefined {
    this.isUsed = true;
    const mayEnd = this.#text === '' || line.startsWith('}');
    this.#text += line;
    if (!mayEnd || !isObject(parseModest(this.#text))) return undefined;
    const whole = this.#text;
    this.#text = '';
    return whole;
  }
}

/** An answer that is no part of a stream ends with itself. */
const isWholeAnswer = (value: unknown): boolean =>
  isObject(value) &&
  Array.isArray(value['choices']) &&
  value['choices'].some((choice) => isObject(choice) && isObject(choice['message']));

/** JSON may go over several lines of data; what is JSON by itself has to be an object, of objects. */
const canBePart = (data: string): boolean => {
  if (!isModest(data)) return false;
  const value = parseModest(data);
  if (value === undefined) return true;
  if (!isObject(value)) return false;
  const { choices } = value;
  return !Array.isArray(choices) || choices.every((choice) => choice !== null);
};

/** An error in place of a part: `{"error": …}`, `{"object": "error", "message": …}` (vLLM, SGLang). */
const isError = ({ object, type, error, choices }: JsonObject): boolean =>
  object === 'error' ||
  (type === 'error' && !Array.isArray(choices)) ||
  (error != null && error !== false && error !== '' && !Array.isArray(choices));

const WORDS = 500;

/** The server's own words, whatever the form. */
const wordsOf = (data: string): string => {
  const value = parseModest(data.trim());
  const { error, message, detail } = isObject(value) ? value : {};
  const { message: inner, type, code } = isObject(error) ? error : { message: error };
  const isText = (each: unknown): each is string => typeof each === 'string' && each !== '';
  const said = [inner, message, detail].find(isText);
  if (said === undefined) return data.trim().slice(0, WORDS);
  // Some say only there what it is: https://github.com/ggml-org/llama.cpp/pull/15780
  return [said.slice(0, WORDS), ...[type, code].filter(isText).map((each) => `(${each})`)].join(' ');
};
