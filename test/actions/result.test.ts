import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { readResult, type Slice } from '../../src/actions/tasks/result.ts';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import { failedWith, newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import fc from '../support/fast-check.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { wholeView } from '../support/whole-view.ts';

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
    for await (const piece of (await readResult({ queue, view: wholeView }, id, slice)).chunks())
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
    await readResult({ queue, view: wholeView }, id, {});
    assert.equal(await unread(), false);
  });

  it('is not what a model gave that was refused, but what a program printed', async () => {
    assert.equal((await textOf((await ended('wrong', 'failure')).id)).toString(), '');
    assert.equal((await textOf((await ended('said', 'failure', 'command')).id)).toString(), 'said');
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
