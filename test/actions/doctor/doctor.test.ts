import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DoctorRequest, doctor } from '../../../src/actions/doctor/doctor.ts';
import { KoubouError } from '../../../src/errors.ts';
import type { WorkerInfo } from '../../../src/queue/queue.ts';
import { worded } from '../../../src/say/say.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';
import { layHome } from '../../support/queue/home.ts';
import { stateHome } from '../../support/state.ts';
import { type FakeServer, startModelServer } from '../model-server.ts';

describe('doctor', () => {
  const folder = temporaryFolder();
  const home = () => join(folder(), '.koubou');
  let server: FakeServer;
  before(async () => {
    server = await startModelServer({
      ollama: { 'a:1b': ['completion'], 'embed:latest': ['embedding'], 'big:cloud': ['completion'] },
      openai: ['b'],
      key: 'secret',
    });
  });
  after(() => server.close());
  beforeEach(async () => {
    await layHome(home());
  });

  const configure = (ollamaRunner: string, rest = '', port = server.port) =>
    writeFiles(home(), {
      'config/agent.yaml': [
        `endpoints:`,
        `  ollama: { kind: ollama, url: http://127.0.0.1:${port} }`,
        `  lmstudio: { kind: openai, url: http://127.0.0.1:${port}/v1, api_key_env: MY_KEY }`,
        `runners:`,
        `  ollama: { kind: ollama, endpoint: ollama, ${ollamaRunner} }`,
        `  openai: { kind: openai, endpoint: lmstudio, model: b }`,
        rest || 'routing: { default: { general: ollama } }',
      ].join('\n'),
    });

  const run = async ({ environment, ...rest }: Partial<DoctorRequest> = {}) => {
    const diagnosis = worded(
      await doctor({
        cwd: folder(),
        environment: {
          XDG_STATE_HOME: stateHome,
          ...(environment ?? { HOME: folder(), MY_KEY: 'secret' }),
        },
        nodeVersion: '24.1.0',
        ...rest,
      }),
    );
    const find = (name: string) => diagnosis.checks.find((check) => check.name === name);
    return { ...diagnosis, find, faults: diagnosis.checks.filter(({ ok }) => !ok) };
  };

  it('finds no fault where everything is there, and leaves nothing behind', async () => {
    configure('model: a:1b');
    const before = readdirSync(home());
    const { ok, faults, checks } = await run();
    assert.deepEqual(faults, []);
    assert.equal(ok, true);
    assert.deepEqual(
      checks.map(({ name }) => name),
      [
        'node',
        'home',
        'file system',
        'config',
        'endpoint ollama',
        'endpoint lmstudio',
        'runner ollama',
        'runner openai',
        'daemon',
      ],
    );
    assert.deepEqual(readdirSync(home()), before);
  });

  it('has a cure for every fault', async () => {
    configure('model: missing', 'routing: { default: {} }');
    const { ok, faults } = await run({ nodeVersion: '18.0.0', environment: { HOME: folder() } });
    assert.equal(ok, false);
    assert.deepEqual(
      faults.map(({ name }) => name),
      ['node', 'routing', 'endpoint lmstudio', 'runner ollama'],
    );
    for (const { cure, name } of faults) assert.ok(cure, name);
  });

  it('says that there is no home, and looks no further', async () => {
    const { faults, checks } = await run({ home: 'nowhere' });
    assert.deepEqual(
      faults.map(({ name }) => name),
      ['home'],
    );
    assert.match(faults[0]?.cure ?? '', /koubou init/);
    assert.equal(checks.length, 2);
  });

  it('says what is wrong in the config, with its line', async () => {
    writeFiles(home(), { 'config/agent.yaml': 'workers:\n  mx: 1' });
    const { find } = await run();
    assert.equal(find('config')?.ok, false);
    assert.match(find('config')?.message ?? '', /line 2.*workers\.mx/);
  });

  it('says that a variable cannot be read', async () => {
    const { find } = await run({ environment: { HOME: folder(), MAX_WORKERS: 'x' } });
    assert.match(find('config')?.message ?? '', /MAX_WORKERS/);
  });

  it('says that a server does not answer, and nothing of its models', async () => {
    configure('model: a:1b', '', 1);
    const { faults, find } = await run();
    assert.deepEqual(
      faults.map(({ name }) => name),
      ['endpoint ollama', 'endpoint lmstudio'],
    );
    assert.match(find('endpoint ollama')?.cure ?? '', /ollama serve.*correct endpoints\.ollama\.url\.$/);
    assert.equal(find('runner ollama'), undefined);
  });

  it('names the variable that a dead server comes from', async () => {
    const environment = { HOME: folder(), OLLAMA_HOST: '127.0.0.1:1', MY_KEY: 'secret' };
    configure('model: a:1b');
    assert.match(
      (await run({ environment })).find('endpoint ollama')?.cure ?? '',
      /correct OLLAMA_HOST in the environment/,
    );
    writeFiles(home(), { 'config/.env': 'OPENAI_API_BASE=http://127.0.0.1:1/v1' });
    assert.match(
      (await run()).find('endpoint lmstudio')?.cure ?? '',
      /correct OPENAI_API_BASE in config\/\.env/,
    );
  });

  it('tells a missing model, one that cannot answer, and one that leaves the machine', async () => {
    const about = async (ollamaRunner: string) => {
      configure(ollamaRunner);
      return (await run()).find('runner ollama');
    };
    assert.match((await about('model: none'))?.cure ?? '', /ollama pull none.*runners\.ollama\.model a:1b/);
    assert.equal((await about('model: none, pull: true'))?.ok, true);
    const embeds = await about('model: embed');
    assert.equal(embeds?.ok, false);
    assert.match(embeds?.message ?? '', /cannot answer prompts/);
    assert.match((await about('model: "big:cloud"'))?.cure ?? '', /servers of Ollama/);
  });

  it('tells a key that is missing from one that is refused', async () => {
    configure('model: a:1b');
    const missing = await run({ environment: { HOME: folder() } });
    assert.match(missing.find('endpoint lmstudio')?.message ?? '', /without a key/);
    assert.match(missing.find('endpoint lmstudio')?.cure ?? '', /MY_KEY=… into config\/\.env/);
    const wrong = await run({ environment: { HOME: folder(), MY_KEY: 'wrong' } });
    assert.match(wrong.find('endpoint lmstudio')?.message ?? '', /the key it was given/);
  });

  it('takes no daemon for no fault, and names the one that runs', async () => {
    const none = await run();
    assert.equal(none.find('daemon')?.ok, true);
    assert.match(none.find('daemon')?.cure ?? '', /koubou work --detach/);
    const worker = { pid: 7, host: 'desk', status: 'idle' } as WorkerInfo;
    const offline = { pid: 8, host: 'desk', status: 'offline' } as WorkerInfo;
    const openFake = () => ({ workers: async () => [worker, worker, offline], close: async () => {} });
    const { find } = await run({ openQueue: openFake });
    assert.equal(find('daemon')?.message, 'Running: process 7 on desk.');
  });

  it('says that the queue cannot be read', async () => {
    const openQueueFails = () => {
      throw new KoubouError('no_home', 'no queue here');
    };
    const { find } = await run({ openQueue: openQueueFails });
    assert.equal(find('daemon')?.ok, false);
  });

  it('notices variables that mean nothing any more, which is no fault', async () => {
    configure('model: a:1b');
    const { ok, find } = await run({ environment: { HOME: folder(), MY_KEY: 'secret', KOUBOU_DB: 'x' } });
    assert.equal(ok, true);
    assert.match(find('variable KOUBOU_DB')?.cure ?? '', /no database/);
  });

  it('notices a home that others may read', async () => {
    chmodSync(home(), 0o755);
    const { find } = await run();
    assert.equal(find('file system')?.ok, true);
    assert.match(find('file system')?.cure ?? '', /chmod 700/);
  });
});
