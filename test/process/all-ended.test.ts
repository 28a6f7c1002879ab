import assert from 'node:assert/strict';
import { allEnded } from '../../src/process/all-ended.ts';

describe('what is asked at once', () => {
  it('is answered when all have ended, with the first error in their order', async () => {
    const late = Promise.withResolvers<number>();
    let isAnswered = false;
    const answer = allEnded([
      Promise.resolve('a'),
      late.promise,
      Promise.reject(new Error('second')),
    ]).finally(() => {
      isAnswered = true;
    });
    await new Promise(setImmediate);
    assert.equal(isAnswered, false);
    late.reject(new Error('first'));
    await assert.rejects(answer, /first/);
    assert.deepEqual(await allEnded([Promise.resolve(1), 'b']), [1, 'b']);
  });
});
