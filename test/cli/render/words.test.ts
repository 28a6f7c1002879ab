import assert from 'node:assert/strict';
import { relative, span } from '../../../src/cli/render/time.ts';
import { amount, shortNames, shortWorker, stateWord } from '../../../src/cli/render/words.ts';
import fc from '../../support/fast-check.ts';
import { failed, record } from './records.ts';

describe('the short names of tasks', () => {
  const id = (time: string, letters: string) => `task_20260301_${time}_000001_${letters}`;

  it("are the last four letters where those are nobody else's", () => {
    const ids = [id('120000', 'abcd'), id('120001', 'wxyz')];
    assert.deepEqual([...shortNames(ids).values()], ['abcd', 'wxyz']);
  });

  it('are longer where two end alike', () => {
    const ids = [id('120000', 'abcd'), id('120001', 'abcd')];
    assert.deepEqual([...shortNames(ids).values()], ['0_000001_abcd', '1_000001_abcd']);
  });

  it('are longer where the letters are in the time of another', () => {
    const ids = [id('120000', 'abcd'), id('130000', '2026')];
    assert.deepEqual([...shortNames(ids).values()], ['abcd', '1_2026']);
  });

  it('name one task each, whatever the ids', () => {
    const letters = fc.string({ unit: fc.constantFrom('0', '1', '2', 'a'), minLength: 4, maxLength: 4 });
    const time = fc.constantFrom('120000', '120001', '000112');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(time, letters).map(([a, b]) => id(a, b))), (ids) => {
        for (const [full, short] of shortNames(ids)) {
          assert.deepEqual(
            ids.filter((each) => each.includes(short)),
            [full],
          );
          assert.ok(short.length >= 4 && full.endsWith(short));
        }
      }),
    );
  });
});

describe('words of the tables', () => {
  it('say of a pending task what it waits for', () => {
    assert.equal(stateWord(record()), 'pending');
    assert.equal(stateWord(record({ waiting: 'delayed' })), 'delayed');
    assert.equal(stateWord(record({ waiting: 'endpoint' })), 'pending (endpoint down)');
  });

  it('tell a cancelled task from one that failed', () => {
    const task = failed('x');
    assert.equal(stateWord(task), 'failed');
    const error = { code: 'cancelled' as const, message: '', hint: '' };
    assert.equal(stateWord({ ...task, result: task.result && { ...task.result, error } }), 'cancelled');
  });

  it('shorten amounts', () => {
    assert.deepEqual([0, 950, 1234, 12_345, 34_000_000].map(amount), ['0', '950', '1.2k', '12k', '34M']);
  });

  it('call a worker by its label and process', () => {
    assert.equal(shortWorker('my-desk-0123abcd-4711-998877-00ff00ff00ff'), 'my-desk-4711');
    assert.equal(shortWorker('anything'), 'anything');
  });

  it('tell spans of time in two units', () => {
    assert.deepEqual([0.4, 42, 303, 7500, 273_600].map(span), ['0s', '42s', '5m 03s', '2h 05m', '3d 04h']);
  });

  it('tell times as seen from now', () => {
    const now = Date.parse('2026-03-01T12:00:00Z');
    const shown = (seconds: number) => relative(new Date(now + seconds * 1000).toISOString(), now);
    assert.deepEqual([-0.5, -3, -300, -86_400, 7200].map(shown), [
      'now',
      '3s ago',
      '5m ago',
      '1d ago',
      'in 2h',
    ]);
    assert.equal(relative(null, now), '');
  });
});
