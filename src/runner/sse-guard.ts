/**
 * Reads along with a stream of server-sent events, and ends it where the client would wait, fill the memory, or throw an
 * error that can no longer be told from others.
 */
import { isModest, isObject, type JsonObject, parseModest } from '../text/json.ts';
import type { BodyGuard } from './connection.ts';
import { brokeOff, type Server, serverSaid } from './http-failure.ts';
import { LINE_LETTERS, linesOf } from './lines.ts';

const DATA = 'data:';
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
    const tooLong = (): Error => brokeOff(server, 'sent a line without end');
    /** Of an event that has not ended. */
    let letters = 0;
    /** Of the same event, what the client will put together. */
    let pieces: string[] = [];
    let ended = false;
    const look = (line: string): void => {
      const text = line.trimEnd();
      letters = text === '' ? 0 : letters + text.length;
      if (letters > LINE_LETTERS) throw brokeOff(server, 'sent an event without end');
      if (text === '') {
        if (pieces.length > 1 && !isModest(pieces.join('\n'))) throw brokeOff(server, NO_ANSWER);
        pieces = [];
      }
      if (text.startsWith(ERROR)) throw serverSaid(server, wordsOf(text.slice(ERROR.length)));
      if (!text.startsWith(DATA)) return;
      const data = text.slice(DATA.length).trim();
      pieces.push(data);
      ended = data === DONE;
      if (ended) onDone();
      const value = ended ? undefined : parseModest(data);
      if (isObject(value) && isError(value)) throw serverSaid(server, wordsOf(data));
      if (!ended && !canBePart(data)) throw brokeOff(server, NO_ANSWER);
    };
    for await (const lines of linesOf(body, tooLong)) {
      const passed: string[] = [];
      for (const line of lines) {
        if (ended) break;
        look(line);
        passed.push(`${line}\n`);
      }
      // An event ends with an empty line, which a server that stays silent then may owe.
      if (ended) passed.push('\n');
      yield encoder.encode(passed.join(''));
      if (ended) return;
    }
  };

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
const isError = ({ object, error, choices }: JsonObject): boolean =>
  object === 'error' || (error != null && error !== false && !Array.isArray(choices));

const WORDS = 500;

/** The server's own words, whatever the form. */
const wordsOf = (data: string): string => {
  const value = parseModest(data.trim());
  const { error, message } = isObject(value) ? value : {};
  const inner = isObject(error) ? error['message'] : error;
  const said = [inner, message].find((each): each is string => typeof each === 'string' && each !== '');
  return (said ?? data.trim()).slice(0, WORDS);
};
