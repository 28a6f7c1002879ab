import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { changeConfig, showConfig } from '../../src/actions/setup/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { setConfig } from '../../src/config/set.ts';
import { KoubouError } from '../../src/errors.ts';
import { asOwner } from '../support/as-caller.ts';
import { temporaryFolder, writeFiles } from './temporary-home.ts';

const AGENT = `# mine
version: 1

# how many
workers:
  min: 1   # at least
  max: 5 # at most
endpoints: { a: { kind: ollama, url: http://h:1 } } # one
`;

describe('setting a key', () => {
  const home = temporaryFolder();
  const file = () => join(home(), 'config', 'agent.yaml');
  const text = () => readFileSync(file(), 'utf8');
  beforeEach(() => writeFiles(home(), { 'config/agent.yaml': AGENT }));

  const refuses = async (key: string, value: string, message: RegExp) => {
    await assert.rejects(
      setConfig(home(), key, value),
      (error) => error instanceof KoubouError && error.code === 'usage' && message.test(error.message),
    );
    assert.equal(text(), AGENT);
  };

  it('changes that value and no other character', async () => {
    await setConfig(home(), 'workers.max', '7');
    assert.equal(text(), AGENT.replace('max: 5', 'max: 7'));
    await setConfig(home(), 'endpoints.a.url', 'http://h:2');
    assert.equal(text(), AGENT.replace('max: 5', 'max: 7').replace('h:1', 'h:2'));
  });

  it('adds what is missing and keeps every comment', async () => {
    await setConfig(home(), 'defaults.timeout.general', '20m');
    await setConfig(home(), 'endpoints.b', '{ kind: openai, url: "http://h:3/v1" }');
    const { config } = await loadConfig({ home: home(), environment: {} });
    assert.equal(config.defaults.timeout.general, 1200);
    assert.equal(config.endpoints['b']?.url, 'http://h:3/v1');
    for (const comment of ['# mine', '# how many', '# at least', '# at most', '# one']) {
      assert.ok(text().includes(comment), comment);
    }
  });

  it('makes the file where there is none', async () => {
    renameSync(file(), `${file()}.old`);
    await setConfig(home(), 'workers.max', '3');
    assert.equal((await loadConfig({ home: home(), environment: {} })).config.workers.max, 3);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
  });

  it('keeps the rights of the file, and a link a link', async () => {
    const real = join(home(), 'elsewhere.yaml');
    renameSync(file(), real);
    symlinkSync(real, file());
    chmodSync(real, 0o640);
    await setConfig(home(), 'workers.max', '3');
    assert.ok(lstatSync(file()).isSymbolicLink());
    assert.equal(statSync(real).mode & 0o777, 0o640);
    assert.match(readFileSync(real, 'utf8'), /max: 3/);
  });

  it('refuses what would make the file invalid, and writes nothing', async () => {
    await refuses('workers.mx', '3', /workers\.mx is no key of koubou\. Did you mean "workers\.max"\?/);
    await refuses('workers.max', 'many', /workers\.max must be/);
    await refuses('workers.max', '0', /workers\.max must be at least 1/);
    await refuses('workers.max', '[', /is not a value/);
    await refuses('workers.max.more', '1', /what stands above it is a value/);
    await refuses('workers', '3', /workers must be a group/);
    await refuses('endpoints.a.kind', 'openai, url: http://evil', /kind must be one of/);
    assert.deepEqual(readdirSync(join(home(), 'config')), ['agent.yaml']);
  });

  it('refuses to touch a file that is already wrong', async () => {
    writeFiles(home(), { 'config/agent.yaml': 'workers: { mx: 1 }' });
    await assert.rejects(setConfig(home(), 'workers.max', '3'), /line 1/);
    assert.equal(text(), 'workers: { mx: 1 }');
  });

  it('loses none of many set at once', async () => {
    const keys = ['general', 'code', 'command'].flatMap((type) => [
      `defaults.retries.${type}`,
      `defaults.timeout.${type}`,
    ]);
    await Promise.all(keys.map((key) => setConfig(home(), key, '9')));
    const { originOf } = await loadConfig({ home: home(), environment: {} });
    assert.deepEqual(
      keys.map((key) => originOf(key)?.value),
      keys.map(() => 9),
    );
  });

  it('answers with what now holds', async () => {
    const outer = { MAX_WORKERS: '2' };
    const {
      config: [entry],
    } = await changeConfig({ ...asOwner, home: home(), outer }, 'workers.max', '8');
    assert.deepEqual(entry, {
      key: 'workers.max',
      text: '2',
      value: 2,
      from: 'environment',
      name: 'MAX_WORKERS',
    });
    assert.match(text(), /max: 8/);
  });
});

describe('showing the configuration', () => {
  const home = temporaryFolder();
  const load = async () => ({ ...(await loadConfig({ home: home(), environment: {} })), ...asOwner });

  it('writes times as in the file', async () => {
    const { config: entries } = await showConfig(await load(), 'defaults.timeout');
    assert.deepEqual(
      entries.map(({ key, text }) => [key, text]),
      [
        ['defaults.timeout.general', '10m'],
        ['defaults.timeout.code', '30m'],
        ['defaults.timeout.command', 'none'],
      ],
    );
  });

  it('shows nothing for a key without a value, and refuses one that is none', async () => {
    assert.deepEqual(await showConfig(await load(), 'routing.default.code'), { config: [] });
    await assert.rejects(
      showConfig(await load(), 'worker'),
      (error: KoubouError) => error.hint === 'Did you mean workers?',
    );
    await assert.rejects(
      showConfig(await load(), 'workers.mx'),
      (error: KoubouError) => error.code === 'usage' && error.hint === 'Did you mean workers.max?',
    );
  });
});
