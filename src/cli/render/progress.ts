/** One line that says how far many tasks are. Pure. */
import type { WaitProgress } from '../../actions/wait/wait.ts';
import type { Colour } from './screen.ts';
import { span } from './time.ts';

const MOST_CELLS = 40;
const FEWEST_CELLS = 8;

export const renderProgress = (
  { total, ended, failed, running, seconds }: WaitProgress,
  columns: number,
  paint: (colour: Colour, text: string) => string,
): string => {
  const facts = [
    `${ended}/${total}`,
    failed > 0 ? `${failed} failed` : '',
    running > 0 ? `${running} running` : '',
    span(seconds),
  ].filter((fact) => fact !== '');
  const words = facts.join('  ');
  // The last column stays free: some terminals begin a new line when it is taken.
  const cells = Math.min(MOST_CELLS, columns - 1 - words.length - 4);
  if (cells < FEWEST_CELLS) return words.slice(0, Math.max(0, columns - 1));
  const full = total === 0 ? cells : Math.floor((ended / total) * cells);
  const bar = `${paint('green', '#'.repeat(full))}${paint('dim', '.'.repeat(cells - full))}`;
  return `[${bar}]  ${failed > 0 ? words.replace(/\d+ failed/, (text) => paint('red', text)) : words}`;
};
