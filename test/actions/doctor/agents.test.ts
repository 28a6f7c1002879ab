import assert from 'node:assert/strict';
import { checkAgent } from '../../../src/actions/doctor/agents.ts';
import { checkConfig } from '../../../src/config/check.ts';
import { worded } from '../../../src/say/say.ts';

describe('doctor, asked for an agent runner', () => {
  const asked = async (entry: object) => {
    const endpoints = { here: { kind: 'ollama', url: 'http://127.0.0.1:1' } };
    const checked = checkConfig({ endpoints, runners: { mine: { kind: 'agent', ...entry } } });
    assert.ok(checked.ok);
    const runner = checked.config.runners['mine'];
    assert.ok(runner?.kind === 'agent');
    return worded(await checkAgent('mine', runner, { variable: (name) => process.env[name] }));
  };

  it('says that its program is there, which server it uses, and what it claims', async () => {
    const { name, ok, message } = await asked({ bin: 'sh', endpoint: 'here', sandbox: 'none at all' });
    assert.deepEqual([name, ok], ['runner mine', true]);
    assert.match(message, /sh is there\. It uses the endpoint here.*none at all/);
    assert.match((await asked({ bin: 'sh' })).message, /a model of its own.*nothing of a sandbox/);
  });

  it('says that its program is missing, and what to do', async () => {
    const { ok, message, cure } = await asked({ bin: 'no-such-agent' });
    assert.equal(ok, false);
    assert.match(message, /no program "no-such-agent"/);
    assert.match(cure ?? '', /koubou config runners\.mine\.bin/);
  });
});
