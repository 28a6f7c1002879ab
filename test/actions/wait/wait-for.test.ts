/** The daemon that is started here is that of the build (`node build/build.ts`). */
import assert from 'node:assert/strict';
import { mayGoOnLater, type WaitOptions, waitFor } from '../../../src/actions/wait/wait-for.ts';
import type { App } from '../../../src/app/app.ts';
import { AS_AGENT, CONFIG, projectForEach } from '../../support/app.ts';
import { takeAll, worker } from '../../support/builders.ts';

describe('a wait for tasks of a home', () => {
  const project = projectForEach();

  const wait = (app: App, ids: string[], over: Partial<WaitOptions> = {}) => {
    const said: string[] = [];
    const end = waitFor(app, {
      ids,
      any: false,
      limit: undefined,
      signal: new AbortController().signal,
      say: (line) => said.push(line),
      ...over,
    });
    return end.then((ended) => ({ ...ended, said }));
  };
  const command = { type: 'command', command: ['true'] };
  /** In the hands of a worker that lives as long as these tests. */
  const running = async (): Promise<string> => {
    const member = await project().queue.join(worker());
    const [id = ''] = await project().delegate(command);
    assert.ok(await member.claim(takeAll));
    return id;
  };

  it('starts a worker, says so, and ends when the task has', async () => {
    const app = await project().open();
    const [id = ''] = await project().delegate(command);
    const { kind, said } = await wait(app, [id]);
    assert.deepEqual([kind, await project().queue.state(id)], ['ended', 'completed']);
    assert.deepEqual(said, [
      'No worker was running: one was started, which ends when nothing is left to do.',
    ]);
    assert.equal((await project().queue.workers())[0]?.temporary, true);
  });

  it('of an agent has a limit of its own, which the config names; a person waits as long as it takes', async () => {
    project().configure(`${CONFIG}defaults: { agent_wait_timeout: 20ms }\n`);
    const id = await running();
    const agent = await project().openAsAgent();
    assert.deepEqual(await wait(agent, [id]).then(({ kind, said }) => [kind, said]), ['limit', []]);
    assert.equal(mayGoOnLater(agent, undefined), true);
    assert.equal(mayGoOnLater(agent, 1), false);
    const person = await project().open();
    assert.equal(mayGoOnLater(person, undefined), false);
    const interrupt = new AbortController();
    const waiting = wait(person, [id], {
      signal: interrupt.signal,
      onProgress: ({ seconds }) => seconds > 0.1 && interrupt.abort(),
    });
    assert.equal((await waiting).kind, 'interrupted');
  });

  it('ends at the limit that its caller names', async () => {
    const id = await running();
    for (const environment of [{}, AS_AGENT]) {
      const end = await wait(await project().open({ environment }), [id], { limit: 0.02 });
      assert.deepEqual([end.kind, 'open' in end && end.open], ['limit', [id]]);
    }
    assert.equal(await project().queue.state(id), 'in_progress');
  });

  it('fails where no server answers, and starts no worker', async () => {
    const [id = ''] = await project().delegate({ prompt: 'Explain.' });
    await assert.rejects(wait(await project().open(), [id]), {
      code: 'runner_unavailable',
      message: /127\.0\.0\.1:1.* It stays queued, and no attempt was used/,
    });
    const record = await project().queue.get(id);
    assert.deepEqual([record?.status, record?.attempts], ['pending', []]);
    assert.deepEqual(await project().queue.workers(), []);
  });

  it('fails in a sandbox where no worker lives, and waits there where one does', async () => {
    const environment = { CODEX_SANDBOX: '1' };
    const [id = ''] = await project().delegate({ prompt: 'Explain.' });
    await assert.rejects(wait(await project().open({ environment }), [id]), {
      code: 'runner_unavailable',
      message: /runs in Codex's sandbox/,
    });
    const taken = await running();
    assert.equal((await wait(await project().open({ environment }), [taken], { limit: 0.02 })).kind, 'limit');
  });

  it('ends saying which task when only one is left that is not due', async () => {
    const notBefore = '2099-01-01T00:00:00.000Z';
    const [parent = ''] = await project().delegate({ ...command, notBefore });
    const [child = ''] = await project().delegate({ ...command, after: [parent] });
    const end = await wait(await project().open(), [child]);
    assert.deepEqual(
      [end.kind, 'why' in end && end.why],
      ['held', `${child} waits for ${parent}, which is not due before ${notBefore}`],
    );
    assert.deepEqual(await project().queue.workers(), []);
  });

  it('is not made for a task that there is not', async () => {
    await assert.rejects(wait(await project().open(), ['task_20990101_000000_000000_aaaa']), {
      code: 'no_such_task',
    });
  });
});
