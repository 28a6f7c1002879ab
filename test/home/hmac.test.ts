import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { hmac, isEqual } from '../../src/home/hmac.ts';
import { makeSeal, type Seal } from '../../src/home/seal.ts';
import fc from '../support/fast-check.ts';

const bytes = (max: number) => fc.uint8Array({ maxLength: max });

describe('the MAC of homes and tasks', () => {
  it('is HMAC-SHA256 as node:crypto has it, also at every border of a block', () => {
    const agrees = (key: Uint8Array, message: Uint8Array): void =>
      assert.deepEqual(Buffer.from(hmac(key, message)), createHmac('sha256', key).update(message).digest());
    fc.assert(fc.property(bytes(80), bytes(6000), agrees));
    for (let length = 0; length < 200; length += 1)
      agrees(new Uint8Array(32).fill(7), new Uint8Array(length).fill(0xa5));
    // RFC 4231, case 2.
    const known = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    assert.equal(
      Buffer.from(hmac(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?'))).toString('hex'),
      known,
    );
  });

  it('is compared whole', () => {
    fc.assert(
      fc.property(bytes(40), bytes(40), (one, other) =>
        assert.equal(isEqual(one, other), Buffer.from(one).equals(Buffer.from(other))),
      ),
    );
  });

  it('covers every byte of a task and the home that it is in', () => {
    const sealOfHome = (id: string): Seal => makeSeal(new Uint8Array(32), id, '/state');
    const [seal, elsewhere] = [sealOfHome('a'), sealOfHome('b')];
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (more, at, by) => {
          const sealed = Buffer.from(seal.seal(JSON.stringify({ ...more, task_id: 't' })));
          assert.equal(JSON.parse(sealed.toString()).task_id, 't');
          assert.equal(seal.isSealed(sealed), true);
          assert.equal(elsewhere.isSealed(sealed), false);
          const changed = Buffer.from(sealed);
          const place = at % changed.length;
          changed[place] = (changed[place] as number) ^ by;
          assert.equal(seal.isSealed(changed), false);
          assert.equal(seal.isSealed(Buffer.concat([sealed, Buffer.from('\n')])), false);
          assert.equal(seal.isSealed(sealed.subarray(0, -1)), false);
        },
      ),
    );
  });
});
