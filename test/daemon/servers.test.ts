import assert from 'node:assert/strict';
import { builtKoubou } from '../support/koubou/built.ts';
import { Daemons } from '../support/koubou/daemon.ts';
import {
  type ScriptedServer,
  type ScriptedStep,
  startScriptedServer,
  steps,
} from '../support/servers/scripted-server.ts';
import { until } from '../support/until.ts';

describe('a daemon and its model server', () => {
  let daemons: Daemons;
  let server: ScriptedServer;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
  });

  const begin = async (script: readonly ScriptedStep[]): Promise<void> => {
    server = await startScriptedServer(script);
    daemons = await Daemons.make(`
endpoints:
  here: { kind: ollama, url: '${server.url}', max_concurrent: 2 }
runners:
  local: { kind: ollama, endpoint: here, model: scripted }
routing:
  default: { general: local }
defaults:
  heartbeat_interval: 1s
`);
  };

  afterEach(async () => {
    await daemons.remove();
    await server.close();
  });

  it('lose nothing and charge nothing when it dies and comes back', async function () {
    this.timeout(60_000);
    await begin([steps.text('hello')]);
    const daemon = await daemons.start(['--workers', '2']);
    assert.equal((await daemons.ended(await daemons.add())).result?.output, 'hello');
    await server.kill();
    const ids = [await daemons.add(), await daemons.add(), await daemons.add(), await daemons.add()];
    const down = await until(
      () => daemon.events().find(({ event }) => event === 'endpoint_down'),
      'the news',
    );
    assert.match(JSON.stringify(down), /127\.0\.0\.1/);
    await until(async () => {
      const records = await Promise.all(ids.map((id) => daemons.record(id)));
      return records.some(({ waiting }) => waiting === 'endpoint');
    }, 'the reason');
    await server.restart();
    for (const id of ids) {
      const record = await daemons.ended(id);
      assert.equal(record.status, 'completed');
      assert.ok(record.attempts.every(({ charged }) => !charged));
      // What ran as the server died met it; nothing else did.
      assert.ok(record.attempts.length <= 2, `${record.attempts.length} attempts`);
    }
    assert.ok(daemon.events().some(({ event }) => event === 'endpoint_up'));
  });

  it('try again when it breaks off in mid-stream, and say why in words', async () => {
    await begin([steps.cutInStream('The ans')]);
    const id = await daemons.add({ options: { retries: 1 } });
    assert.equal((await daemons.koubou(['work', '--drain'])).code, 0);
    const record = await daemons.record(id);
    assert.equal(record.status, 'failed');
    assert.equal(record.attempts.filter(({ charged }) => charged).length, 2, JSON.stringify(record.attempts));
    assert.match(record.result?.error?.message ?? '', /(connection|broke|closed|middle)/i);
    assert.doesNotMatch(record.result?.error?.message ?? '', /undefined|\[object|ECONN|UND_ERR|terminated$/);
  });

  it('get the whole answer after one that broke off', async () => {
    await begin([steps.cutInStream('The ans'), steps.text('The answer.')]);
    const id = await daemons.add();
    assert.equal((await daemons.koubou(['work', '--drain'])).code, 0);
    const record = await daemons.record(id);
    assert.equal(record.result?.output, 'The answer.');
    assert.deepEqual(
      record.attempts.map(({ outcome }) => outcome),
      ['error', 'success'],
    );
  });

  it('do not wait for one that was never there', async () => {
    await begin([steps.text('hello')]);
    await server.kill();
    const id = await daemons.add();
    const { code, stdout } = await daemons.koubou(['work', '--drain']);
    assert.equal(code, 0);
    assert.match(stdout, /0 completed, 0 failed; left: 1 not begun\n$/);
    assert.deepEqual((await daemons.record(id)).attempts, []);
  });
});
