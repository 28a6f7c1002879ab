/** Rows in columns that line up by what the letters take on the screen. Pure. */

import { oneLine } from '../../text/harmless.ts';
import { type Colour, fit, type Screen } from './screen.ts';

export interface Column<Row> {
  title: string;
  cell: (row: Row) => string;
  colour?: (row: Row) => Colour | undefined;
  /** Numbers line up at their end. */
  right?: boolean;
  /** Gives way first where the screen is too narrow. */
  gives?: boolean;
}

const GAP = '  ';
const LEAST = 4;

/** The titles and a line a row; columns that are empty in every row are left out. */
export const renderTable = <Row>(
  screen: Screen,
  all: readonly Column<Row>[],
  rows: readonly Row[],
): string[] => {
  const columns = all
    .map((column) => ({ ...column, cells: rows.map((row) => oneLine(column.cell(row))) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const widths = fitting(
    columns.map(({ title, cells }) =>
      cells.reduce((most, cell) => Math.max(most, screen.width(cell)), screen.width(title)),
    ),
    columns.map(({ gives }) => gives === true),
    screen.columns,
  );
  const line = (texts: readonly string[], colours: readonly (Colour | undefined)[]): string =>
    widths
      .map((width, index) => {
        const text = fit(texts[index] ?? '', width, screen);
        const space = ' '.repeat(Math.max(0, width - screen.width(text)));
        const colour = colours[index];
        const painted = colour === undefined || text === '' ? text : screen.paint(colour, text);
        if (columns[index]?.right) return space + painted;
        return index === widths.length - 1 ? painted : painted + space;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title),
      columns.map(() => 'dim'),
    ),
    ...rows.map((row, at) =>
      line(
        columns.map(({ cells }) => cells[at] ?? ''),
        columns.map(({ colour }) => colour?.(row)),
      ),
    ),
  ];
};

/** Narrower columns where they do not fit, and fewer where even that is too wide. */
const fitting = (wanted: readonly number[], gives: readonly boolean[], room: number): number[] => {
  const widths = [...wanted];
  const over = (): number =>
    widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - room;
  for (const index of widths.keys()) {
    if (gives[index] && over() > 0) widths[index] = Math.max(LEAST, (widths[index] ?? 0) - over());
  }
  while (over() > 0) {
    const widest = Math.max(...widths);
    if (widest > LEAST) widths[widths.indexOf(widest)] = Math.max(LEAST, widest - over());
    else if (widths.length > 1) widths.pop();
    else return [room];
  }
  return widths;
};
