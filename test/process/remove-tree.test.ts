import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from '../../src/process/remove-tree.ts';

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
    const module = new URL('../../src/process/remove-tree.ts', import.meta.url).href;
    const node = [process.execPath, '--input-type=module', '-e', SCRIPT, module, root];
    // Rights are nothing to root.
    const other = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : ['env'];
    const run = (words: readonly string[]) => {
      const [command = '', ...args] = [...other, ...words];
      return spawnSync(command, args, { encoding: 'utf8' });
    };
    // Another user cannot read what lies in root's own folder.
    if (run(['test', '-r', fileURLToPath(module), '-a', '-x', process.execPath]).status !== 0) this.skip();
    const { status, stderr } = run(node);
    assert.equal(status, 0, stderr);
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
});
