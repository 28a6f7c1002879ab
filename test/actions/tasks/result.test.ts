import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { endedRecord, readResult, resultDocument, type Slice } from '../../../src/actions/tasks/result.ts';
import type { View } from '../../../src/app/withhold.ts';
import { errorInfo } from '../../../src/errors.ts';
import { systemClock } from '../../../src/process/clock.ts';
import type { FileQueue } from '../../../src/queue/files/file-queue.ts';
import {
  failedWith,
  newTask,
  noRetries,
  SOME_ID,
  succeeded,
  takeAll,
  taskRecord,
  worker,
} from '../../support/builders.ts';
import fc from '../../support/fast-check.ts';
import { makeHome, type TestHome } from '../../support/queue/home.ts';
import { wholeView } from '../../support/whole-view.ts';

describe('a result', () => {
  let test: TestHome;
  let queue: FileQueue;
  before(async () => {
    test = await makeHome();
    queue = test.open();
  });
  after(() => test.remove());

  const ended = async (
    output: string | Uint8Array,
    how: 'success' | 'failure' = 'success',
    type: 'general' | 'command' = 'general',
  ) => {
    await queue.add([newTask({ type, ...(type === 'command' ? { prompt: '', command: ['x'] } : {}) })]);
    return finished(output, how);
  };
  const finished = async (output: string | Uint8Array, how: 'success' | 'failure' = 'success') => {
    const member = await queue.join(worker());
    const claim = await member.claim(takeAll);
    assert.ok(claim);
    writeFileSync(claim.scratch.outputPath, output);
    const outcome = how === 'success' ? succeeded(claim, member) : failedWith('check_failed', claim, member);
    await member.settle(claim, outcome, noRetries);
    await member.leave();
    return claim;
  };
  const textOf = async (id: string, slice: Slice = {}) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of (
      await readResult({ queue, view: wholeView, clock: systemClock }, id, slice)
    ).chunks())
      pieces.push(piece);
    return Buffer.concat(pieces);
  };

  it('is the bytes of the output as they are', async () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 7) % 256);
    const { id } = await ended(bytes);
    assert.ok((await textOf(id)).equals(bytes));
  });

  it('is taken for read by whoever looked at it', async () => {
    const { id } = await ended('x');
    const unread = async () => (await queue.list({ unread: true })).some(({ task_id }) => task_id === id);
    assert.equal(await unread(), true);
    await readResult({ queue, view: wholeView, clock: systemClock }, id, {});
    assert.equal(await unread(), false);
  });

  it('is not what a model gave that was refused, but what a program printed', async () => {
    assert.equal((await textOf((await ended('wrong', 'failure')).id)).toString(), '');
    assert.equal((await textOf((await ended('said', 'failure', 'command')).id)).toString(), 'said');
  });

  it('as a document has all of the output, or the lines asked for, and other long texts cut', async () => {
    await queue.add([newTask({ prompt: 'p'.repeat(1000), priority: 10 })]);
    const { id } = await finished('1\n2\n'.repeat(20_000));
    const documentOf = async (slice: Slice = {}) =>
      resultDocument(await readResult({ queue, view: wholeView, clock: systemClock }, id, slice));
    const whole = await documentOf();
    assert.deepEqual(
      [whole.result?.output?.length, whole.prompt.length, whole.prompt_bytes, whole.truncated],
      [80_000, 500, 1000, true],
    );
    assert.equal((await documentOf({ tail: 1 })).result?.output, '2\n');
  });

  it('as a document of a task that has not ended says so', async () => {
    const [added] = await queue.add([newTask({ not_before: '2099-01-01T00:00:00.000Z' })]);
    const document = await resultDocument(
      await readResult({ queue, view: wholeView, clock: systemClock }, added?.id ?? '', {}),
    );
    assert.deepEqual([document.status, document.result], ['pending', null]);
  });

  it('is not there of a task that there is not, and is withheld where the task must stay', async () => {
    const gone = endedRecord(
      { queue, view: wholeView, clock: systemClock },
      'task_20990101_000000_000000_aaaa',
    );
    await assert.rejects(gone, { code: 'no_such_task' });
    const { id } = await ended('mine');
    const view: View = { ...wholeView, record: async (record) => ({ ...record, withheld: true }) };
    const { record, chunks } = await readResult({ queue, view, clock: systemClock }, id, {});
    assert.equal(record.withheld, true);
    for await (const _ of chunks()) assert.fail('its bytes were shown');
    const unread = await queue.list({ unread: true });
    assert.ok(
      unread.some(({ task_id }) => task_id === id),
      'what was not shown was not read',
    );
  });

  it('is told once it is known how a task ended that was moved first', async () => {
    const outcomes = ['unknown', 'unknown', 'cancelled'] as const;
    let looks = 0;
    const get = async () => {
      const code = outcomes[Math.min(looks, 2)] ?? 'cancelled';
      looks += 1;
      const result = { success: false, output: null, output_path: null, output_bytes: null, duration: null };
      return taskRecord({ status: 'failed', result: { ...result, error: { ...errorInfo(code, 'x') } } });
    };
    const { result } = await endedRecord({ queue: { get }, view: wholeView, clock: systemClock }, SOME_ID);
    assert.deepEqual([result?.error?.code, looks], ['cancelled', 3]);
  });

  it('has the lines at its head and tail that any list of lines has', async () => {
    const {
      id,
      scratch: { outputPath },
    } = await ended('');
    const line = fc.oneof(fc.constant(''), fc.string({ maxLength: 5 }), fc.constant('長い'.repeat(20_000)));
    const lines = fc.array(
      line.map((text) => text.replaceAll('\n', '')),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(lines, fc.boolean(), fc.nat(9), async (all, newline, count) => {
        const text = all.join('\n') + (newline ? '\n' : '');
        writeFileSync(outputPath, text);
        const whole = readFileSync(outputPath, 'utf8').match(/[^\n]*\n|[^\n]+$/g) ?? [];
        assert.equal((await textOf(id, { head: count })).toString(), whole.slice(0, count).join(''));
        assert.equal(
          (await textOf(id, { tail: count })).toString(),
          count === 0 ? '' : whole.slice(-count).join(''),
        );
      }),
      { numRuns: 60 },
    );
  });
});
