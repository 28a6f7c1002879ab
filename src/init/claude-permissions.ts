/** The permissions in .claude/settings.json that let Claude Code hand work over without a question for each call. */

import { readConfigFile } from '../config/load.ts';
import { KoubouError } from '../errors.ts';
import { placeOf, writePlace } from './file-in-folder.ts';

/** Commands that add work and look at it. Not `koubou *`: that would be every command, with all it can start. */
const COMMANDS = ['delegate', 'wait', 'result', 'status', 'list', 'logs', 'diff'];
const ALLOW = COMMANDS.map((command) => `Bash(koubou ${command}:*)`);
/** What must stay on this machine leaves it with what Claude Code reads: each time a person is asked. */
const ASK = ['Bash(koubou * --reveal*)'];
/** Rules of older advice, which allow everything. */
const TOO_WIDE = /^Bash\(koubou\s*(:\*|\*)\)$/;

export interface PermissionsWritten {
  /** False: all of it stood there. */
  wrote: boolean;
  /** Rules that were there and allow more; a person decides about them. */
  tooWide: string[];
}

/** `within`: as placeOf has it. Throws `usage` for a file that is no JSON object, and as placeOf where it leads out. */
export const writeClaudePermissions = async (
  file: string,
  within: string | null,
): Promise<PermissionsWritten> => {
  const target = placeOf(file, within);
  const before = target.facts === undefined ? '' : (readConfigFile(target.place, { whole: true }) ?? '');
  const { text, tooWide } = withPermissions(before, file);
  if (text !== before) await writePlace(target, text);
  return { wrote: text !== before, tooWide };
};

/** The text with the rules in it that are missing; everything else stays as it is. */
const withPermissions = (text: string, file: string): { text: string; tooWide: string[] } => {
  const settings = objectOf(text.trim() === '' ? {} : parsed(text, file), file, 'it');
  const permissions = objectOf(settings['permissions'] ?? {}, file, 'permissions');
  const allow = listOf(permissions['allow'] ?? [], file, 'permissions.allow');
  const ask = listOf(permissions['ask'] ?? [], file, 'permissions.ask');
  const tooWide = allow.filter((rule) => TOO_WIDE.test(rule));
  const missing = [ALLOW, ASK].map((rules, at) => rules.filter((rule) => ![allow, ask][at]?.includes(rule)));
  if (missing.every((rules) => rules.length === 0)) return { text, tooWide };
  const [moreAllow = [], moreAsk = []] = missing;
  const after = {
    ...settings,
    permissions: { ...permissions, allow: [...allow, ...moreAllow], ask: [...ask, ...moreAsk] },
  };
  const indent = /^[{[]\s*\n([ \t]+)/.exec(text)?.[1] ?? '  ';
  return { text: `${JSON.stringify(after, null, indent)}\n`, tooWide };
};

const parsed = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unfit(file, 'it is not JSON', cause);
  }
};

const objectOf = (value: unknown, file: string, what: string): Record<string, unknown> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw unfit(file, `${what} is no object`);
};

const listOf = (value: unknown, file: string, what: string): string[] => {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw unfit(file, `${what} is no list of rules`);
};

const unfit = (file: string, why: string, cause?: unknown): KoubouError =>
  new KoubouError('usage', `${file} is left as it is: ${why}.`, {
    hint: `Mend it and repeat, or add these rules to permissions.allow yourself: ${ALLOW.join(', ')}`,
    cause,
  });
