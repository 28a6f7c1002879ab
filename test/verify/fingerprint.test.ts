import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '../../src/verify/fingerprint.ts';

describe('a fingerprint of what stands at a path', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'koubou-fingerprint-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('changes with what a link leads to', async () => {
    writeFileSync(join(folder, 'a'), 'one');
    symlinkSync('a', join(folder, 'link'));
    const before = await fingerprint(join(folder, 'link'));
    assert.equal(await fingerprint(join(folder, 'link')), before);
    writeFileSync(join(folder, 'a'), 'two');
    assert.notEqual(await fingerprint(join(folder, 'link')), before);
  });

  it('waits at no file of the kernel that a link leads to', async function () {
    if (process.platform !== 'linux') this.skip();
    // Reading it waits for the next message of the kernel.
    symlinkSync('/proc/kmsg', join(folder, 'kernel'));
    symlinkSync('/proc', join(folder, 'all'));
    const [one, other] = await Promise.all(['kernel', 'all'].map((name) => fingerprint(join(folder, name))));
    assert.notEqual(one, other);
  }).timeout(5000);
});
