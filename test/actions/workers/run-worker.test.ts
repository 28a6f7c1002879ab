import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkerApp, runWorker, type WorkerRun } from '../../../src/actions/workers/run-worker.ts';
import type { WorkerEvent } from '../../../src/events.ts';
import { AS_AGENT, projectForEach } from '../../support/app.ts';
import { until } from '../../support/until.ts';

describe('a daemon in this process', () => {
  const project = projectForEach();

  const start = async (
    over: Partial<WorkerRun> = {},
    request: Parameters<ReturnType<typeof project>['request']>[0] = {},
  ) => {
    const app = await openWorkerApp(project().request(request));
    const told: WorkerEvent[] = [];
    let requestStop = (): void => undefined;
    let listening = false;
    const ended = runWorker(app, {
      version: '0.0.0',
      min: undefined,
      max: undefined,
      until: { kind: 'stopped' },
      onStopRequest: (listener) => {
        requestStop = listener;
        listening = true;
        return () => {
          listening = false;
        };
      },
      emit: (event) => told.push(event),
      ...over,
    });
    return { app, told, ended, requestStop: () => requestStop(), isListening: () => listening };
  };
  const drained = { until: { kind: 'drained' } } as const;
  const command = (...words: string[]) => project().delegate({ type: 'command', command: words, retries: 0 });

  it('does what is queued, tells of it in order, and ends', async () => {
    const [id = ''] = await command('echo', 'hi');
    const { told, ended, isListening } = await start(drained);
    const end = await ended;
    assert.deepEqual([end.kind, 'completed' in end && end.completed], ['done', 1]);
    assert.deepEqual(
      told.map(({ event }) => event),
      ['worker_started', 'task_started', 'task_ended', 'worker_stopped'],
    );
    assert.equal((await project().queue.get(id))?.result?.output, 'hi\n');
    assert.deepEqual(await project().queue.workers(), []);
    assert.equal(isListening(), false);
  });

  it('goes by the config of its home, and takes the slots that it is told', async () => {
    project().configure('workers: { min: 2, max: 3 }\nrunners: { command: { kind: command } }\n');
    for (const [over, slots] of [
      [{}, 2],
      [{ min: 3 }, 3],
      [{ max: 1 }, 1],
    ] as const) {
      const { told, ended } = await start({ ...drained, ...over });
      await ended;
      const [first] = told;
      assert.deepEqual(first?.event === 'worker_started' && first.slots, slots, JSON.stringify(over));
    }
  });

  it('ends at a request, and at the second one sends back what runs', async () => {
    const [id = ''] = await command('sleep', '600');
    const { ended, requestStop, told } = await start();
    await until(async () => (await project().queue.state(id)) === 'in_progress', 'the run');
    requestStop();
    requestStop();
    assert.equal((await ended).kind, 'stopped');
    assert.equal(await project().queue.state(id), 'pending');
    assert.ok(told.some((event) => event.event === 'stopping' && event.now));
  });

  it('fails a task whose folder was taken away meanwhile, as a conflict', async () => {
    project().write('sub/a.md', 'a');
    const [id = ''] = await project().delegate({ type: 'command', command: ['true'], cwd: 'sub' });
    renameSync(join(project().folder, 'sub'), join(project().folder, 'gone'));
    await (await start(drained)).ended;
    const { status, result } = (await project().queue.get(id)) ?? {};
    assert.deepEqual([status, result?.error?.code], ['failed', 'conflict'], result?.error?.message);
  });

  it('takes what was dropped into its home, and has a model alone answer it', async () => {
    project().write('.koubou/tasks/pending/ask.md', 'What is it?');
    const { ended, requestStop } = await start();
    const record = await until(async () => (await project().records())[0], 'the task');
    assert.deepEqual(
      [record.prompt, record.created_by, record.answer_only, record.cwd],
      ['What is it?', 'file', true, project().folder],
    );
    requestStop();
    await ended;
  });

  it('knows when its config was changed', async () => {
    const app = await openWorkerApp(project().request());
    assert.equal(app.outdated(), false);
    project().configure(`${readFileSync(join(project().home, 'config', 'agent.yaml'), 'utf8')}\n# changed\n`);
    assert.equal(app.outdated(), true);
  });

  it('is not run in a home that is not this user’s own', async () => {
    const app = await openWorkerApp(project().request());
    project().write('.koubou/home.json', '{}');
    await assert.rejects(start(), { code: 'untrusted_home' });
    assert.equal(app.isTrusted(), false);
  });

  it('tells an agent what became of a task that must stay, and not what was in it', async () => {
    const words = { type: 'command', command: ['sh', '-c', 'echo mine >&2; exit 3'], retries: 0 };
    await project().delegate({ ...words, sensitive: true });
    await project().delegate(words);
    const { told, ended } = await start(drained, { environment: AS_AGENT });
    await ended;
    const messages = told.flatMap((event) =>
      event.event === 'task_ended' ? [event.error?.message ?? ''] : [],
    );
    assert.deepEqual(messages.toSorted(), [
      'not_local (withheld: it must stay on this machine)',
      'sh -c echo mine >&2; exit 3 ended with exit code 3:\nmine',
    ]);
  });
});
