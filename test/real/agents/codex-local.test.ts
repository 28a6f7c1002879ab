/** The real Codex with a task that must stay on this machine, where something else would have it leave. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { reducedEnvironment } from '../../../src/process/programs/reduced-environment.ts';
import { CodexRunner } from '../../../src/runner/codex/codex.ts';
import { promptFolders } from '../../contract/runner.ts';
import { type ResponsesServer, startResponsesServer, steps } from '../../support/servers/responses-server.ts';
import { Rig } from '../../support/worker/rig.ts';
import { agentsInstalled, codexProgram } from './install.ts';

describe('a sensitive task of the real Codex', function () {
  this.timeout(60_000);
  let rig: Rig;
  let proxy: Server;
  let proxied: string[];
  let server: ResponsesServer;

  before(function () {
    if (!agentsInstalled()) this.skip();
  });
  beforeEach(async () => {
    rig = await Rig.make();
    proxied = [];
    proxy = createServer((request, response) => {
      proxied.push(`${request.method} ${request.url}`);
      response.writeHead(502).end();
    });
    proxy.on('connect', (request, socket) => {
      proxied.push(`CONNECT ${request.url}`);
      socket.end();
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });
  afterEach(async () => {
    await rig.remove();
    await server.close();
    proxy.closeAllConnections();
    proxy.close();
    await once(proxy, 'close');
  });

  const codex = (variables: Record<string, string>): CodexRunner =>
    new CodexRunner({
      name: 'codex',
      endpoint: { name: 'server', url: `${server.url}/v1`, maxConcurrent: 1 },
      serverKind: 'ollama',
      model: 'scripted',
      bin: codexProgram,
      sandbox: 'workspace-write',
      allowFullAccess: false,
      home: rig.home.home,
      hidden: [],
      promptFolders,
      environment: reducedEnvironment(
        { ...process.env, HOME: rig.home.home, ...variables },
        Object.keys(variables),
      ),
    });

  const run = async (runner: CodexRunner, prompt = 'Write a.txt; the password is hunter2.') => {
    const id = await rig.add({
      type: 'code',
      cwd: dirname(rig.home.home),
      prompt,
      options: { retries: 0 },
    });
    await rig.drain(runner, { routing: { default: { general: 'codex', code: 'codex', command: 'codex' } } });
    return rig.record(id);
  };

  const proxyUrl = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

  it('starts no tool server of codex.toml, as an ordinary task does', async () => {
    server = await startResponsesServer([steps.exec('echo hello > a.txt'), steps.message('Done.')]);
    const toml = `[mcp_servers.far]\nurl = "${proxyUrl()}/mcp"\nstartup_timeout_sec = 1\n`;
    writeFileSync(rig.home.path('config', 'codex.toml'), toml);
    const record = await run(codex({}));
    assert.equal(record.status, 'completed', record.attempts[0]?.error?.message);
    assert.deepEqual(proxied, []);
    await run(codex({}), 'Write b.txt.');
    assert.match(proxied.join(), /\/mcp/);
  });

  it('is sent to no proxy that its environment names', async () => {
    server = await startResponsesServer([steps.exec('echo hello > a.txt'), steps.message('Done.')]);
    const url = proxyUrl();
    const record = await run(codex({ HTTP_PROXY: url, http_proxy: url, HTTPS_PROXY: url, ALL_PROXY: url }));
    assert.deepEqual(proxied, []);
    assert.equal(record.status, 'completed', record.attempts[0]?.error?.message);
    assert.equal(record.attempts[0]?.address, '127.0.0.1');
  });

  it('is not begun on a model that its server passes on', async () => {
    server = await startResponsesServer([steps.message('Done.')], { remoteHost: 'https://far.example:443' });
    const record = await run(codex({}));
    assert.equal(record.attempts[0]?.error?.code, 'not_local');
    assert.match(record.attempts[0]?.error?.message ?? '', /passes scripted on to https:\/\/far\.example:443/);
    assert.equal(server.requests.length, 0);
  });
});
