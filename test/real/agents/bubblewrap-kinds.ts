/**
 * Codex takes the bubblewrap of the system where there is one on the PATH, and else its own: two kinds of machine, which
 * behave differently. A PATH of a test's own makes each of them anywhere, for any user, with nothing installed.
 */
import { chmodSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codexProgram } from './install.ts';

const OWN = "Codex's own bubblewrap";
const OLDER = "an older system's bubblewrap";
export const NEWER = "a newer system's bubblewrap";
export const KINDS = [OWN, OLDER] as const;
export type Kind = (typeof KINDS)[number] | typeof NEWER;

/** A PATH with all programs of this one, of a machine of that kind; `folder` is made for it. */
export const pathOf = (kind: Kind, folder: string): string => {
  const programs = join(folder, 'programs');
  mkdirSync(programs, { recursive: true });
  const known = new Set(['bwrap']);
  for (const each of (process.env['PATH'] ?? '').split(':').filter((path) => path.startsWith('/'))) {
    for (const name of namesIn(each)) {
      if (known.has(name)) continue;
      known.add(name);
      symlinkSync(join(each, name), join(programs, name));
    }
  }
  if (kind === OWN) return programs;
  const system = join(folder, 'system');
  mkdirSync(system);
  writeFileSync(join(system, 'bwrap'), kind === OLDER ? older(bundled()) : newer(bundled()));
  chmodSync(join(system, 'bwrap'), 0o755);
  return `${system}:${programs}`;
};

/** Up to 0.8, as Debian 12 and Ubuntu 22.04 have it, it cannot name a program: Codex then goes by a link of its own. */
const older = (real: string): string => `#!/bin/sh
case " $* " in
  ' --help ') '${real}' --help | grep -v -e --argv0; exit ;;
  *' --argv0 '*) echo 'bwrap: Unknown option --argv0' >&2; exit 1 ;;
esac
exec '${real}' "$@"
`;

const newer = (real: string): string => `#!/bin/sh\nexec '${real}' "$@"\n`;

/** The one that Codex brings. */
const bundled = (): string => {
  const modules = dirname(dirname(dirname(dirname(realpathSync(codexProgram)))));
  const found = readdirSync(modules, { recursive: true, encoding: 'utf8' }).find((name) =>
    /codex-resources\/bwrap$/.test(name),
  );
  if (found === undefined) throw new Error(`There is no bubblewrap of Codex below ${modules}.`);
  return join(modules, found);
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
