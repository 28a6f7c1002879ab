import assert from 'node:assert/strict';
import { KoubouError } from '../../src/errors.ts';
import { parseDueTime } from '../../src/task/fields/due-time.ts';

describe('a time after --at', () => {
  const noon = new Date(2026, 4, 10, 12, 0, 0).getTime();
  const local = (...parts: [number, number, number, number?, number?, number?]) =>
    new Date(...parts).getTime();

  const read: [written: string, ms: number][] = [
    ['14:30', local(2026, 4, 10, 14, 30)],
    ['9:05', local(2026, 4, 11, 9, 5)],
    ['12:00', local(2026, 4, 11, 12, 0)],
    ['12:00:01', local(2026, 4, 10, 12, 0, 1)],
    [' 23:59 ', local(2026, 4, 10, 23, 59)],
    ['2026-11-01', local(2026, 10, 1)],
    ['2026-11-01T14:30', local(2026, 10, 1, 14, 30)],
    ['2026-11-01T14:30:00Z', Date.UTC(2026, 10, 1, 14, 30)],
    ['2026-11-01T14:30:00+09:00', Date.UTC(2026, 10, 1, 5, 30)],
    ['1 Nov 2026 14:30', local(2026, 10, 1, 14, 30)],
  ];
  for (const [written, ms] of read) {
    it(`is read from ${JSON.stringify(written)}`, () => assert.equal(parseDueTime(written, noon), ms));
  }

  for (const written of [
    '',
    'soon',
    '10',
    '25:00',
    '12:60',
    '2026-02-30',
    '2026-02-30T10:00',
    '2026-02-30 10:00',
    '30 Feb 2026',
    '2026-13-01',
    'x2026y',
    '-5',
  ]) {
    it(`is not guessed from ${JSON.stringify(written)}`, () => {
      assert.throws(() => parseDueTime(written, noon), KoubouError);
    });
  }

  it('points to --in where a span was meant', () => {
    assert.throws(() => parseDueTime('10m', noon), { hint: 'For a time from now write --in 10m.' });
  });
});
