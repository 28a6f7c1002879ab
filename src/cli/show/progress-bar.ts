import type { WaitProgress } from '../../actions/wait/wait.ts';
import { lineAgain, openPainter } from '../drawn.ts';
import { writeDrawn } from '../output.ts';
import { renderProgress } from '../render/progress.ts';
import type { Colour } from '../render/screen.ts';

/** A line on stderr that is drawn over itself. Does nothing without a terminal there. */
export interface ProgressBar {
  show(progress: WaitProgress): void;
  /** Takes the line away, so that text can follow. */
  clear(): void;
}

const NO_BAR: ProgressBar = { show: () => {}, clear: () => {} };

export async function openProgressBar(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ProgressBar> {
  const { isatty } = await import('node:tty');
  if (!isatty(2) || environment['TERM'] === 'dumb') return NO_BAR;
  const paint = environment['NO_COLOR'] ? (_: Colour, text: string) => text : await openPainter();
  let shown = '';
  const draw = (line: string) => {
    if (line === shown) return;
    shown = line;
    // Nobody waits for a bar, and one that cannot be drawn fails nothing.
    writeDrawn('stderr', `${lineAgain()}${line}`).catch(() => {});
  };
  return {
    show: (progress) => draw(renderProgress(progress, process.stderr.columns || 80, paint)),
    clear: () => draw(''),
  };
}
