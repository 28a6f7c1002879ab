import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const src = join(import.meta.dirname, '../../src');
/** Node's own removal goes by names, and whoever works in there can turn a folder round meanwhile. */
const BY_NAME = /\brm\([^;]*?recursive: true/;
const MAY = ['names/remove-tree.ts'];

const offenders = (sources: ReadonlyMap<string, string>): string[] =>
  [...sources].filter(([name, text]) => !MAY.includes(name) && BY_NAME.test(text)).map(([name]) => name);

describe('a folder with all in it', () => {
  it('is removed by one file', () => {
    const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    assert.deepEqual(
      offenders(new Map(names.map((name) => [name, readFileSync(join(src, name), 'utf8')]))),
      [],
    );
  });

  it('would be told of where another one does so', () => {
    const text = 'await rm(path, { force: true, recursive: true });';
    assert.deepEqual(offenders(new Map([['worktree/x.ts', text]])), ['worktree/x.ts']);
  });
});
