import assert from 'node:assert/strict';
import { assertNamedTest, namedTest, pageText, tableRows, titlesIn } from './named-tests.ts';

const text = pageText('surroundings.md');

const rowsOf = (page: string): string[][] => tableRows(page, 'what is met');

/** What stands below the heads of koubou's own rules, up to the next part: the rule, and the test that holds it. */
const rulesOf = (page: string): string[][] =>
  page
    .split("\nRules of koubou's own:\n")
    .slice(1)
    .flatMap((after) => (after.split('\n## ')[0] ?? '').trim().split(/\n+/))
    .map((line) => /^- (.+\.) (\S+\.ts: ".+")$/.exec(line)?.slice(1) ?? [line]);

/** Fails unless somebody else met it, and said so in public. */
const assertRow = ([, , source = '', test = '']: readonly string[]): void => {
  assert.match(source, /^<https:\/\/[^\s>]+>(?:, <https:\/\/[^\s>]+>)*$/);
  assertNamedTest(test);
};

const assertRule = ([, test = '']: readonly string[]): void => assertNamedTest(test);

/** Files whose tests all try what is met in the world. */
const COVERED = [
  'test/actions/delegate/bytes.test.ts',
  'test/actions/delegate/programs.test.ts',
  'test/actions/tasks/select.test.ts',
  'test/cli/surroundings.test.ts',
  'test/judge/extract.test.ts',
  'test/text/decode-text.test.ts',
  'test/worker/expected.test.ts',
  'test/worktree/git-as-it-is.test.ts',
  'test/worktree/git-runs.test.ts',
];

const untold = (page: string, file: string): string[] => {
  const cells = [...rowsOf(page).map((row) => row[3]), ...rulesOf(page).map((rule) => rule[1])];
  const named = cells.map((cell = '') => namedTest(cell)).filter((each) => each.file === file);
  return titlesIn(file).filter((title) => !named.some((each) => title.includes(each.title)));
};

describe('the tables of docs/surroundings.md', () => {
  for (const row of rowsOf(text)) {
    it(`have a public source and a test that is there for ${row[0]}`, () => assertRow(row));
  }

  for (const rule of rulesOf(text)) {
    it(`have below them a test that is there for ${rule[0]}`, () => assertRule(rule));
  }

  for (const file of COVERED) {
    it(`have a row or a rule for every test of ${file}`, () => {
      assert.deepEqual(untold(text, file), []);
      assert.notDeepEqual(titlesIn(file), []);
    });
  }

  it('are full', () => {
    for (const row of rowsOf(text)) assert.equal(row.length, 4, row.join(' | '));
    assert.ok(rowsOf(text).length >= 100, String(rowsOf(text).length));
    assert.ok(rulesOf(text).length >= 1);
  });
});

describe('a page of surroundings', () => {
  const held = 'test/actions/tasks/select.test.ts: "by label finds all, oldest first"';
  const page = (source: string, rule: string): string =>
    `| what is met | what koubou does | source | test |\n| --- | --- | --- | --- |\n` +
    `| a label | all | ${source} | ${held} |\n\nRules of koubou's own:\n\n${rule}\n\n## More\n`;
  const fails = (source: string, rule: string): boolean => {
    try {
      for (const row of rowsOf(page(source, rule))) assertRow(row);
      for (const each of rulesOf(page(source, rule))) assertRule(each);
      return false;
    } catch {
      return true;
    }
  };
  const link = '<https://example.org/1>';

  it('may have rows with links, and rules with tests', () => {
    assert.equal(fails(link, `- A rule. ${held}`), false);
    assert.equal(fails(`${link}, ${link}`, `- A rule. ${held}\n- Another one. ${held}`), false);
  });

  it('is refused for a row without a link', () => {
    for (const source of [
      'made here',
      '',
      `${link}, made here`,
      '<http://example.org>',
      'https://example.org',
    ]) {
      assert.equal(fails(source, `- A rule. ${held}`), true, source);
    }
  });

  it('is refused for a rule without a test that is there', () => {
    const rules = [
      '',
      '- A rule.',
      '- A rule. test/actions/tasks/select.test.ts: "is not there"',
      `A rule. ${held}`,
    ];
    for (const rule of [...rules, `- A rule. ${held}\n- Another one.`, `- A rule. ${held}\n\nAnd one more.`])
      assert.equal(fails(link, rule), true, rule);
  });

  it('is refused where neither a row nor a rule names a test', () => {
    const file = 'test/actions/tasks/select.test.ts';
    const without = (title: string): string =>
      text
        .split('\n')
        .filter((line) => !line.includes(title))
        .join('\n');
    assert.deepEqual(untold(without('by label finds all'), file), ['by label finds all, oldest first']);
    const programs = 'test/actions/delegate/programs.test.ts';
    assert.deepEqual(untold(without('are not recorded where it has none'), programs), [
      'are not recorded where it has none',
    ]);
  });
});
