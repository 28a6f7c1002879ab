/** What a text is drawn on. Pure: the terminal is looked at in cli/show/live-screen.ts. */

export type Colour = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

export interface Screen {
  /** Nothing is drawn wider than this. */
  columns: number;
  paint: (colour: Colour, text: string) => string;
  /** Columns that a text takes; Japanese letters take two. */
  width: (text: string) => number;
}

/** Without a terminal: no colours. `width` is right for ASCII. */
export const plainScreen = (columns = 120): Screen => ({
  columns,
  paint: (_, text) => text,
  width: (text) => text.length,
});

/** The text, or as much of its beginning as fits in `columns`, ending in an ellipsis. */
export const fit = (text: string, columns: number, { width }: Pick<Screen, 'width'>): string => {
  if (text.length * 2 <= columns || width(text) <= columns) return text;
  let kept = '';
  let taken = 0;
  for (const letter of text) {
    taken += width(letter);
    if (taken > columns - 1) break;
    kept += letter;
  }
  return columns < 1 ? '' : `${kept.trimEnd()}…`;
};
