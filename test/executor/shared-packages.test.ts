import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sharedPackages } from '../../src/executor/guarded/shared-packages.ts';

describe('packages that share their files with other projects', () => {
  let root: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-packages-')));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  let files = 0;
  /** A file in the project, with a second name in a store or without. */
  const put = (name: string, { shared }: { shared: boolean }): void => {
    const path = join(root, 'project', name);
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(join(root, 'store'), { recursive: true });
    files += 1;
    const stored = join(root, 'store', `${files}`);
    writeFileSync(stored, '');
    if (shared) linkSync(stored, path);
    else writeFileSync(path, '');
  };
  const held = async (folder: string): Promise<string[]> => {
    const project = join(root, 'project');
    return (await sharedPackages([join(project, folder)]))
      .map((path) => path.slice(project.length + 1))
      .sort();
  };

  it('are none where an installer copied them', async () => {
    put('node_modules/a/index.js', { shared: false });
    put('node_modules/@b/c/index.js', { shared: false });
    assert.deepEqual(await held('node_modules'), []);
  });

  it('are the store within, as pnpm lays them out, and leave caches beside it writable', async () => {
    put('node_modules/.pnpm/lock.yaml', { shared: false });
    put('node_modules/.pnpm/a@1.0.0/node_modules/a/index.js', { shared: true });
    put('node_modules/.cache/x', { shared: false });
    assert.deepEqual(await held('node_modules'), ['node_modules/.pnpm']);
  });

  it('are each package, as bun lays them out', async () => {
    put('node_modules/a/index.js', { shared: true });
    put('node_modules/@b/c/lib/index.js', { shared: true });
    put('node_modules/own/index.js', { shared: false });
    put('node_modules/.vite/x', { shared: false });
    assert.deepEqual(await held('node_modules'), ['node_modules/@b', 'node_modules/a']);
  });

  it('are the whole folder where they are many, and where Python finds its own', async () => {
    for (let nth = 0; nth < 101; nth += 1) put(`node_modules/${nth}/index.js`, { shared: true });
    assert.deepEqual(await held('node_modules'), ['node_modules']);
    put('.venv/lib/python3.13/site-packages/a/__init__.py', { shared: true });
    const site = '.venv/lib/python3.13/site-packages';
    assert.deepEqual(await held(site), [site]);
  });

  it('are found wherever among packages of a store or a scope that were copied', async () => {
    for (let nth = 0; nth < 30; nth += 1) {
      for (let file = 0; file < 9; file += 1) {
        put(`node_modules/.pnpm/${nth}@1.0.0/node_modules/${nth}/${file}.js`, { shared: nth === 17 });
        put(`node_modules/@scope/${nth}/${file}.js`, { shared: nth === 17 });
      }
    }
    assert.deepEqual(await held('node_modules'), ['node_modules/.pnpm', 'node_modules/@scope']);
    put('.venv/site-packages/six.py', { shared: true });
    assert.deepEqual(await held('.venv/site-packages'), ['.venv/site-packages']);
  });

  it('are none in a folder that cannot be read', async () => {
    assert.deepEqual(await held('nowhere'), []);
  });
});
