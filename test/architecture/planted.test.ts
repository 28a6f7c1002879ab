import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

const repository = join(import.meta.dirname, '../..');
const src = join(repository, 'src');

const HERE = 'test/architecture/planted.test.ts';

interface Planted {
  where: string;
  file: string;
  from: string;
}

/** What is written as an edit of support/mutants/source.ts: `{ file, from, to }`. What is only known when it runs is left out. */
const FAULT = /\bfile: '([^'\n]+)',\s*from:\s*([\s\S]{1,900}?),\s*to:/g;

const plantedIn = (name: string, source: string): Planted[] =>
  [...source.matchAll(FAULT)].flatMap(([, file = '', written = '']) => {
    try {
      const from: unknown = runInNewContext(written);
      return typeof from === 'string' ? [{ where: name, file, from }] : [];
    } catch {
      return [];
    }
  });

const missing = (planted: readonly Planted[], read: (file: string) => string): string[] =>
  planted.flatMap(({ where, file, from }) => {
    const times = read(file).split(from).length - 1;
    return times === 1 ? [] : [`${where}: src/${file} has ${times} times: ${from}`];
  });

const readSource = (file: string): string => {
  try {
    return readFileSync(join(src, file), 'utf8');
  } catch {
    return '';
  }
};

describe('a fault that a test plants', () => {
  it('names text that is there, also where only the exhaustive tests plant it', () => {
    const names = ['test', 'reliability']
      .flatMap((folder) =>
        readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(folder, name),
        ),
      )
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules') && name !== HERE);
    const planted = names.flatMap((name) => plantedIn(name, readFileSync(join(repository, name), 'utf8')));
    assert.ok(planted.length > 60, String(planted.length));
    assert.deepEqual(missing(planted, readSource), []);
  });

  it('would be told of where the text has moved, or stands twice', () => {
    const planted = plantedIn('x.ts', "const fault = { file: 'a.ts', from: 'one ' + `two`, to: '' };");
    assert.deepEqual(planted, [{ where: 'x.ts', file: 'a.ts', from: 'one two' }]);
    for (const text of ['one', 'one two, one two']) assert.equal(missing(planted, () => text).length, 1);
    assert.deepEqual(
      missing(planted, () => 'one two'),
      [],
    );
  });
});
