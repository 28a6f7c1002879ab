import assert from 'node:assert/strict';
import stringWidth from 'string-width';
import { fit, plainScreen, type Screen } from '../../../src/cli/render/screen.ts';
import { type Column, renderTable } from '../../../src/cli/render/table.ts';
import { harmless, oneLine } from '../../../src/text/harmless.ts';

const wide = (columns: number): Screen => ({ ...plainScreen(columns), width: stringWidth });

const columns: Column<[string, string, number]>[] = [
  { title: 'ID', cell: ([id]) => id },
  { title: 'TASK', cell: ([, task]) => task, gives: true },
  { title: 'SIZE', cell: ([, , size]) => String(size), right: true },
];

describe('a table', () => {
  it('lines up by what the letters take on the screen, Japanese ones too', () => {
    const lines = renderTable(wide(80), columns, [
      ['abcd', '工房で翻訳する', 5],
      ['efgh', 'translate', 1234],
    ]);
    assert.deepEqual(lines, [
      'ID    TASK            SIZE',
      'abcd  工房で翻訳する     5',
      'efgh  translate       1234',
    ]);
  });

  for (const room of [200, 40, 24, 12, 5]) {
    it(`is never wider than a screen of ${room} columns`, () => {
      const lines = renderTable(wide(room), columns, [
        ['task_20260301_115500_000001_abcd', '工房で翻訳する'.repeat(9), 5],
        ['efgh', 'a long text that has to give way '.repeat(3), 123_456],
      ]);
      for (const line of lines) assert.ok(stringWidth(line) <= room, `${stringWidth(line)}: ${line}`);
    });
  }

  it('shortens the column that gives before any other', () => {
    const [, line] = renderTable(wide(20), columns, [['abcdefgh', 'a long text', 55]]);
    assert.equal(line, 'abcdefgh  a l…    55');
  });

  it('leaves out a column that is empty in every row', () => {
    const [titles] = renderTable(wide(80), columns, [['abcd', '', 5]]);
    assert.equal(titles, 'ID    SIZE');
  });

  it('keeps colours out of the widths', () => {
    const screen: Screen = { ...wide(80), paint: (_, text) => `\u{1b}[31m${text}\u{1b}[39m` };
    const coloured: Column<[string, string, number]>[] = columns.map((column) => ({
      ...column,
      colour: () => 'red',
    }));
    const lines = renderTable(screen, coloured, [['abcd', 'x', 5]]);
    assert.deepEqual(
      lines.map((line) => stringWidth(line)),
      [16, 16],
    );
  });
});

describe('text from outside', () => {
  it('cannot steer the terminal from a line', () => {
    assert.equal(oneLine('a\u{1b}[2J\n\tb\r c\u{0}'), 'a [2J b c');
  });

  it('cannot steer the terminal from a block, and keeps its lines', () => {
    assert.equal(harmless('a\u{1b}[2J\n\tb\r\nc\u{7}'), 'a␛[2J\n\tb\nc␇');
  });

  it('is cut at the end of a letter', () => {
    assert.equal(fit('工房工房', 6, wide(80)), '工房…');
    assert.equal(fit('工房', 4, wide(80)), '工房');
    assert.equal(fit('😀😀😀', 5, wide(80)), '😀😀…');
  });
});
