import assert from 'node:assert/strict';
import { Slots } from '../../src/worker/pool/slots.ts';

const scaling = { scaleUpAt: 2, idleMs: 30_000 };

describe('the number of slots', () => {
  it('rises by one while more waits than the busy ones bear, up to the most', () => {
    const slots = new Slots({ min: 1, max: 3 }, scaling, 0);
    slots.adjust(0, 100, 0);
    assert.equal(slots.count, 1, 'an idle slot is used first');
    slots.adjust(1, 2, 0);
    assert.equal(slots.count, 1, 'twice the busy ones is not above it');
    slots.adjust(1, 3, 0);
    assert.equal(slots.count, 2);
    slots.adjust(2, 4, 0);
    assert.equal(slots.count, 2);
    slots.adjust(2, 5, 0);
    slots.adjust(3, 100, 0);
    assert.equal(slots.count, 3);
  });

  it('falls when some were idle long enough, never under what is busy or the least', () => {
    const slots = new Slots({ min: 1, max: 5 }, scaling, 0);
    for (const busy of [1, 2, 3]) slots.adjust(busy, 100, 1000);
    assert.equal(slots.count, 4);
    slots.adjust(2, 0, 20_000);
    assert.equal(slots.count, 4, 'not idle for long');
    slots.adjust(2, 0, 31_001);
    assert.equal(slots.count, 2);
    slots.adjust(0, 0, 100_000);
    assert.equal(slots.count, 1);
  });

  it('counts idleness from the last time all were busy', () => {
    const slots = new Slots({ min: 1, max: 2 }, scaling, 0);
    slots.adjust(1, 100, 0);
    slots.adjust(2, 0, 25_000);
    slots.adjust(1, 0, 50_000);
    assert.equal(slots.count, 2);
    slots.adjust(1, 0, 55_001);
    assert.equal(slots.count, 1);
  });

  it('obeys new bounds at once', () => {
    const slots = new Slots({ min: 1, max: 5 }, scaling, 0);
    slots.setBounds({ min: 3, max: 4 });
    assert.equal(slots.count, 3);
    slots.setBounds({ min: 1, max: 2 });
    assert.equal(slots.count, 2);
  });

  it('takes a most below the least as the least', () => {
    assert.equal(new Slots({ min: 4, max: 1 }, scaling, 0).count, 4);
  });
});
