/** Shows something again and again: in place on a terminal, else a block or a line of JSON at each change. */
import type { AnyDocument } from '../../actions/documents.ts';
import type { App } from '../../app/app.ts';
import { jsonLine } from '../../text/harmless.ts';
import type { BaseCommand } from '../base-command.ts';
import { linesAgain } from '../drawn.ts';
import { writeDrawn } from '../output.ts';
import { untilInterrupt } from './interrupt.ts';
import { isTerminal } from './live-screen.ts';

export interface View {
  /** Equal for two views between which only time passed. */
  signature: string;
  /** Nothing can change any more. */
  last: boolean;
  json: AnyDocument;
  draw: (nowMs: number) => Promise<string>;
}

const EVERY_MS = 500;

/** Until Ctrl-C, or after a last view. */
export const watchInTerminal = async (
  command: Pick<BaseCommand, 'exitWith'>,
  { clock }: Pick<App, 'clock'>,
  look: () => Promise<View>,
  json: boolean,
): Promise<void> => {
  const signal = untilInterrupt();
  await watchView(look, { json, signal, clock });
  if (signal.aborted) command.exitWith(Number(signal.reason));
};

/** Returns after a last view, or when `signal` aborts. */
const watchView = async (
  look: () => Promise<View>,
  { json, signal, clock }: { json: boolean; signal: AbortSignal } & Pick<App, 'clock'>,
): Promise<void> => {
  const terminal = !json && (await isTerminal());
  let before: string | undefined;
  let lines = 0;
  while (!signal.aborted) {
    const view = await look();
    if (terminal) {
      const shown = firstLines(await view.draw(clock.wallMs()), (process.stdout.rows || 24) - 1);
      await writeDrawn('stdout', `${linesAgain(lines)}${shown.join('\n')}\n`);
      lines = shown.length;
    } else if (view.signature !== before) {
      const text = json ? jsonLine(view.json) : await view.draw(clock.wallMs());
      await writeDrawn('stdout', `${json || before === undefined ? '' : '\n'}${text}\n`);
    }
    before = view.signature;
    if (view.last) return;
    await clock.sleep(EVERY_MS, signal);
  }
};

// What scrolled out of the terminal could not be drawn over.
const firstLines = (text: string, most: number): string[] => text.split('\n').slice(0, Math.max(1, most));
