/**
 * Whether the server behind an agent CLI lives. Agent CLIs hang or try again for minutes when it does not,
 * so it is asked before one is started.
 */
import { type Server, silent, unreachable } from '../connection/http-failure.ts';
import type { Endpoint } from '../runner.ts';

export type AgentEndpoint = Endpoint & { kind: Server['kind'] };

const ALIVE_MS = 3000;

/**
 * Any answer will do: what a program asks of its server is its own matter, and so is a key. Throws
 * RunFailure `runner_unavailable` after 3 s at most; the signal's own reason after an abort.
 */
export const askEndpoint = async (endpoint: AgentEndpoint | null, signal: AbortSignal): Promise<void> => {
  if (endpoint === null) return;
  const limit = AbortSignal.timeout(ALIVE_MS);
  const server = { kind: endpoint.kind, url: endpoint.url, model: null };
  const address = `${endpoint.url}${endpoint.kind === 'ollama' ? '/api/version' : '/models'}`;
  try {
    // Not fetch, which refuses some ports.
    const { request } = await import('undici');
    const { body } = await request(address, { signal: AbortSignal.any([signal, limit]) });
    await body.dump();
  } catch (error) {
    signal.throwIfAborted();
    throw limit.aborted ? silent(server, ALIVE_MS / 1000) : unreachable(server, error);
  }
};
