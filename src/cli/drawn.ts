/**
 * What koubou draws (colours, going back over lines), told from the words beside it. A sequence in a text stands between
 * marks of this process, which nobody who wrote those words can have known: by its form it could be anybody's.
 */
import type { Colour } from './render/screen.ts';

const MARK = `\0${Math.random()}${process.hrtime.bigint()}${Math.random()}\0`;

/** For output.ts, which alone makes a sequence of it. */
const drawn = (sequence: string): string => `${MARK}${sequence}${MARK}`;

/** Back to the beginning of the line, which is emptied. */
export const lineAgain = (): string => drawn('\r\u001b[K');

/** Up to the beginning of a line drawn before; all below is emptied. */
export const linesAgain = (lines: number): string => drawn(`${lines > 0 ? `\u001b[${lines}F` : ''}\u001b[J`);

/** Paints each line of a text by itself. */
export const openPainter = async (): Promise<(colour: Colour, text: string) => string> => {
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return (colour, text) => {
    const [begin = '', end = ''] = chalk[colour]('.').split('.');
    const paint = (line: string): string => (line === '' ? '' : `${drawn(begin)}${line}${drawn(end)}`);
    return text.split('\n').map(paint).join('\n');
  };
};

export const partsOf = (text: string): { sequence?: string; shown: string }[] =>
  text.split(MARK).map((part, at) => (at % 2 === 1 ? { sequence: part, shown: '' } : { shown: part }));
