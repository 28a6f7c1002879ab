import assert from 'node:assert/strict';
import { checkModels } from '../../../src/actions/doctor/models.ts';
import { worded } from '../../../src/say/say.ts';
import { projectForEach } from '../../support/app.ts';
import { type FakeServer, startModelServer } from '../model-server.ts';

describe('doctor, asked for model servers', () => {
  const project = projectForEach();
  const servers: FakeServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  const serve = async (models: Parameters<typeof startModelServer>[0]): Promise<number> => {
    const server = await startModelServer(models);
    servers.push(server);
    return server.port;
  };

  const asked = async (config: string, environment: Record<string, string> = {}) => {
    project().configure(config);
    return worded(await checkModels(await project().open({ environment })));
  };
  const openai = (port: number, rest = '') => `
endpoints: { lm: { kind: openai, url: 'http://127.0.0.1:${port}/v1'${rest} } }
runners: { lm: { kind: openai, endpoint: lm, model: wanted } }
routing: { default: { general: lm } }
`;

  it('finds the model that a runner wants', async () => {
    assert.deepEqual(
      (await asked(openai(await serve({ openai: ['wanted'] })))).map(({ name, ok }) => [name, ok]),
      [
        ['endpoint lm', true],
        ['runner lm', true],
      ],
    );
  });

  it('names another model that is there in the place of one that is not, or says that none is', async () => {
    const about = async (models: string[]) =>
      (await asked(openai(await serve({ openai: models })))).find(({ name }) => name === 'runner lm');
    const other = await about(['other']);
    assert.deepEqual(
      [other?.ok, other?.message, other?.cure],
      [false, 'The server has no model wanted.', 'koubou config runners.lm.model other'],
    );
    assert.equal((await about([]))?.cure, 'Load a model in it.');
  });

  it('says that a server wants a key, and how to name one, and nothing of its models then', async () => {
    const port = await serve({ openai: ['wanted'], key: 'secret' });
    const [none, ...others] = await asked(openai(port));
    assert.match(none?.cure ?? '', /koubou config endpoints\.lm\.api_key_env OPENAI_API_KEY/);
    assert.deepEqual(others, []);
    const named = openai(port, ', api_key_env: LM_KEY');
    const [unset] = await asked(named);
    assert.match(`${unset?.message} ${unset?.cure}`, /without a key\. Write LM_KEY=… into config\/\.env\./);
    const [wrong] = await asked(named, { LM_KEY: 'x' });
    assert.match(wrong?.message ?? '', /refuses the key it was given/);
    assert.equal(
      (await asked(named, { LM_KEY: 'secret' })).every(({ ok }) => ok),
      true,
    );
  });

  it('says that no runner is chosen for general tasks', async () => {
    const [routing] = await asked('runners: { command: { kind: command } }\n');
    assert.deepEqual([routing?.name, routing?.ok], ['routing', false]);
    assert.match(routing?.cure ?? '', /koubou init/);
  });

  it('says that nothing answers, and where to start it', async () => {
    const [dead, ...others] = await asked(openai(1));
    assert.deepEqual([dead?.ok, dead?.message], [false, 'Nothing answers at http://127.0.0.1:1/v1.']);
    assert.match(dead?.cure ?? '', /^Start its server, or correct endpoints\.lm\.url\.$/);
    assert.deepEqual(others, []);
  });

  it('looks at the programs of agents', async () => {
    const checks = await asked('runners: { mine: { kind: agent, bin: no-such-agent } }\n');
    assert.deepEqual(checks.find(({ name }) => name === 'runner mine')?.ok, false);
  });
});
