/** Asks a server of OpenAI's kind whether it lives, and which models it has. */
import { isObject } from '../../text/formats/json.ts';
import type { Connection } from '../connection/connection.ts';
import { modelNotFound, type Server } from '../connection/http-failure.ts';
import { hasCode, RunFailure } from '../failure.ts';
import { sameModel } from './model-name.ts';

const ALIVE_MS = 3000;

/** The ids it lists; undefined where it has no such list. Throws RunFailure where it is down. */
export const listModels = async (connection: Connection, url: string): Promise<string[] | undefined> => {
  try {
    const body: unknown = await (await connection.quickFetch(ALIVE_MS)(`${url}/models`)).json();
    const data = isObject(body) ? body['data'] : undefined;
    return Array.isArray(data) ? data.map((each: { id?: unknown } | null) => String(each?.id)) : undefined;
  } catch (error) {
    if (error instanceof RunFailure && !hasCode(error, 'usage')) throw error;
    return undefined;
  } finally {
    connection.failure = undefined;
  }
};

/** Throws RunFailure. A server that has no list of models is taken to have it. */
export const requireModel = async (
  connection: Connection,
  server: Server & { model: string },
): Promise<void> => {
  const names = await listModels(connection, server.url);
  if (names === undefined || names.some((name) => sameModel(name, server.model))) return;
  throw modelNotFound(
    server,
    names.length === 0 ? 'it has no models' : `it has ${names.slice(0, 5).join(', ')}`,
  );
};
