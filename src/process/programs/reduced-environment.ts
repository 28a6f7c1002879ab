/**
 * The environment a child gets. An agent hands its own on to every command a model thinks of, so a child
 * never sees the daemon's whole environment (keys, tokens), only what a program needs to work.
 */

const KEPT = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'LANG', 'TZ', 'NO_COLOR']);

/** Not a terminal: programs must not send colours and cursor movements into a log. */
const TERM = 'dumb';

/**
 * The part of `environment` that a child may see: PATH, HOME, the locale and the like, the variables named
 * in `pass`, and `extra` as it stands. KOUBOU_* reach a child only through `extra`: inherited ones would
 * make a koubou inside the child speak for the wrong task. Pure.
 */
export const reducedEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
  pass: readonly string[] = [],
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> => {
  const passed = new Set(pass);
  const reduced: Record<string, string> = { TERM };
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (KEPT.has(name) || name.startsWith('LC_') || passed.has(name)) reduced[name] = value;
  }
  return { ...reduced, ...extra };
};
