/**
 * Whether git would run something of a repository when it enters it. What git itself writes into one that it makes,
 * clones or checks out as a submodule is known and runs nothing; anything beyond that (a hook, a setting that is not on
 * the list, a git folder that lies elsewhere) may, and nobody can list all that does. Nothing here asks git. Paths are
 * absolute, in git's bytes.
 */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { asBytes } from '../names.ts';
import { commonOf, gitFolderOf, readText } from './nested-git.ts';

/** `common`: the shared git folder of the repository around it, in which git keeps those of submodules; null: there is none. */
export const isArmed = async (dotGit: string, common: string | null): Promise<boolean> => {
  const facts = await lstat(asBytes(dotGit)).catch(() => undefined);
  if (facts === undefined) return false;
  const tree = dirname(dotGit);
  if (facts.isDirectory()) return isArmedFolder(dotGit, tree);
  const folder = facts.isFile() ? await gitFolderOf(dotGit) : undefined;
  // Whoever may write there could arm it later, in a folder that nobody takes for a repository.
  if (folder === undefined || common === null) return true;
  if (folder.startsWith(`${common}/modules/`)) return isArmedFolder(folder, tree);
  const isWorktree = folder.startsWith(`${common}/worktrees/`) && (await commonOf(folder)) === common;
  return !isWorktree || (await isThere(`${folder}/config.worktree`));
};

const isArmedFolder = async (folder: string, tree: string): Promise<boolean> => {
  for (const name of ['commondir', 'config.worktree']) if (await isThere(`${folder}/${name}`)) return true;
  // git makes no link there, and goes by what any of them leads to.
  const entries = await readdir(asBytes(folder), { withFileTypes: true }).catch(() => undefined);
  if (entries?.some((entry) => entry.isSymbolicLink()) !== false) return true;
  // What cannot be looked at may be run all the same.
  if (await isThere(`${folder}/hooks`)) {
    const hooks = await readdir(asBytes(`${folder}/hooks`)).catch(() => undefined);
    if (hooks?.every((name) => name.endsWith('.sample')) !== true) return true;
  }
  const config = `${folder}/config`;
  if (!(await isThere(config))) return false;
  const text = (await readText(config)) ?? '[?]';
  return !isHarmless(text) || !(await isAllOf(text, folder, tree));
};

/** Where another work tree is named, git goes on from there, and enters repositories at the gitlinks below it. */
const isAllOf = async (text: string, folder: string, tree: string): Promise<boolean> => {
  for (const [, named = ''] of text.matchAll(/^[\t ]*worktree[\t ]*=[\t ]*(.*)$/gim)) {
    const found = await realpath(asBytes(resolve(folder, named)), 'buffer').catch(() => undefined);
    if (found?.equals(asBytes(tree)) !== true) return false;
  }
  return true;
};

const isThere = (path: string): Promise<boolean> =>
  lstat(asBytes(path)).then(
    () => true,
    () => false,
  );

/** The settings that `git init`, `clone`, `submodule` and `switch` write, and who the author is. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  core: [
    'repositoryformatversion',
    'filemode',
    'bare',
    'logallrefupdates',
    'ignorecase',
    'precomposeunicode',
    'symlinks',
    'worktree',
    'autocrlf',
    'eol',
    'sharedrepository',
    'sparsecheckout',
    'sparsecheckoutcone',
    'quotepath',
  ],
  extensions: ['objectformat', 'refstorage', 'compatobjectformat'],
  user: ['name', 'email'],
  submodule: ['active', 'url'],
  remote: ['url', 'pushurl', 'fetch', 'tagopt'],
  branch: ['remote', 'merge', 'rebase'],
  lfs: ['repositoryformatversion', 'access'],
};

/**
 * Whether a file of settings has none but these, written as git writes them. Pure. A line is read here only where no git can read
 * it otherwise: nothing goes on in the next one, and no section begins within a line.
 */
export const isHarmless = (text: string): boolean => {
  let allowed: readonly string[] = [];
  for (const line of text.split('\n')) {
    const section = /^\[([a-z]+)(?: "[^"\\\0]*")?\]$/.exec(line)?.[1];
    if (section !== undefined) {
      if (!Object.hasOwn(HARMLESS, section)) return false;
      allowed = HARMLESS[section] ?? [];
      continue;
    }
    if (/^[\t ]*(?:[#;].*)?$/.test(line)) continue;
    const [, key = '', value = ''] = /^[\t ]*([A-Za-z][A-Za-z0-9]*)(?:[\t ]*=(.*))?$/.exec(line) ?? [];
    // The rest of a transport (`ext::…`) is a program; a backslash at the end takes the next line along.
    if (!allowed.includes(key.toLowerCase()) || value.endsWith('\\') || value.includes('::')) return false;
  }
  return true;
};
