/** Models that an Ollama has under a plain name and passes on to another machine, as with `ollama cp` or an alias. */
import { errorInfo } from '../errors.ts';
import type { Connection } from './connection.ts';
import { hasCode, RunFailure } from './failure.ts';
import type { Server } from './http-failure.ts';

const ANSWER_MS = 3000;

/**
 * Asks the server, before anything of a task is sent, whether another machine runs its model. Throws `not_local` then.
 * A server that is no Ollama knows no such question, and says nothing of the kind.
 */
export const refuseRemoteModel = async (
  connection: Connection,
  { kind, url, model }: Server,
): Promise<void> => {
  let shown: unknown;
  try {
    const response = await connection.quickFetch(ANSWER_MS)(`${url.replace(/\/v1$/, '')}/api/show`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model }),
    });
    shown = await response.json();
  } catch (error) {
    if (hasCode(error, 'not_local')) throw error;
    if (kind === 'ollama' && error instanceof RunFailure && !hasCode(error, 'usage')) throw error;
    return;
  } finally {
    connection.failure = undefined;
  }
  const { remote_host: host, remote_model: remote } = (shown ?? {}) as Record<string, unknown>;
  if (!host && !remote) return;
  throw new RunFailure(
    errorInfo(
      'not_local',
      `The task must stay on this machine, and ${url} passes ${model ?? 'the model'} on to ${String(host || remote)}; nothing was sent.`,
      'Name a model that runs on this machine with --model.',
    ),
  );
};
