/** Where a run of Codex works, what of the machine it may see there, and the folders made for it. */
import { mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { linkIn } from '../../names/walk.ts';
import { isKnownHome, knownHomesAround } from '../../process/homes/known-home.ts';
import { noteModelFolder } from '../../process/homes/model-folders.ts';
import { homesToHide } from '../../process/homes/registered-homes.ts';
import { findProgram } from '../../process/programs/find-program.ts';
import { action, actionLine, field, say } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';
import { heldPlaces } from '../guarded/held-places.ts';
import { isClosed, outermost } from '../guarded/layers.ts';
import { wordsInHomes } from '../guarded/placed-programs.ts';
import { linkedConfigs } from '../guarded/secret-places.ts';
import { gitPlaces, linkedGit } from '../repositories/git-places.ts';
import { nestedRepositories } from '../repositories/nested-repositories.ts';
import { guardedPath } from './bubblewrap.ts';
import type { CodexBox, CodexPlaces, ConfinedSandbox } from './profile.ts';

export interface Wanted {
  cwd: string;
  /** koubou's home. */
  home: string;
  /** Where the user's key may lie: what else is hidden, where it exists, with the homes that it signs. */
  hidden: readonly string[];
  /** And what is, but for those that the work or Codex lies in. */
  secrets?: readonly string[];
  sandbox: ConfinedSandbox;
  box: CodexBox;
  /** Words of the config that may name others; those of the user's other homes are found here. */
  programs?: readonly string[];
  /** The program Codex, and the PATH by which it and others are found. */
  bin: string;
  path: string | undefined;
}

export interface WatchedPlaces extends CodexPlaces {
  /** What must not be replaced while commands work: what is kept, and links to it, over which nothing can be mounted. */
  watched: readonly string[];
}

/**
 * Throws KoubouError `usage` for a folder whose commands could change the queue, `not_allowed` for one in which they could
 * change what koubou starts, `conflict` where a link has come into the way.
 */
export const codexPlaces = async (wanted: Wanted): Promise<WatchedPlaces> => {
  const { cwd, home, hidden, secrets = [], programs = [], sandbox, box } = wanted;
  const [realCwd, realHome] = await Promise.all([realpath(cwd).catch(() => cwd), realpath(home)]);
  for (const each of [realHome, ...knownHomesAround(realCwd, hidden)]) requireOutsideHome(realCwd, each);
  const worktree = worktreeOf(realCwd, realHome);
  if (worktree !== worktreeOf(cwd, home) && worktree !== worktreeOf(cwd, realHome)) throw leftWorktree(cwd);
  const link = linkIn(cwd);
  if (link !== undefined) throw linked(cwd, link.path);
  const needed = [realCwd, realHome, ...(await programOf(wanted))];
  const spared = (path: string): boolean => needed.some((each) => isWithin(each, path));
  const homes = homesToHide(hidden);
  const configs = linkedConfigs([realHome, ...homes]);
  const others = await existing([...secrets, ...homes, ...configs.places]);
  const around = (await existing(secrets)).find((path) => isWithin(realCwd, path));
  if (around !== undefined) throw inKeys(cwd, around);
  const keys = [...(await existing(hidden)), ...others.filter((path) => !spared(path))];
  if (sandbox === 'read-only') {
    const own = worktree === null ? [realHome] : await allBut(worktree, realHome);
    // Where nothing may be written, nothing has to be kept from it.
    return { cwd: realCwd, worktree, hidden: [...own, ...keys], kept: [], between: [], watched: [], box };
  }
  const top = worktree ?? realCwd;
  const git = await gitPlaces(realCwd);
  if (git?.isLink === true && isWithin(git.top, top)) throw linkedGit(cwd, git.top);
  await noteModelFolder(top, hidden);
  const below = await nestedRepositories(top, realHome);
  const homesBelow = below.homes.filter((path) => isKnownHome(path, hidden));
  keys.push(...homesBelow.filter((path) => !spared(path) && !keys.includes(path)));
  const { kept, links, pinned, why } = await heldPlaces({
    top,
    cwd: realCwd,
    git: git?.protected ?? [],
    below,
    bins: [wanted.bin],
    words: [...programs, ...(await wordsInHomes([realHome, ...homes, ...homesBelow]))],
    path: wanted.path,
    configs,
  });
  if (why !== undefined)
    throw new KoubouError('not_allowed', `No command may work in ${cwd}: ${why}.`, {
      hint: say`Delegate with another ${field('cwd')}.`,
    });
  const opened = [realCwd, top];
  const denied = outermost([realHome, ...keys], opened);
  // Of what an agent's settings lead to, what is hidden stays so.
  const real = (await resolved(kept)).filter((path) => !isClosed(path, denied, opened));
  const held = outermost(real, opened);
  const between = new Set(
    [...denied, ...held, ...links, realCwd, ...pinned.map((path) => join(path, '.'))].flatMap((path) =>
      foldersBetween(top, path),
    ),
  );
  for (const path of between)
    if (path === realCwd || isClosed(path, [...denied, ...held], opened)) between.delete(path);
  const watched = [...held, ...links, ...(git?.protected ?? [])];
  return { cwd: realCwd, worktree, hidden: denied, kept: held, between: [...between], watched, box };
};

const inKeys = (cwd: string, folder: string): KoubouError =>
  new KoubouError('not_allowed', `No command may work in ${cwd}: ${folder} holds keys or logins of yours.`, {
    hint: say`Delegate with another ${field('cwd')}.`,
  });

/** Without symbolic links, as the sandbox is started from there. Folders of the PATH alone spare nothing. */
const programOf = async ({ bin, path }: Pick<Wanted, 'bin' | 'path'>): Promise<string[]> => {
  const program = await findProgram(bin, '/', path);
  return program === undefined ? [] : existing([program]);
};

/** From right below `top` to right above `path`, where that lies in it. */
const foldersBetween = (top: string, path: string): string[] => {
  const way = relative(top, path);
  if (way === '' || leadsOut(way)) return [];
  const names = way.split('/').slice(0, -1);
  return names.map((_, nth) => join(top, ...names.slice(0, nth + 1)));
};

const leftWorktree = (cwd: string): KoubouError =>
  new KoubouError('conflict', `${cwd} is no longer a folder of its worktree: it leads elsewhere.`, {
    hint: say`Nothing was run there. Look at what the task did: ${actionLine('logs', 'ID')}`,
  });

/** Commands would be given what nobody judged. */
const linked = (cwd: string, link: string): KoubouError =>
  new KoubouError('conflict', `No command may work in ${cwd}: ${link} has become a link.`, {
    hint: say`Put it right and ${action('retry')}, or delegate again with another ${field('cwd')}.`,
  });

const resolved = (paths: readonly string[]): Promise<string[]> =>
  Promise.all(paths.map((path) => realpath(path).catch(() => path)));

/** Without symbolic links; of what is not there Codex would make something. */
export const existing = async (paths: readonly string[]): Promise<string[]> => {
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => null)));
  return real.filter((path) => path !== null);
};

/**
 * What lies below a hidden folder can be shown only to be written to. So where a worktree is to be read alone, what lies
 * beside it is hidden piece by piece.
 */
const allBut = async (worktree: string, home: string): Promise<string[]> => {
  const worktrees = join(home, 'worktrees');
  const lists = await Promise.all(
    [home, worktrees].map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
  );
  return lists.flat().filter((path) => path !== worktrees && path !== worktree);
};

const requireOutsideHome = (cwd: string, home: string): void => {
  const fromHome = relative(home, cwd);
  if (leadsOut(fromHome) || fromHome.startsWith('worktrees/')) return;
  throw new KoubouError(
    'usage',
    `${cwd} lies in koubou's own folder, and what works there could change the queue.`,
    { hint: say`Delegate with a ${field('cwd')} that lies elsewhere.` },
  );
};

const leadsOut = (path: string): boolean => path === '..' || path.startsWith('../') || isAbsolute(path);

/** The top of the worktree that koubou made for a task, where cwd lies in one. */
const worktreeOf = (cwd: string, home: string): string | null => {
  const [folder, id] = relative(home, cwd).split('/');
  return folder === 'worktrees' && id !== undefined ? join(home, folder, id) : null;
};

/** Makes them below a folder that is the run's own and lies where commands see nothing else. */
export const makeBox = async (folder: string): Promise<CodexBox> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const real = await realpath(folder);
  const shown = join(real, 'shown');
  const box = {
    shown,
    codexHome: join(shown, 'codex'),
    copies: join(shown, 'copies'),
    temporary: join(real, 'tmp'),
    programs: join(real, 'bin'),
  };
  await mkdir(shown, { mode: 0o700 });
  const { codexHome, copies, temporary, programs } = box;
  await Promise.all([codexHome, copies, temporary, programs].map((path) => mkdir(path, { mode: 0o700 })));
  return box;
};

/** What every call of Codex has to be told, where it may start commands in its sandbox. */
export const boxEnvironment = async (
  { codexHome, temporary, programs }: CodexBox,
  codex: { bin: string; path: string | undefined },
): Promise<Record<string, string>> => ({
  CODEX_HOME: codexHome,
  TMPDIR: temporary,
  PATH: await guardedPath(programs, codex),
});

/** A file of CODEX_HOME that commands must not read, however much else of it they see: it lies in the hidden part. */
export const hideFile = async (box: CodexBox, name: string, text: string): Promise<void> => {
  const path = join(box.shown, '..', name);
  await writeFile(path, text, { mode: 0o600 });
  await symlink(path, join(box.codexHome, name));
};

/** The same for a folder, which a later run reads. */
export const hideFolder = async (box: CodexBox, name: string): Promise<void> => {
  const path = join(box.shown, '..', name);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await symlink(path, join(box.codexHome, name));
};
