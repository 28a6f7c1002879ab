import assert from 'node:assert/strict';
import { assertNamedTest, namedTest, tableRows, titlesIn } from './named-tests.ts';

const rows = tableRows('surroundings.md', 'what is met');

/** Files whose tests all try what is met in the world. */
const COVERED = [
  'test/actions/select.test.ts',
  'test/cli/bytes.test.ts',
  'test/cli/program-path.test.ts',
  'test/cli/surroundings.test.ts',
  'test/judge/extract.test.ts',
  'test/text/decode-text.test.ts',
  'test/worker/expected.test.ts',
  'test/worktree/git-as-it-is.test.ts',
  'test/worktree/git-runs.test.ts',
];

describe('the tables of docs/surroundings.md', () => {
  for (const [met = '', , source = '', test = ''] of rows) {
    it(`have a source and a test that is there for ${met}`, () => {
      assert.match(source, /^(?:made here|<https:\/\/[^\s>]+>(?:, <https:\/\/[^\s>]+>)*)$/);
      assertNamedTest(test);
    });
  }

  for (const file of COVERED) {
    it(`have a row for every test of ${file}`, () => {
      const named = rows.map((row) => namedTest(row[3] ?? '')).filter((each) => each.file === file);
      const without = titlesIn(file).filter((title) => !named.some((each) => title.includes(each.title)));
      assert.deepEqual(without, []);
      assert.notDeepEqual(titlesIn(file), []);
    });
  }

  it('are full', () => {
    for (const row of rows) assert.equal(row.length, 4, row.join(' | '));
    assert.ok(rows.length >= 100, String(rows.length));
  });
});
