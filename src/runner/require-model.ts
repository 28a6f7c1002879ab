/** Asks a server of OpenAI's kind, before a program is started on it, whether it lives and has the model. */
import type { Connection } from './connection.ts';
import { hasCode, RunFailure } from './failure.ts';
import { modelNotFound, type Server } from './http-failure.ts';
import { sameModel } from './model-name.ts';

const ALIVE_MS = 3000;

/** Throws RunFailure. A server that has no list of models is taken to have it. */
export const requireModel = async (connection: Connection, server: Server): Promise<void> => {
  let body: unknown;
  try {
    body = await (await connection.quickFetch(ALIVE_MS)(`${server.url}/models`)).json();
  } catch (error) {
    if (error instanceof RunFailure && !hasCode(error, 'usage')) throw error;
    return;
  } finally {
    connection.failure = undefined;
  }
  const { data } = (body ?? {}) as { data?: unknown };
  if (!Array.isArray(data) || server.model === null) return;
  const names = data.map((each: { id?: unknown }) => String(each?.id));
  const { model } = server;
  if (names.some((name) => sameModel(name, model))) return;
  throw modelNotFound(
    server,
    names.length === 0 ? 'it has no models' : `it has ${names.slice(0, 5).join(', ')}`,
  );
};
