import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { type Connection, openConnection } from '../../src/runner/connection/connection.ts';
import { openRelay, type Relay } from '../../src/runner/connection/model-relay.ts';
import { type ResponsesServer, startResponsesServer } from '../support/servers/responses-server.ts';

describe('the relay between an agent and its model', () => {
  let server: ResponsesServer;
  let connection: Connection;
  let relay: Relay;
  const bodies: string[] = [];

  beforeEach(async () => {
    bodies.length = 0;
    server = await startResponsesServer([]);
    const base = `${server.url}/v1`;
    connection = await openConnection(
      { kind: 'ollama', url: base, model: 'scripted' },
      new AbortController().signal,
    );
    relay = await openRelay({
      connection,
      base,
      allowed: ['POST /responses'],
      onAsked: (body) => bodies.push(Buffer.from(body).toString()),
      onBytes: () => undefined,
    });
  });
  afterEach(async () => {
    await relay.close();
    await connection.close();
    await server.close();
  });

  const ask = (path: string, init: RequestInit = {}, key = relay.key): Promise<Response> =>
    fetch(`${relay.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, ...init });

  it('hands on what is asked, shows it, and counts', async () => {
    const response = await ask('/responses', { body: '{"input":[]}' });
    assert.match(await response.text(), /Done\./);
    assert.deepEqual(bodies, ['{"input":[]}']);
    assert.deepEqual(relay.usage, { input_tokens: 100, output_tokens: 10 });
  });

  it('tells an agent nothing of a server in words of its headers', async () => {
    const { createServer } = await import('node:http');
    const said = ['application/json; charset=utf-8', 'sk-secret/x'];
    const types = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': said.shift(), 'x-key': 'sk-secret' }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(types, 'listening');
    const address = types.address();
    const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`;
    const nothing = () => undefined;
    const other = await openRelay({
      connection,
      base,
      allowed: ['POST /responses'],
      onAsked: nothing,
      onBytes: nothing,
    });
    try {
      for (const type of ['application/json', 'text/plain']) {
        const headers = { authorization: `Bearer ${other.key}` };
        const response = await fetch(`${other.url}/responses`, { method: 'POST', headers, body: '{}' });
        assert.equal(response.headers.get('content-type'), type);
        assert.equal(response.headers.get('x-key'), null);
      }
    } finally {
      await other.close();
      types.close();
      types.closeAllConnections();
    }
  });

  it('is of no use to others, nor for anything else', async () => {
    assert.equal((await ask('/responses', { body: '{}' }, 'guessed')).status, 404);
    assert.equal((await ask('/models', { body: '{}' })).status, 404);
    assert.deepEqual(server.asked, []);
  });

  it('lets no path through that means another to the server', async () => {
    const other = await openRelay({
      connection,
      base: server.url,
      allowed: ['GET /v1/models/*'],
      isOpen: true,
      onAsked: () => undefined,
      onBytes: () => undefined,
    });
    try {
      const { port } = new URL(other.url);
      const statusOf = async (path: string): Promise<number | undefined> => {
        const [response] = await once(get({ host: '127.0.0.1', port, path }), 'response');
        response.resume();
        return response.statusCode;
      };
      const ways = [
        '/v1/models/../../api/pull',
        '/v1/models/%2e%2e/x',
        '/v1/models//x',
        '/v1/models/\\x',
        '/v1/models/',
      ];
      for (const way of ways) assert.equal(await statusOf(way), 404, way);
      assert.deepEqual(server.asked, []);
      await statusOf('/v1/models/one');
      assert.deepEqual(server.asked, ['GET /v1/models/one']);
    } finally {
      await other.close();
    }
  });

  it('refuses what is too long to be held, and says so', async () => {
    const response = await ask('/responses', { body: Buffer.alloc(65 * 1024 * 1024, 'a') });
    assert.equal(response.status, 400);
    assert.equal(relay.failure?.info.code, 'context_overflow');
    assert.deepEqual(bodies, []);
    assert.equal((await ask('/responses', { body: '{}' })).status, 200);
  });
});
