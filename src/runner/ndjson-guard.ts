/**
 * Reads along with Ollama's stream, one JSON document a line, and ends it where the client would write to
 * the console, wait, or throw an error that can no longer be told from others.
 */
import type { BodyGuard } from './connection.ts';
import { brokeOff, type Server, serverSaid } from './http-failure.ts';

/** No token needs more; a line without end would fill the memory. */
const LINE_BYTES = 16 * 1024 * 1024;

/** Passes whole, good lines on; throws RunFailure at an error line, at a line that is not JSON, and at an end without one that says so. */
export const ndjsonGuard = (server: Server): BodyGuard =>
  async function* (body) {
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    let rest = '';
    let ended = false;
    const look = (line: string): void => {
      const value = parse(line);
      if (value === undefined) throw brokeOff(server, 'sent something that is not JSON');
      const { error } = value;
      if (error !== undefined)
        throw serverSaid(server, typeof error === 'string' ? error : JSON.stringify(error));
      ended = value['done'] === true || value['status'] === 'success';
    };
    for await (const chunk of body) {
      rest += decoder.decode(chunk, { stream: true });
      const cut = rest.lastIndexOf('\n') + 1;
      const whole = rest.slice(0, cut);
      rest = rest.slice(cut);
      for (const line of whole.split('\n')) if (line.trim() !== '') look(line);
      if (whole !== '') yield encoder.encode(whole);
      if (rest.length > LINE_BYTES) throw brokeOff(server, 'sent a line without end');
    }
    if (rest.trim() !== '') {
      look(rest);
      yield encoder.encode(rest);
    }
    if (!ended) throw brokeOff(server, 'ended the stream');
  };

const parse = (line: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};
