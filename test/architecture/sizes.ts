import { posix } from 'node:path';
import { functionsIn } from './functions.ts';

/** Path below src, with its text. */
type Sources = ReadonlyMap<string, string>;

export const MOST = {
  /** Lines of a file, of half of the files, of half of the commands, and of a function. */
  file: 300,
  medianFile: 70,
  medianCommand: 40,
  function: 60,
  /** Files of its own that a folder holds. */
  folder: 16,
};

/** There the path of a file is the command, so their number is no one's choice. */
const COMMANDS = 'commands';

/** What is larger than it may be, each with its size. */
export function oversized(sources: Sources): string[] {
  const files = [...sources].map(([file, text]) => ({ file, lines: linesOf(text) }));
  const commands = files.filter(({ file }) => file.startsWith(`${COMMANDS}/`));
  const folders = Map.groupBy(sources.keys(), (file) => posix.dirname(file));
  return [
    ...files
      .filter(({ lines }) => lines > MOST.file)
      .map(({ file, lines }) => `${file} has ${lines} lines, and ${MOST.file} are the most`),
    ...medianOver('files', files, MOST.medianFile),
    ...medianOver('commands', commands, MOST.medianCommand),
    ...functionsIn(sources)
      .filter(({ lines }) => lines > MOST.function)
      .map(
        ({ file, line, lines }) =>
          `${file}:${line} is a function of ${lines} lines, and ${MOST.function} are the most`,
      ),
    ...[...folders]
      .filter(([folder, held]) => folder !== COMMANDS && held.length > MOST.folder)
      .map(([folder, held]) => `${folder} holds ${held.length} files, and ${MOST.folder} are the most`),
  ];
}

function medianOver(what: string, files: readonly { lines: number }[], most: number): string[] {
  const median = medianOf(files.map(({ lines }) => lines));
  return median > most
    ? [`half of the ${what} have more than ${median} lines, and ${most} are the most`]
    : [];
}

/** 0 where there are none. */
export function medianOf(numbers: readonly number[]): number {
  const inOrder = numbers.toSorted((a, b) => a - b);
  const middle = inOrder.length / 2;
  const [before = 0, after = 0] = [inOrder[Math.ceil(middle) - 1], inOrder[Math.floor(middle)]];
  return (before + after) / 2;
}

/** As `wc -l` counts them: a text ends with a newline. */
function linesOf(text: string): number {
  return text.split('\n').length - 1;
}
