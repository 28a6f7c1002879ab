import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownHomes, systemHome } from '../../src/names/user-homes.ts';
import { holdsUser } from '../../src/process/homes/key-folders.ts';

describe('the home folders of this user', () => {
  const before = process.env['HOME'];
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-homes-')));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
    if (before === undefined) delete process.env['HOME'];
    else process.env['HOME'] = before;
  });

  it('are those of HOME and of the system, each as it is written and without links', () => {
    mkdirSync(join(root, 'var', 'me', 'project'), { recursive: true });
    symlinkSync('var', join(root, 'home'));
    process.env['HOME'] = join(root, 'home', 'me');
    const homes = ownHomes();
    for (const home of [join(root, 'home', 'me'), join(root, 'var', 'me')])
      assert.ok(homes.includes(home), home);
    if (systemHome() !== '/') assert.ok(homes.includes(systemHome()));
    for (const name of ['var/me', 'var', '.']) assert.equal(holdsUser(join(root, name)), true, name);
    assert.equal(holdsUser(join(root, 'var', 'me', 'project')), false);
    process.env['HOME'] = '/';
    assert.equal(ownHomes().includes('/'), false);
  });
});
