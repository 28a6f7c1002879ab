/**
 * A user's own settings for Codex, config/codex.toml, which become the config.toml of a run. Pure. Only the lines are
 * taken apart here; what a value means is Codex's own matter.
 */

import { KoubouError } from '../../errors.ts';
import { toml } from '../../executor/codex/profile.ts';

/** What koubou says itself, and why nobody else may: where the work goes, and what it may touch. */
const OURS = [
  'model',
  'model_provider',
  'model_providers',
  'model_instructions_file',
  'sandbox_mode',
  'sandbox_workspace_write',
  'permissions',
  'default_permissions',
  'approval_policy',
  'web_search',
  'profile',
  'profiles',
  'projects',
];

/**
 * config.toml of a run: the user's own settings as they are written, and that Codex must not trust the folder it works
 * in. In a folder that is trusted, the `.codex/config.toml` of whoever made it starts programs and names servers.
 */
export const codexConfig = (text: string, untrusted: readonly string[]): string =>
  [text, ...untrusted.map((path) => `[projects.${toml(path)}]\ntrust_level = "untrusted"`)]
    .filter((part) => part !== '')
    .map((part) => `${part.trimEnd()}\n`)
    .join('\n');

/** Throws KoubouError `usage` that names the line. */
export const requireSettings = (text: string, file: string): void => {
  const lines = text.split(/\r?\n/);
  let table = '';
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]?.trim() ?? '';
    const fault = (what: string, hint: string): KoubouError =>
      new KoubouError('usage', `${file}, line ${at + 1}: ${what}`, { hint });
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      const named = /^\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/.exec(line)?.[1];
      if (named === undefined) throw fault(`"${line}" is no table.`, 'Tables are written [name].');
      table = `${named}.`;
      continue;
    }
    const [, key, start] =
      /^((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === undefined || start === undefined) {
      throw fault(`"${line}" is no setting.`, 'Settings are written name = value.');
    }
    const whole = `${table}${key}`;
    const first = whole.split('.')[0]?.replaceAll(/["'\s]/g, '') ?? '';
    if (OURS.includes(first)) {
      throw fault(
        `${first} is decided by koubou.`,
        'Set model, endpoint and sandbox of the runner in config/agent.yaml.',
      );
    }
    let value = start;
    const from = at;
    while (isOpen(value)) {
      at += 1;
      const next = lines[at];
      if (next === undefined) {
        at = from;
        throw fault(`the value of ${key} does not end.`, 'A bracket or a quotation mark is missing.');
      }
      value += `\n${next}`;
    }
  }
};

/** Whether a list, a table or a text of several lines goes on. */
const isOpen = (value: string): boolean => {
  const plain = value
    .replaceAll(/"""(?:\\[\s\S]|(?!""")[\s\S])*"""|'''[\s\S]*?'''/g, '0')
    .replaceAll(/"(?:\\.|[^"\\\n])*"|'[^'\n]*'/g, (found) => (found === '""' || found === "''" ? found : '0'))
    .replaceAll(/#.*$/gm, '');
  if (/"""|'''/.test(plain)) return true;
  const count = (pattern: RegExp): number => plain.match(pattern)?.length ?? 0;
  return count(/[[{]/g) > count(/[\]}]/g);
};
