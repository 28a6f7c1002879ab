import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const repository = dirname(dirname(import.meta.dirname));
const page = readFileSync(join(repository, 'docs', 'security.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| who |') && !line.startsWith('| --- |'))
  .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '')));

describe('the table of docs/security.md', () => {
  for (const [who = '', controls = '', , , shown = ''] of rows) {
    it(`has a test that is there for ${who} with ${controls}`, () => {
      const [, file = '', title = ''] = /^(\S+\.test\.ts): "(.+)"$/.exec(shown) ?? [];
      assert.notEqual(file, '', shown);
      const path = join(repository, file.includes('/') ? '' : join('test', 'security'), file);
      assert.ok(existsSync(path), path);
      const text = readFileSync(path, 'utf8').replaceAll(/\\'/g, "'");
      assert.ok(text.includes(title), `${file} has no "${title}"`);
    });
  }

  it('has a row for every file of tests there', () => {
    const files = readdirSync(join(repository, 'test', 'security')).filter((name) =>
      name.endsWith('.test.ts'),
    );
    const inTable = files.filter((name) => rows.some((row) => row[4]?.startsWith(name)));
    // What is shipped has two.
    assert.deepEqual(
      files.filter((name) => !inTable.includes(name)),
      ['dependencies.test.ts'],
    );
  });

  it('is full', () => {
    for (const row of rows) assert.equal(row.length, 5, row.join(' | '));
    assert.ok(rows.length >= 30);
  });
});
