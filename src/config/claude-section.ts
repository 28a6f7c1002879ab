/** The section of a CLAUDE.md that tells Claude Code how to delegate. */
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readConfigFile } from './load.ts';
import { templatesFolder } from './paths.ts';
import { writeAtomic } from './write-atomic.ts';

const BEGIN =
  '<!-- koubou:begin, written by `koubou init --claude`, which replaces what stands up to koubou:end -->';
const END = '<!-- koubou:end -->';

/** The text of `file` with the section in it: in place of an earlier one, else at its end. Pure. */
const withSection = (text: string, section: string): string => {
  const block = `${BEGIN}\n${section.trim()}\n${END}`;
  const start = text.indexOf('<!-- koubou:begin');
  const end = text.indexOf(END, start);
  if (start !== -1 && end !== -1) return text.slice(0, start) + block + text.slice(end + END.length);
  const before = text.trimEnd();
  return before === '' ? `${block}\n` : `${before}\n\n${block}\n`;
};

/** Puts the section into `file` (a CLAUDE.md), making it where it is missing. False: it was there already. */
export const writeClaudeSection = async (file: string): Promise<boolean> => {
  const section = await readFile(join(templatesFolder(), 'claude.md'), 'utf8');
  // CLAUDE.md is often a link to another agent's file: the link stays.
  const target = await realpath(file).catch(() => file);
  const before = await current(target);
  const after = withSection(before.text, section);
  if (after === before.text) return false;
  await mkdir(dirname(target), { recursive: true });
  await writeAtomic(target, after, { mode: before.mode, durable: true });
  return true;
};

const current = async (file: string): Promise<{ text: string; mode: number }> => {
  const text = readConfigFile(file);
  return text === undefined ? { text: '', mode: 0o644 } : { text, mode: (await stat(file)).mode & 0o777 };
};
