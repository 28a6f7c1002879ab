/** Models that an Ollama has under a plain name and passes on to another machine, as with `ollama cp` or an alias. */
import { errorInfo } from '../../errors.ts';
import { field, say, type Words } from '../../say/say.ts';
import { isObject, type JsonObject } from '../../text/formats/json.ts';
import { besideV1 } from '../connection/beside-v1.ts';
import type { Connection } from '../connection/connection.ts';
import type { Server } from '../connection/http-failure.ts';
import { hasCode, RunFailure } from '../failure.ts';

/** As long as any question about a model: a server may be busy with loading one. */
const ANSWER_MS = 10_000;

/** With these a server says that it knows no such question, and so is no Ollama. */
const NO_SUCH_ADDRESS: ReadonlySet<number | null> = new Set([404, 405]);

/**
 * Asks the server, before anything of a task is sent, whether another machine runs its model. Throws `not_local` then,
 * and where the answer does not say it. A server that does not answer now may do so later: `runner_unavailable`, and
 * the task waits for it. Only one that is no Ollama may be silent about it.
 */
export const refuseRemoteModel = async (
  connection: Connection,
  { kind, url, model }: Server,
): Promise<void> => {
  const shown = await answerOf(connection, { kind, url, model }).finally(() => {
    connection.failure = undefined;
  });
  if (shown === null) return;
  const { remote_host: host, remote_model: remote } = shown;
  const where = host || remote;
  if (where) {
    throw refused(
      `${url} passes ${model ?? 'the model'} on to ${typeof where === 'string' ? where : JSON.stringify(where)}`,
      say`Name a model that runs on this machine with ${field('model')}.`,
    );
  }
  if (kind !== 'ollama' && saysNoSuchAddress(shown)) return;
  if (!SHOWN.some((key) => key in shown))
    throw unclear(url, 'its answer to /api/show says nothing of the model');
};

/** What Ollama has always said of a model; at least one of them. */
const SHOWN = ['details', 'model_info', 'modelfile', 'template', 'parameters', 'capabilities', 'license'];

/** null: it is no Ollama. */
const answerOf = async (connection: Connection, { kind, url, model }: Server): Promise<JsonObject | null> => {
  try {
    const response = await connection.quickFetch(ANSWER_MS)(besideV1(url, '/api/show'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model }),
    });
    const said: unknown = await response.json();
    if (isObject(said)) return said;
  } catch (error) {
    if (error instanceof SyntaxError) throw unclear(url, 'its answer to /api/show is no JSON');
    if (!(error instanceof RunFailure)) throw connection.failure ?? error;
    if (NO_SUCH_ADDRESS.has(error.status)) {
      if (kind === 'ollama' && hasCode(error, 'model_not_found')) throw error;
      return null;
    }
    if (error.status === null || error.status >= 500 || error.status === 429 || hasCode(error, 'not_local')) {
      throw error;
    }
    throw unclear(url, error.info.message);
  }
  throw unclear(url, 'its answer to /api/show is no JSON object');
};

/** LM Studio answers every address with 200, and those it does not know with these words. */
const saysNoSuchAddress = (shown: JsonObject): boolean =>
  typeof shown['error'] === 'string' && shown['error'].startsWith('Unexpected endpoint or method');

const unclear = (url: string, why: string): RunFailure =>
  refused(
    `${url} does not say where its model runs (${why})`,
    'A server that is no Ollama answers POST /api/show with 404. Use another endpoint for such tasks.',
  );

const refused = (why: string, hint: Words): RunFailure =>
  new RunFailure(
    errorInfo('not_local', `The task must stay on this machine, and ${why}; nothing was sent.`, hint),
  );
