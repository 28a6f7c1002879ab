import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtKoubou } from '../support/koubou/built.ts';
import { Daemons } from '../support/koubou/daemon.ts';
import { type ScriptedServer, startScriptedServer, steps } from '../support/servers/scripted-server.ts';
import { stateHome } from '../support/state.ts';
import { canTrace, contactsIn, straceArguments } from '../support/trace.ts';

describe('a sensitive task in a real daemon', () => {
  let daemons: Daemons;
  let server: ScriptedServer;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
  });

  beforeEach(async () => {
    server = await startScriptedServer([steps.text('hello')]);
    daemons = await Daemons.make(`
endpoints:
  here: { kind: ollama, url: '${server.url}' }
  there: { kind: openai, url: '${server.openaiUrl}' }
runners:
  local: { kind: ollama, endpoint: here, model: scripted }
  other: { kind: openai, endpoint: there, model: scripted }
routing:
  default: { general: local }
`);
  });

  afterEach(async () => {
    await daemons.remove();
    await server.close();
  });

  it('connects to nothing but loopback, whatever proxies are named, and its record says to what', async function () {
    this.timeout(60_000);
    if (!canTrace() && this.test) {
      this.test.title += ': skipped, strace cannot trace here';
      this.skip();
    }
    const prompt = 'the password is hunter2';
    const ids = [await daemons.add({ prompt }), await daemons.add({ prompt, options: { runner: 'other' } })];
    const proxy = 'http://127.0.0.2:9';
    const proxies = { HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy, NODE_USE_ENV_PROXY: '1' };
    const trace = join(daemons.home.home, 'trace.txt');
    const program = [process.execPath, await builtKoubou(), 'work', '--drain'];
    const child = spawn('strace', [...straceArguments(trace), ...program], {
      env: {
        PATH: process.env['PATH'],
        HOME: daemons.home.home,
        XDG_STATE_HOME: stateHome,
        KOUBOU_HOME: daemons.home.home,
        ...proxies,
      },
      stdio: 'ignore',
    });
    await once(child, 'close');
    for (const id of ids) {
      const record = await daemons.record(id);
      assert.equal(record.status, 'completed', JSON.stringify(record.result?.error));
      assert.equal(record.attempts[0]?.address, '127.0.0.1');
    }
    const addresses = contactsIn(readFileSync(trace, 'utf8')).map(({ address }) => address);
    assert.ok(addresses.length > 0, 'the trace shows no connection at all');
    assert.deepEqual([...new Set(addresses)], ['127.0.0.1']);
  });

  it('is refused by a program that nobody can hold', async () => {
    const id = await daemons.shell('true', { options: { local_only: true } });
    assert.equal((await daemons.koubou(['work', '--drain'])).code, 0);
    assert.equal((await daemons.record(id)).result?.error?.code, 'not_local');
  });
});
