import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assertNamedTest, pageText, repository, tableRows } from './named-tests.ts';

const folder = join('test', 'security');
const rows = tableRows(pageText('security.md'), 'who');

describe('the table of docs/security.md', () => {
  for (const [who = '', controls = '', , , shown = ''] of rows) {
    it(`has a test that is there for ${who} with ${controls}`, () => assertNamedTest(shown, folder));
  }

  it('has a row for every file of tests there', () => {
    const files = readdirSync(join(repository, folder)).filter((name) => name.endsWith('.test.ts'));
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
