/** Looks a program up as the system would, so that its absence can be said in words before anything starts. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';
import { asTyped } from '../../say/shell-quote.ts';

const DEFAULT_PATH = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/** Where every system has its own programs, NixOS too; nobody but root writes there. */
export const SYSTEM_PATH = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/run/current-system/sw/bin'].join(
  delimiter,
);

type Found = 'executable' | 'not executable' | 'missing';

const look = async (path: string): Promise<Found> => {
  try {
    if (!(await stat(path)).isFile()) return 'missing';
  } catch {
    return 'missing';
  }
  try {
    await access(path, constants.X_OK);
    return 'executable';
  } catch {
    return 'not executable';
  }
};

/** The absolute path of `command` on `path` (or, where it contains a slash, from `cwd`), or undefined. */
export const findProgram = async (
  command: string,
  cwd: string,
  path: string | undefined,
): Promise<string | undefined> => {
  for (const candidate of candidates(command, cwd, path)) {
    if ((await look(candidate)) === 'executable') return candidate;
  }
  return undefined;
};

const candidates = (command: string, cwd: string, path: string | undefined): string[] =>
  command.includes('/')
    ? [resolve(cwd, command)]
    : (path ?? DEFAULT_PATH).split(delimiter).map((folder) => resolve(cwd, folder, command));

/** Where a program was found last. Looking through a long PATH costs as much as a third of a spawn. */
const found = new Map<string, string>();

/**
 * Throws KoubouError that says why `command` cannot be started in `cwd`: `no_program`, or `conflict` where that folder is
 * gone.
 */
export const requireProgram = async (
  command: string,
  cwd: string,
  path: string | undefined,
): Promise<void> => {
  const key = `${path}\0${command}`;
  const before = command.includes('/') ? undefined : found.get(key);
  const [isThere, stillFound] = await Promise.all([
    isFolder(cwd),
    before === undefined ? 'missing' : look(before),
  ]);
  if (!isThere) {
    throw new KoubouError('conflict', `The working folder ${cwd} does not exist.`, {
      hint: say`Make it again, or delegate with another ${field('cwd')}.`,
    });
  }
  if (stillFound === 'executable') return;
  const program = await findProgram(command, cwd, path);
  if (program === undefined) throw await absence(command, cwd, path);
  found.set(key, program);
};

const absence = async (command: string, cwd: string, path: string | undefined): Promise<KoubouError> => {
  if (!command.includes('/')) {
    return new KoubouError('no_program', `There is no program "${command}".`, {
      hint: `It is not on the PATH that was searched (${path ?? DEFAULT_PATH}). Words of a shell need one: sh -c '…'`,
    });
  }
  const place = resolve(cwd, command);
  return (await look(place)) === 'not executable'
    ? new KoubouError('no_program', `${command} is not executable.`, { hint: `chmod +x ${asTyped(place)}` })
    : new KoubouError('no_program', `There is no program "${command}".`, {
        hint: say`Nothing lies at ${place}; check the path and ${field('cwd')}.`,
      });
};

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};
