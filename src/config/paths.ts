/** Where things are: the home that a command means, and the templates that came with koubou. */
import { lstatSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { KoubouError } from '../errors.ts';
import { action, field, say, type Words } from '../say/say.ts';
import { readTextFile } from '../text/formats/read-text.ts';
import type { Variables } from './environment.ts';

export const HOME_NAME = '.koubou';

export interface HomeQuestion {
  /** --home */
  flag?: string | undefined;
  environment: Variables;
  cwd: string;
}

/**
 * The absolute path of the home: --home, else $KOUBOU_HOME, else the nearest `.koubou` at or above the working
 * directory (in a git worktree also those of the main checkout), else ~/.koubou. Throws `no_home`.
 */
export const findHome = ({ flag, environment, cwd }: HomeQuestion): string => {
  const named = namedHome({ flag, environment, cwd });
  if (named) {
    refuseForeign(named);
    if (isFolder(named.path)) return named.path;
    throw new KoubouError('no_home', say`${named.by} names ${named.path}, and there is no such folder.`, {
      hint: say`Make it with ${action('init', field('home', named.path))}.`,
    });
  }
  const user = userHome(environment);
  const found = searchUp(resolve(cwd)) ?? ownHome(user);
  if (found) return found;
  throw new KoubouError('no_home', `There is no ${HOME_NAME} folder in ${cwd}, above it, or in ${user}.`);
};

/** Throws `untrusted_home` for a home that another user made, root included: what a home says is run. */
export const refuseForeign = ({ path, by }: { path: string; by: Words }): void => {
  if (!isFolder(path) || isMine(path)) return;
  const owner = statOf(path)?.uid;
  throw new KoubouError(
    'untrusted_home',
    say`${by} names ${path}, which belongs to another user (uid ${`${owner}`}); nothing was done.`,
    { hint: say`Only who made a home may use it: make one of your own with ${action('init')}.` },
  );
};

/** The home that is named outright, by flag or variable, whether it exists or not. */
export const namedHome = ({
  flag,
  environment,
  cwd,
}: HomeQuestion): { path: string; by: Words } | undefined => {
  if (flag !== undefined) return { path: resolve(cwd, flag), by: say`${field('home')}` };
  const variable = environment['KOUBOU_HOME']?.trim();
  return variable ? { path: resolve(cwd, variable), by: 'KOUBOU_HOME' } : undefined;
};

export const userHome = (environment: Variables): string => environment['HOME'] || homedir();

/** Where koubou keeps of this user what belongs to no home: the key that homes are signed with. */
export const stateFolder = (environment: Variables): string => {
  const stated = environment['XDG_STATE_HOME'];
  // A relative one is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  const base = stated && isAbsolute(stated) ? stated : join(userHome(environment), '.local', 'state');
  return join(base, 'koubou');
};

const searchUp = (start: string): string | undefined => {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = ownHome(folder) ?? homeOfMainCheckout(folder, start);
    if (found || dirname(folder) === folder) return found;
  }
};

/** A worktree has no copy of the ignored home: where `folder` is one, the main checkout is searched alike. */
const homeOfMainCheckout = (folder: string, start: string): string | undefined => {
  const main = mainCheckout(folder);
  return main === undefined ? undefined : searchUp(join(main, relative(folder, start)));
};

/**
 * git's own files say it: `.git` of a worktree names its git folder, and `commondir` there the shared one. Whoever wrote
 * them may have written any name, so the shared folder has to know this worktree, too.
 */
const mainCheckout = (folder: string): string | undefined => {
  const pointer = firstLine(join(folder, '.git'));
  if (!pointer?.startsWith('gitdir: ')) return undefined;
  const gitFolder = resolve(folder, pointer.slice('gitdir: '.length));
  const common = firstLine(join(gitFolder, 'commondir'));
  const back = firstLine(join(gitFolder, 'gitdir'));
  if (common === undefined || back === undefined) return undefined;
  const shared = resolve(gitFolder, common);
  const isKnown =
    isSameFolder(dirname(gitFolder), join(shared, 'worktrees')) &&
    isSameFolder(dirname(resolve(gitFolder, back)), folder);
  if (!isKnown) return undefined;
  const main = dirname(shared);
  return basename(shared) === '.git' && isFolder(shared) && main !== folder ? main : undefined;
};

const firstLine = (file: string): string | undefined => {
  try {
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
    return readTextFile(file).split('\n', 1)[0]?.trim();
  } catch {
    return undefined;
  }
};

/** A home of somebody else's is passed over, for root too: anybody can put one into /tmp. */
const ownHome = (folder: string): string | undefined => {
  const path = join(folder, HOME_NAME);
  return isFolder(path) && isMine(path) && !isLinkOfOther(path) ? path : undefined;
};

/** It would have work done by a home of this user's that is meant for something else. root may lead anybody anywhere. */
const isLinkOfOther = (path: string): boolean => {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (process.getuid === undefined || !facts?.isSymbolicLink()) return false;
  return ![0, process.getuid()].includes(facts.uid);
};

const isMine = (path: string): boolean =>
  process.getuid === undefined || statOf(path)?.uid === process.getuid();

/** Also by another name, as through a link. */
const isSameFolder = (one: string, other: string): boolean => {
  const [first, second] = [statOf(one), statOf(other)];
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
};

const isFolder = (path: string): boolean => statOf(path)?.isDirectory() ?? false;

const statOf = (path: string) => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};

/** The folder of templates, found from the sources, from dist/lib and from the bundle in dist/cli alike. */
export const templatesFolder = (): string => {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const templates = join(folder, 'templates');
    if (statOf(join(templates, 'agent.yaml'))) return templates;
    if (dirname(folder) === folder) throw new KoubouError('internal', 'The templates of koubou are missing.');
  }
};

/** Where agent CLIs are described that an entry of agent.yaml may use. */
export const agentsFolder = (): string => join(templatesFolder(), 'agents');

/** Where prompt templates are looked for: a person's own first. */
export const promptFolders = (home: string): string[] => [
  join(home, 'config', 'prompts'),
  join(templatesFolder(), 'prompts'),
];
