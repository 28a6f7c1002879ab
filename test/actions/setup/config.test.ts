import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anyGoesOn, changeConfig, showConfig } from '../../../src/actions/setup/config.ts';
import type { WorkerInfo } from '../../../src/queue/queue.ts';
import { CONFIG, projectForEach } from '../../support/app.ts';

describe('the configuration', () => {
  const project = projectForEach(`${CONFIG}# mine\nworkers: { max: 2, min: 1 } # at most\n`);
  const text = () => readFileSync(join(project().home, 'config', 'agent.yaml'), 'utf8');

  it('is shown key by key, with where each value comes from', async () => {
    project().write('.koubou/config/.env', 'WORKER_HEARTBEAT_INTERVAL=7s\n');
    const app = await project().open({ environment: { MAX_WORKERS: '4' } });
    const { config } = await showConfig(app);
    const entry = (key: string) => config.find((each) => each.key === key);
    for (const [key, text, from, name] of [
      ['workers.min', '1', 'agent.yaml', undefined],
      ['workers.max', '4', 'environment', 'MAX_WORKERS'],
      ['defaults.heartbeat_interval', '7s', '.env', 'WORKER_HEARTBEAT_INTERVAL'],
      ['workers.idle_timeout', '30s', 'default', undefined],
    ])
      assert.deepEqual(
        [key, entry(`${key}`)?.text, entry(`${key}`)?.from, entry(`${key}`)?.name],
        [key, text, from, name],
      );
  });

  it('is shown for one key, or for a group of keys', async () => {
    const app = await project().open();
    const keys = async (key: string) => (await showConfig(app, key)).config.map((each) => each.key);
    assert.deepEqual(await keys('workers.max'), ['workers.max']);
    const group = await keys('workers');
    assert.ok(group.length > 2 && group.every((key) => key.startsWith('workers.')), group.join());
  });

  it('has no key that koubou does not know; one that has no value is no mistake', async () => {
    const app = await project().open();
    await assert.rejects(showConfig(app, 'workers.mx'), { code: 'usage', hint: 'Did you mean workers.max?' });
    await assert.rejects(showConfig(app, 'zzzzzz'), {
      code: 'usage',
      hint: /koubou config` shows every key/,
    });
    assert.deepEqual(await showConfig(app, 'endpoints.nowhere.api_key_env'), { config: [] });
  });

  it('tells an agent of variables of runners only that they are set', async () => {
    project().configure(
      "runners:\n  mine: { kind: agent, bin: sh, args: ['-c', 'true'], env: { TOKEN: hunter2 } }\n",
    );
    const shown = async (app: Parameters<typeof showConfig>[0]) =>
      (await showConfig(app, 'runners.mine.env')).config.map(({ text, value }) => [text, value]);
    assert.deepEqual(await shown(await project().open()), [['hunter2', 'hunter2']]);
    assert.deepEqual(await shown(await project().openAsAgent()), [['(set)', '(set)']]);
  });

  it('is changed in the file, comments kept, and what then holds is shown', async () => {
    const app = await project().open();
    assert.deepEqual(await changeConfig(app, 'workers.max', '3'), {
      config: [{ key: 'workers.max', text: '3', value: 3, from: 'agent.yaml' }],
    });
    assert.match(text(), /# mine\nworkers: \{ max: 3, min: 1 \} # at most\n/);
  });

  it('that is changed is still less than a variable, and that is shown', async () => {
    const app = await project().open({ environment: { MAX_WORKERS: '4' } });
    const { config } = await changeConfig(app, 'workers.max', '3');
    assert.deepEqual([config[0]?.value, config[0]?.name], [4, 'MAX_WORKERS']);
    assert.match(text(), /max: 3/);
  });

  it('is not changed to what is wrong', async () => {
    const before = text();
    const app = await project().open();
    await assert.rejects(changeConfig(app, 'workers.max', 'many'), { code: 'usage' });
    assert.equal(text(), before);
  });

  it('is not changed by an agent, unless the config says so', async () => {
    const before = text();
    await assert.rejects(changeConfig(await project().openAsAgent(), 'workers.max', '3'), {
      code: 'not_allowed',
      message: /may not change the configuration: workers\.max\. Nothing was changed/,
    });
    assert.equal(text(), before);
    project().configure(`${before}callers: { agent: { may: [config] } }\n`);
    await changeConfig(await project().openAsAgent(), 'workers.max', '3');
    assert.match(text(), /max: 3/);
  });

  it('of a worker that lives is the one it began with', async () => {
    let closed = 0;
    const goesOn = (...workers: Partial<WorkerInfo>[]) =>
      anyGoesOn({
        workers: async () => workers as WorkerInfo[],
        close: async () => {
          closed += 1;
        },
      });
    assert.equal(await goesOn(), false);
    assert.equal(await goesOn({ status: 'offline' }), false);
    assert.equal(await goesOn({ status: 'offline' }, { status: 'idle' }), true);
    assert.equal(closed, 3);
  });
});
