/**
 * Which of all settings that git has hold for koubou's own git. Pure. It is a list of what is let in: those that say how
 * files are read and written without running anything. What is not on it (filters, drivers, hooks, remotes, programs,
 * includes, settings that a later git will know) is left out.
 */

const TRUE = /^(true|yes|on|[1-9]\d*)$/i;
const FALSE = /^(false|no|off|0|)$/i;

/** The value as it is passed on; undefined: it is not. `null`: the setting stands without a value, which means true. */
type Fit = (value: string | null) => string | undefined;

const boolean: Fit = (value) => {
  if (value === null || TRUE.test(value)) return 'true';
  return FALSE.test(value) ? 'false' : undefined;
};

const oneOf =
  (...words: string[]): Fit =>
  (value) => {
    const word = value?.toLowerCase() ?? '';
    return words.includes(word) ? word : undefined;
  };

const ALLOWED: Readonly<Record<string, Fit>> = {
  'core.autocrlf': (value) => oneOf('input')(value) ?? boolean(value),
  'core.eol': oneOf('lf', 'crlf', 'native'),
  'core.filemode': boolean,
  'core.symlinks': boolean,
  'core.precomposeunicode': boolean,
  'core.sparsecheckout': boolean,
  'core.sparsecheckoutcone': boolean,
  'core.sharedrepository': (value) =>
    oneOf('group', 'all', 'world', 'everybody', 'umask')(value) ??
    (/^0?[0-7]{3}$/.test(value ?? '') ? (value ?? undefined) : boolean(value)),
  'extensions.objectformat': oneOf('sha1', 'sha256'),
};

/** `listed`: what `git config --list -z` prints. The last value of a name holds. */
export const allowedSettings = (listed: string): ReadonlyMap<string, string> => {
  const allowed = new Map<string, string>();
  for (const [name, value] of settingsIn(listed)) {
    const fit = Object.hasOwn(ALLOWED, name) ? ALLOWED[name]?.(value) : undefined;
    if (fit !== undefined) allowed.set(name, fit);
  }
  return allowed;
};

/** The absolute path that a setting names a file of rules by. */
export const userFile = (listed: string, name: string, home: string | undefined): string | undefined => {
  const value = settingsIn(listed).findLast(([each]) => each === name)?.[1];
  if (value?.startsWith('~/') && home !== undefined) return `${home}${value.slice(1)}`;
  return value?.startsWith('/') ? value : undefined;
};

const settingsIn = (listed: string): [name: string, value: string | null][] =>
  listed
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const end = entry.indexOf('\n');
      return end < 0 ? [entry, null] : [entry.slice(0, end), entry.slice(end + 1)];
    });

/** As the file `config` of a git folder. */
export const settingsFile = (settings: ReadonlyMap<string, string>): string => {
  const lines = ['[core]', '\trepositoryformatversion = 1', '\tbare = false', '\tlogallrefupdates = false'];
  for (const [name, value] of settings) {
    const [section = '', key = ''] = name.split('.');
    lines.push(`[${section}]`, `\t${key} = ${quoted(value)}`);
  }
  return `${lines.join('\n')}\n`;
};

const quoted = (value: string): string =>
  `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
