import assert from 'node:assert/strict';
import { dayOf, IdSource, isTaskId } from '../../src/task/id.ts';
import fc from '../support/fast-check.ts';

const clocks = fc.array(
  fc.oneof(fc.double({ min: -1e7, max: 1e7, noNaN: true }), fc.constantFrom(0, 0.0001, -86_400_000 * 10)),
  { minLength: 1, maxLength: 100 },
);

describe('task ids', () => {
  it('rise strictly and can be read, also when the clock stands still or jumps back', () => {
    fc.assert(
      fc.property(clocks, fc.uint8Array({ minLength: 4, maxLength: 4 }), (jumps, bytes) => {
        let now = Date.parse('2026-06-01T12:00:00Z');
        const ids = new IdSource(
          () => now,
          () => bytes,
        );
        let last = '';
        for (const jump of jumps) {
          now = Math.max(0, now + jump);
          const id = ids.next();
          assert.ok(isTaskId(id), id);
          assert.ok(id > last, `${id} after ${last}`);
          assert.match(dayOf(id), /^\d{4}-\d{2}-\d{2}$/);
          assert.ok(!Number.isNaN(Date.parse(dayOf(id))));
          last = id;
        }
      }),
    );
  });

  it('say when they were made, to the microsecond', () => {
    const ids = new IdSource(
      () => Date.parse('2026-01-02T03:04:05.678Z') + 0.25,
      () => new Uint8Array([0, 1, 31, 255]),
    );
    assert.equal(ids.next(), 'task_20260102_030405_678250_01zz');
    assert.equal(ids.next(), 'task_20260102_030405_678251_01zz');
  });

  it('are nothing that could be a path', () => {
    const wrong = [
      '',
      'task_',
      '../x',
      'task_20260102_030405_678250_01z',
      'task_20260102_030405_678250_01zi',
    ];
    for (const text of wrong) assert.equal(isTaskId(text), false, text);
    for (const tail of ['\n', '/', '.json', ' ', '\0']) {
      assert.equal(isTaskId(`task_20260102_030405_678250_01zz${tail}`), false, JSON.stringify(tail));
    }
  });
});
