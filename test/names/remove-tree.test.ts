import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../../src/names/remove-tree.ts';
import { asOtherUser } from '../support/other-user.ts';

const { promises } = fs;

describe('what a program left', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'koubou-remove-'));
    chmodSync(root, 0o777);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const SCRIPT = `
    const fs = await import('node:fs');
    const { removeTree } = await import(process.argv[1]);
    const root = process.argv[2];
    fs.mkdirSync(root + '/left/a/b', { recursive: true });
    fs.writeFileSync(root + '/left/a/b/file', '');
    fs.symlinkSync(root + '/mine', root + '/left/link');
    fs.chmodSync(root + '/left/a/b', 0);
    fs.chmodSync(root + '/left/a', 0o500);
    await removeTree(root + '/left');
  `;

  it('is removed whatever rights its folders have, and nothing that a link in it leads to', function () {
    mkdirSync(join(root, 'mine'));
    writeFileSync(join(root, 'mine', 'file'), '');
    const ended = asOtherUser(SCRIPT, 'names/remove-tree.ts', root);
    if (ended === undefined) this.skip();
    assert.equal(ended?.status, 0, ended?.stderr);
    assert.deepEqual(readdirSync(root), ['mine']);
    assert.deepEqual(readdirSync(join(root, 'mine')), ['file']);
  });

  it('may be gone, or a link', async () => {
    await removeTree(join(root, 'none'));
    mkdirSync(join(root, 'mine'));
    symlinkSync(join(root, 'mine'), join(root, 'link'));
    await removeTree(join(root, 'link'));
    assert.ok(existsSync(join(root, 'mine')));
    assert.ok(!existsSync(join(root, 'link')));
  });

  it('is removed whatever its names are, and however deep it is', async () => {
    const top = join(root, 'left');
    const odd = Buffer.concat([Buffer.from(`${top}/`), Buffer.from([0xff, 0x0a])]);
    mkdirSync(odd, { recursive: true });
    writeFileSync(Buffer.concat([odd, Buffer.from('/x')]), '');
    // Deeper than any path leads.
    const script = `import os, sys
os.chdir(sys.argv[1])
for n in range(3000):
    os.mkdir('deep'); open('file', 'w').close(); os.chdir('deep')`;
    const { status, stderr } = spawnSync('python3', ['-c', script, top], { encoding: 'utf8' });
    if (status === null)
      mkdirSync(join(top, ...Array.from({ length: 400 }, () => 'deep')), { recursive: true });
    else assert.equal(status, 0, stderr);
    await removeTree(top);
    assert.deepEqual(readdirSync(root), []);
  });

  for (const moment of ['before it is opened', 'while it is emptied'] as const) {
    it(`leads to nothing outside by a folder that becomes a link ${moment}`, async () => {
      const [top, mine] = [join(root, 'left'), join(root, 'mine')];
      for (const folder of [join(top, 'sub'), mine]) {
        mkdirSync(folder, { recursive: true });
        for (const name of ['a', 'b']) writeFileSync(join(folder, name), '');
      }
      const { readdir } = promises;
      let isDone = false;
      // The outer one is listed before the inner one is opened.
      const at = moment === 'before it is opened' ? 1 : 2;
      let listed = 0;
      const exchanged = async (...args: Parameters<typeof readdir>): Promise<unknown> => {
        const names = await readdir(...args);
        listed += 1;
        if (listed === at) {
          renameSync(join(top, 'sub'), join(root, 'away'));
          symlinkSync(mine, join(top, 'sub'));
          isDone = true;
        }
        return names;
      };
      Object.assign(promises, { readdir: exchanged });
      syncBuiltinESMExports();
      try {
        await removeTree(top);
      } finally {
        Object.assign(promises, { readdir });
        syncBuiltinESMExports();
      }
      assert.ok(isDone);
      assert.deepEqual(readdirSync(mine).sort(), ['a', 'b']);
      assert.equal(existsSync(top), false);
    });
  }

  it('is not reached by a link on its way, where that is not the user’s own', async () => {
    mkdirSync(join(root, 'mine/left'), { recursive: true });
    symlinkSync('mine', join(root, 'link'));
    await assert.rejects(removeTree(join(root, 'link/left'), { from: root }), { code: 'ENOTDIR' });
    assert.ok(existsSync(join(root, 'mine/left')));
    await removeTree(join(root, 'link/left'));
    assert.ok(!existsSync(join(root, 'mine/left')));
  });
});
