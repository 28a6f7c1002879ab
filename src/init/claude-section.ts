/** The section of a CLAUDE.md that tells Claude Code how to delegate. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfigFile } from '../config/load.ts';
import { templatesFolder } from '../config/paths.ts';
import { placeOf, writePlace } from './file-in-folder.ts';

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

/**
 * Puts the section into `file` (a CLAUDE.md), making it where it is missing. False: it was there already. Often it is a
 * link to another agent's file: the link stays. Throws `conflict` where it leads out of `within`, as `placeOf` has it.
 */
export const writeClaudeSection = async (file: string, within: string | null): Promise<boolean> => {
  const section = await readFile(join(templatesFolder(), 'claude.md'), 'utf8');
  const target = placeOf(file, within);
  const before = target.facts === undefined ? '' : (readConfigFile(target.place, { whole: true }) ?? '');
  const after = withSection(before, section);
  if (after === before) return false;
  await writePlace(target, after);
  return true;
};
