/**
 * Reads along with Ollama's stream, one JSON document a line, and ends it where the client would write to
 * the console, wait, or throw an error that can no longer be told from others.
 */
import { objectOf } from '../../text/formats/json.ts';
import type { BodyGuard } from './connection.ts';
import { brokeOff, type Server, serverSaid } from './http-failure.ts';
import { linesOf } from './lines.ts';

/**
 * Passes whole, good lines on, to the one that says that it is the last. Throws RunFailure at an error line, at a line
 * that is no JSON object, and at an end without a last line.
 */
export const ndjsonGuard = (server: Server): BodyGuard =>
  async function* (body) {
    const encoder = new TextEncoder();
    let ended = false;
    /** The line as the client may read it. */
    const look = (line: string): string => {
      const value = objectOf(line);
      if (value === undefined) throw brokeOff(server, 'sent something that is not JSON');
      const { error } = value;
      if (error != null) {
        throw serverSaid(server, typeof error === 'string' ? error : JSON.stringify(error));
      }
      ended = value['done'] === true || value['status'] === 'success';
      // The client takes the word alone for an error.
      return 'error' in value ? JSON.stringify({ ...value, error: undefined }) : line;
    };
    for await (const lines of linesOf(body, () => brokeOff(server, 'sent a line without end'))) {
      const good: string[] = [];
      for (const line of lines) {
        if (ended || line.trim() === '') continue;
        good.push(`${look(line)}\n`);
      }
      if (good.length > 0) yield encoder.encode(good.join(''));
      // Whether the server then closes the connection is nothing to wait for.
      if (ended) return;
    }
    throw brokeOff(server, 'ended the stream');
  };
