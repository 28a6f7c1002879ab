/** koubou's relay between an agent CLI and its server: what the program is given in the place of the server's address. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../names/remove-tree.ts';
import { type Connection, openConnection } from '../connection/connection.ts';
import { openRelay, RELAY_HOST } from '../connection/model-relay.ts';
import { hasCode, type RunFailure } from '../failure.ts';
import type { RunContext } from '../runner.ts';
import type { AgentEndpoint } from './endpoint.ts';
import { serverUrls } from './template.ts';

export interface AgentRelay {
  urls: { base_url: string; server_url: string };
  /** What the program shows as its key. */
  key: string;
  /** Where a sandbox without a network takes the connections of its port; null: it listens on loopback. */
  socket: { relaySocket: string; port: number } | null;
  /** What went wrong with the newest request, where that says more than the program can. */
  readonly failure: RunFailure | undefined;
  readonly address: string | null;
  close(): Promise<void>;
}

export interface AgentRelayOptions {
  endpoint: AgentEndpoint;
  apiKey: string | undefined;
  model: string | null;
  context: Pick<RunContext, 'lease' | 'phase'>;
  /** The program has no network, and reaches only a socket. */
  confined: boolean;
  /** The program is told no key, so none can be asked of it. */
  keyless: boolean;
}

/** In a sandbox no other program listens. */
const PORT = 4711;
/** A path of a socket has 107 bytes at most, and a sandbox has a /tmp of its own, so that others do not see it. */
const SOCKETS = '/tmp/koubou-';

/** What a client of one of the dialects asks for when it works; not what would load, change or remove a model. */
const OF_OPENAI = [
  'POST /chat/completions',
  'POST /completions',
  'POST /responses',
  'POST /embeddings',
  'GET /models',
  'GET /models/*',
];
const OF_ANTHROPIC = ['POST /v1/messages', 'POST /v1/messages/count_tokens'];
const OF_OLLAMA = [
  'HEAD /',
  'GET /',
  'GET /api/version',
  'GET /api/tags',
  'GET /api/ps',
  'POST /api/show',
  'POST /api/chat',
  'POST /api/generate',
  'POST /api/embed',
  'POST /api/embeddings',
];

export const openAgentRelay = async (options: AgentRelayOptions): Promise<AgentRelay> => {
  const { endpoint, apiKey, model, context, confined, keyless } = options;
  const { kind, url } = endpoint;
  const { base_url, server_url } = serverUrls(kind, url);
  // Where its path does not end in /v1, the two are one.
  const version = base_url.slice(server_url.length);
  const folder = confined ? await mkdtemp(SOCKETS) : null;
  let connection: Connection | undefined;
  let hasAnswered = false;
  try {
    connection = await openConnection({ kind, url, model }, context.lease.signal, { apiKey });
    const socketPath = folder === null ? undefined : join(folder, 'relay');
    const relay = await openRelay({
      connection,
      base: server_url,
      allowed: [...OF_OPENAI.map((each) => each.replace(' ', ` ${version}`)), ...OF_ANTHROPIC, ...OF_OLLAMA],
      ...(socketPath === undefined ? {} : { socketPath }),
      isOpen: apiKey === undefined && keyless,
      apiKey,
      tellsErrors: true,
      onAsked: () => {
        // Once only: else a program that asks without end would never run out of time.
        if (!hasAnswered) context.phase('loading');
      },
      onAnswer: () => {
        hasAnswered = true;
        context.phase('running');
      },
      onBytes: (count) => context.lease.progress(count),
    });
    const open = connection;
    const root = socketPath === undefined ? relay.url : `http://${RELAY_HOST}:${PORT}`;
    return {
      urls: { base_url: `${root}${version}`, server_url: root },
      key: relay.key,
      socket: socketPath === undefined ? null : { relaySocket: socketPath, port: PORT },
      get failure() {
        return isTelling(relay.failure) ? relay.failure : undefined;
      },
      get address() {
        return open.address;
      },
      close: async () => {
        await relay.close();
        await open.close();
        await removed(folder);
      },
    };
  } catch (error) {
    await connection?.close();
    await removed(folder);
    throw error;
  }
};

const removed = async (folder: string | null): Promise<void> => {
  if (folder !== null) await removeTree(folder);
};

/** What decides how the task goes on; of the rest the program's own words tell as much. */
const isTelling = (failure: RunFailure | undefined): boolean =>
  failure !== undefined &&
  ((hasCode(failure, 'runner_unavailable') && failure.charged !== true) ||
    (['endpoint_busy', 'model_not_found', 'context_overflow', 'needs_input'] as const).some((code) =>
      hasCode(failure, code),
    ));
