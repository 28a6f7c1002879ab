/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OllamaRunner } from '../../src/runner/model/ollama.ts';
import type { Runner } from '../../src/runner/runner.ts';
import type { NewTask } from '../../src/task/record.ts';
import { promptFolders } from '../contract/runner.ts';
import {
  type Script,
  type ScriptedServer,
  startScriptedServer,
  steps,
} from '../support/servers/scripted-server.ts';
import { Rig, replacing } from '../support/worker/rig.ts';

describe('a task that a daemon must keep here', () => {
  let rig: Rig;
  let server: ScriptedServer;
  let folder: string;

  beforeEach(async () => {
    rig = await Rig.make();
    folder = mkdtempSync(join(tmpdir(), 'koubou-local-'));
    await serve({});
  });
  afterEach(async () => {
    await rig.remove();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const serve = async (script: Partial<Script>): Promise<void> => {
    await server?.close();
    server = await startScriptedServer({ steps: [steps.text('an answer')], ...script });
  };

  const ollama = (over: { url?: string; model?: string; promptFolders?: string[] } = {}): Runner =>
    new OllamaRunner({
      name: 'ollama',
      endpoint: { name: 'there', url: over.url ?? server.url, maxConcurrent: 1 },
      model: over.model ?? 'm',
      numCtxMax: 8192,
      keepAlive: '5m',
      pull: false,
      promptFolders: over.promptFolders ?? promptFolders,
      template: 'auto',
    });
  /** Its health is not asked for, so that a connection could only come of the task. */
  const elsewhere = (over: { promptFolders?: string[] } = {}): Runner =>
    replacing(ollama({ url: 'http://192.0.2.1:11434', ...over }), {
      check: async () => ({ ok: true, message: 'well', error: null }),
    });
  const routing = { default: { general: 'ollama', code: 'ollama', command: 'ollama' } };

  const attempted = async (runner: Runner, task: Partial<NewTask>, over: object = {}) => {
    const id = await rig.add({ cwd: folder, ...task, options: { retries: 0, ...task.options } });
    await rig.drain(runner, { routing, ...over });
    const record = await rig.record(id);
    return { record, attempt: record.attempts.at(-1) };
  };
  const sent = (): string => JSON.stringify(server.requests.map(({ body }) => body));

  it('since a rule says so is refused elsewhere, and nothing is sent', async () => {
    const rules = [{ if: { label: { keep: 'here' } }, then: { local_only: true } }];
    const task = { labels: { keep: 'here' } };
    const { attempt } = await attempted(elsewhere(), task, { routing: { ...routing, rules } });
    assert.deepEqual([attempt?.error?.code, attempt?.address], ['not_local', null]);
    assert.match(attempt?.error?.message ?? '', /it is local only.*http:\/\/192\.0\.2\.1:11434 is not in/);
    const here = await attempted(ollama(), task, { routing: { ...routing, rules } });
    assert.deepEqual([here.record.status, here.attempt?.address], ['completed', '127.0.0.1']);
  });

  it('since a rule says so is not let go by what the task says of itself', async () => {
    const rules = [{ if: {}, then: { local_only: true } }];
    const task = { sensitive: false, options: { local_only: false } };
    const { attempt } = await attempted(elsewhere(), task, { routing: { ...routing, rules } });
    assert.equal(attempt?.error?.code, 'not_local');
  });

  const secret = 'password: hunter2';
  const places: Record<string, () => Partial<NewTask>> = {
    'the prompt': () => ({ prompt: secret }),
    'a file that changed since': () => {
      writeFileSync(join(folder, 'a.txt'), `${'x\n'.repeat(700_000)}${secret}`);
      return { files: [{ path: join(folder, 'a.txt'), sha256: null }] };
    },
    'the name of a file': () => {
      writeFileSync(join(folder, 'password=hunter2.txt'), 'x');
      return { files: [{ path: join(folder, 'password=hunter2.txt'), sha256: null }] };
    },
    'the context': () => ({ context: { db: { password: 'hunter2' } } }),
    'JSON within the context': () => ({ context: { db: JSON.stringify({ password: 'hunter2' }) } }),
    'the instructions': () => ({ options: { system: secret } }),
    'the schema': () => ({ options: { schema: { const: secret } } }),
    'the options of the model': () => ({ options: { set: { stop: secret } } }),
    'a template': () => ({ options: { template: 'mine' } }),
  };
  for (const [place, task] of Object.entries(places)) {
    it(`is refused elsewhere for a secret in ${place}`, async () => {
      const { attempt } = await attempted(withTemplate(), task());
      assert.deepEqual([attempt?.error?.code, attempt?.address], ['not_local', null]);
      assert.match(attempt?.error?.message ?? '', /it holds "password" with a value/);
    });
  }
  const withTemplate = (): Runner => {
    writeFileSync(join(folder, 'mine.md'), `Answer. ${secret}`);
    return elsewhere({ promptFolders: [folder, ...promptFolders] });
  };

  it('is refused elsewhere for a secret in what its checker said', async () => {
    const moving = ollama();
    const id = await rig.add({ cwd: folder, options: { retries: 1, check: `echo '${secret}'; exit 1` } });
    const runs: Runner[] = [moving, elsewhere()];
    const runner = replacing(moving, { run: (task, context) => (runs.shift() ?? moving).run(task, context) });
    await rig.drain(runner, { routing });
    const { attempts } = await rig.record(id);
    assert.deepEqual(
      attempts.map(({ error }) => error?.code),
      ['check_failed', 'not_local'],
    );
    assert.doesNotMatch(sent(), /hunter2/);
  });

  it('is refused again when it is tried again', async () => {
    const { record } = await attempted(elsewhere(), { prompt: secret });
    await rig.queue.retry(record.task_id);
    await rig.drain(elsewhere(), { routing });
    const { attempts } = await rig.record(record.task_id);
    assert.deepEqual(
      attempts.map(({ error }) => error?.code),
      ['not_local', 'not_local'],
    );
  });

  it('loses the answer that another machine gave, and fails', async () => {
    await serve({ steps: [steps.remote()] });
    const { record, attempt } = await attempted(ollama(), { prompt: secret });
    assert.equal(attempt?.error?.code, 'not_local');
    assert.match(
      attempt?.error?.message ?? '',
      /passed it on to https:\/\/ollama\.com:443; the answer was thrown away/,
    );
    assert.deepEqual([record.status, record.result?.output], ['failed', null]);
    const free = await attempted(ollama(), {});
    assert.equal(free.record.status, 'completed', 'of a task that may go anywhere it counts');
  });

  describe('is done by no model that runs elsewhere, wherever it is named:', () => {
    const cloud = 'kimi:cloud';
    const refusedModel = async (runner: Runner, task: Partial<NewTask>, over: object = {}): Promise<void> => {
      const { attempt } = await attempted(
        runner,
        { ...task, options: { local_only: true, ...task.options } },
        over,
      );
      assert.equal(attempt?.error?.code, 'not_local');
      assert.match(attempt?.error?.message ?? '', /kimi:cloud runs elsewhere; nothing was sent/);
      assert.ok(!server.requests.some(({ path }) => path === '/api/chat' || path === '/api/show'));
    };

    it('in the task', () => refusedModel(ollama(), { options: { model: cloud } }));
    it('in a rule', () =>
      refusedModel(ollama(), {}, { routing: { ...routing, rules: [{ if: {}, then: { model: cloud } }] } }));
    it('in the runner', () => refusedModel(ollama({ model: cloud }), {}));
  });
});
