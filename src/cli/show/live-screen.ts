/** The terminal that stdout is, or the lack of one. Looked at lazily: most of it costs more than a command. */
import { fstatSync } from 'node:fs';
import { openPainter } from '../drawn.ts';
import { plainScreen, type Screen } from '../render/screen.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Whether somebody sits before stdout. A pipe and a file are told without loading Node's sockets. */
export const isTerminal = async (): Promise<boolean> => {
  try {
    if (!fstatSync(1).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  const { isatty } = await import('node:tty');
  return isatty(1);
};

/**
 * The screen for a text made of `sample` (anything that holds all its letters). Colours only on a terminal,
 * and never with NO_COLOR or TERM=dumb.
 */
export const openScreen = async (environment: Variables, sample: unknown): Promise<Screen> => {
  const terminal = await isTerminal();
  const columns = terminal ? process.stdout.columns || 80 : Number(environment['COLUMNS']) || 120;
  const colours = terminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  return {
    ...plainScreen(columns),
    ...(colours ? { paint: await openPainter() } : {}),
    ...(/[^\x20-\x7e]/.test(JSON.stringify(sample)) ? { width: await wideLetters() } : {}),
  };
};

const wideLetters = async (): Promise<Screen['width']> => (await import('string-width')).default;
