/** Whoever works with a queue, on one that keeps no file and gives no path. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { readLog } from '../../src/actions/tasks/follow-log.ts';
import { readResult, type Slice } from '../../src/actions/tasks/result.ts';
import { errorInfo } from '../../src/errors.ts';
import { asOwner } from '../support/as-caller.ts';
import { budgetOf } from '../support/builders.ts';
import { textFrom } from '../support/text-from.ts';
import { until } from '../support/until.ts';
import { type MemoryRig, makeMemoryRig } from '../support/worker/memory-rig.ts';
import { FakeRunner, failure, gate, untilStopped } from '../support/worker/rig.ts';

describe('a daemon on a queue in memory', () => {
  let rig: MemoryRig;
  beforeEach(() => {
    rig = makeMemoryRig();
  });
  afterEach(() => rig.remove());

  const resultOf = async (id: string, slice: Slice = {}): Promise<string> =>
    textFrom((await readResult({ queue: rig.queue, ...asOwner }, id, slice)).chunks());
  async function* logOf(id: string, follow: boolean): AsyncGenerator<string> {
    const options = { follow, signal: new AbortController().signal };
    for await (const { attempt, bytes } of readLog({ queue: rig.queue, ...asOwner }, id, options))
      yield `${attempt}: ${Buffer.from(bytes).toString()}`;
  }

  it('does a task, and its result and its log are read', async () => {
    const id = await rig.add();
    const end = await rig.drain(
      new FakeRunner((_, { lease: { logPath } }) => {
        appendFileSync(logPath, 'thinking\n');
        return 'one\ntwo\nthree\n';
      }),
    );
    assert.deepEqual([end.kind, 'completed' in end && end.completed], ['done', 1]);
    const { status, result } = await rig.record(id);
    assert.deepEqual([status, result?.output, result?.output_path], ['completed', 'one\ntwo\nthree\n', null]);
    assert.equal(await resultOf(id), 'one\ntwo\nthree\n');
    assert.equal(await resultOf(id, { head: 1 }), 'one\n');
    assert.equal(await resultOf(id, { tail: 2 }), 'two\nthree\n');
    const lines: string[] = [];
    for await (const line of logOf(id, false)) lines.push(line);
    assert.deepEqual(lines, ['1: thinking\n']);
    assert.deepEqual(await rig.queue.list({ unread: true }), []);
  });

  it('shows what a run prints as it comes, from run to run', async () => {
    const { opened, open } = gate();
    const runner = new FakeRunner(async (_, { lease: { logPath } }) => {
      appendFileSync(logPath, `run ${runner.runs.length}\n`);
      if (runner.runs.length === 1) return failure(errorInfo('stalled', 'nothing came'));
      await opened;
      return 'done';
    });
    const id = await rig.add();
    const daemon = rig.start(runner);
    const lines: string[] = [];
    for await (const line of logOf(id, true)) {
      lines.push(line);
      if (line.includes('run 2')) open();
    }
    assert.deepEqual(lines, ['1: run 1\n', '2: run 2\n']);
    assert.equal((await rig.record(id)).status, 'completed');
    daemon.requestStop();
    assert.equal((await daemon.end).kind, 'stopped');
    assert.deepEqual(await rig.queue.workers(), []);
  });

  it('tries again with what was wrong, and hands back with all tries', async () => {
    const step = (runner: string) => ({ runner, staysLocal: true, changesFiles: false });
    const routing = {
      default: { general: 'small', code: 'small', command: 'small' },
      escalation: { steps: [step('small'), step('bigger')], handBack: true },
    };
    const small = new FakeRunner(() => 'a small answer', { name: 'small' });
    const bigger = new FakeRunner(() => 'a large answer', { name: 'bigger' });
    const id = await rig.add({ options: { check: 'echo "not good: $(cat)"; false' } });
    await rig.drain([small, bigger], { routing });
    assert.match(bigger.runs[0]?.feedback ?? '', /not good: a small answer/);
    const text = await resultOf(id);
    for (const words of [
      /## Try 1: small, m\n\nRefused, check_failed: /,
      /It answered \(the answer of attempt 1\):\n\n```\na small answer\n```/,
      /Its log: the log of attempt 1\n/,
      /It answered \(the answer of attempt 2\):\n\n```\na large answer\n```/,
      /Its log: the log of attempt 2\n/,
    ]) {
      assert.match(text, words);
    }
    assert.equal((await rig.record(id)).result?.error?.code, 'handed_back');
    assert.equal(await textFrom(rig.queue.artifacts.read(id, 2, 'refused')), 'a large answer');
  });

  it('ends a run whose end was asked for', async () => {
    const id = await rig.add();
    const daemon = rig.start(new FakeRunner(untilStopped));
    await until(async () => (await rig.queue.state(id)) === 'in_progress', 'the run');
    assert.equal((await rig.queue.cancel(id)).result, 'asked');
    assert.equal((await rig.ended(id)).result?.error?.code, 'cancelled');
    daemon.requestStop();
    await daemon.end;
  });

  it('ends when it was taken for dead, and another one does its task', async () => {
    const id = await rig.add();
    const slow = rig.start(new FakeRunner(untilStopped), { heartbeatSeconds: 0.05 });
    await until(async () => (await rig.queue.state(id)) === 'in_progress', 'the run');
    const worker = rig.home.store.workers.get(slow.member().workerId);
    assert.ok(worker);
    worker.isDead = true;
    await rig.queue.sweep(budgetOf);
    assert.equal((await slow.end).kind, 'fenced');
    await rig.drain(new FakeRunner(() => 'done'));
    const { attempts, result } = await rig.record(id);
    assert.deepEqual(
      attempts.map(({ error, outcome }) => error?.code ?? outcome),
      ['worker_lost', 'success'],
    );
    assert.equal(result?.output, 'done');
  });
});
