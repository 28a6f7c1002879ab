import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { closeRead } from '../../src/names/close-read.ts';

describe('closing a descriptor that was read by', () => {
  it('is told of one that was closed before, as it may be another file by then', () => {
    const descriptor = openSync('/dev/null', 'r');
    closeRead(descriptor);
    assert.throws(() => closeRead(descriptor), { code: 'EBADF' });
  });
});
