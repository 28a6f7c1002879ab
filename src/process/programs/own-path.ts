/**
 * The one door to the programs that koubou starts for itself and with the rights of the user: git, setpriv, bwrap, sh, and
 * Codex or an agent that the config names without a folder. A PATH may hold folders that a model writes to (npm puts
 * `node_modules/.bin` of a project there, direnv its `bin`), and one that is missing now can be made by a model. So what counts
 * is where a folder lies at the moment of the start, not whether it is there or what was in it.
 */
import { existsSync, realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { actionLine, say } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';
import { holdsUser } from '../homes/key-folders.ts';
import { modelFolders } from '../homes/model-folders.ts';
import { findProgram, requireProgram } from './find-program.ts';

export interface Sought {
  /** The PATH of the worker, or of who calls. */
  path: string | undefined;
  /** Absolute: folders of the work, besides those that are known of this user. */
  inside: readonly string[];
}

export interface OwnProgram {
  /** Absolute. */
  program: string;
  /** For the program itself: what it starts by name is looked for there. Never empty. */
  path: string;
}

const USUAL = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/** A program of the system: one outside of all projects goes before one in a home folder that is a project itself. */
export const findOwn = (name: string, sought: Sought): Promise<OwnProgram | undefined> =>
  found(name, sought, 'far');

/** A program that people install for themselves: the first of the PATH that no model may have written. */
export const findNamed = (name: string, sought: Sought): Promise<OwnProgram | undefined> =>
  found(name, sought, 'near');

/** The folders of the PATH in which own programs are looked for. Never empty. */
export const ownPath = async (sought: Sought): Promise<string> => {
  const { near } = await split(sought, await treesOf(sought));
  return textOf(near);
};

/**
 * As findNamed for a name, while a path is the user's own word and stays what it is. Throws KoubouError `no_program`. `key`: of
 * the config, which names it.
 */
export const requireNamed = async (bin: string, sought: Sought, key: string): Promise<OwnProgram> => {
  const own = bin.includes('/') ? undefined : await findNamed(bin, sought);
  if (own !== undefined) return own;
  await requireProgram(bin, '/', sought.path);
  const path = await ownPath(sought);
  if (bin.includes('/')) return { program: resolve('/', bin), path };
  const program = await findProgram(bin, '/', sought.path);
  throw new KoubouError('no_program', `The only "${bin}" is ${program}, where a model may have written it.`, {
    hint: say`Install it outside of your projects; or, where you know it for the right one: ${actionLine('config', key, `${program}`)}`,
  });
};

/** Whether a program that lies beside another one may be started as an own one. */
export const isOwn = async (program: string, sought: Sought): Promise<boolean> => {
  const there = await realpath(program).catch(() => undefined);
  const trees = await treesOf(sought);
  return there !== undefined && ![normalize(program), there].some((each) => isClosed(each, trees));
};

interface Judged extends OwnProgram {
  stamp: string;
  /** Where its folder and it itself lie. */
  there: readonly string[];
}

const known = new Map<string, Judged>();
const MOST_KNOWN = 200;

const found = async (
  name: string,
  sought: Sought,
  first: 'far' | 'near',
): Promise<OwnProgram | undefined> => {
  const trees = await treesOf(sought);
  const key = [name, first, sought.path ?? '', ...sought.inside].join('\0');
  const before = known.get(key);
  if (before?.stamp === trees.stamp && isStill(before, trees)) return before;
  const { far, near } = await split(sought, trees);
  for (const folders of first === 'far' ? [far, near] : [near]) {
    const program = await findIn(name, folders, trees);
    if (program === undefined) continue;
    if (known.size >= MOST_KNOWN) known.clear();
    const own = { program, path: textOf(folders), stamp: trees.stamp, there: placesOf(program) };
    known.set(key, own);
    return own;
  }
  return undefined;
};

/** Looking through the whole PATH each time would cost as much as a third of a start. */
const isStill = ({ program, there }: Judged, trees: Trees): boolean => {
  const now = placesOf(program);
  return now.length > 0 && now.every((each, nth) => each === there[nth] && !isClosed(each, trees));
};

/** None where it is no longer there. */
const placesOf = (program: string): string[] => {
  try {
    return [dirname(program), program].map((path) => realpathSync.native(path));
  } catch {
    return [];
  }
};

const findIn = async (
  name: string,
  folders: readonly string[],
  trees: Trees,
): Promise<string | undefined> => {
  for (const folder of folders) {
    const program = await findProgram(name, '/', folder);
    // A link of the user's may lead into a project.
    if (program !== undefined && !isClosed(await real(program), trees)) return program;
  }
  return undefined;
};

const split = async ({ path }: Sought, trees: Trees): Promise<{ far: string[]; near: string[] }> => {
  const far: string[] = [];
  const near: string[] = [];
  for (const folder of new Set((path ?? USUAL).split(delimiter))) {
    if (!isAbsolute(folder) || !(await isOpen(folder, trees))) continue;
    near.push(folder);
    if (![normalize(folder), await real(folder)].some((each) => isAround(each, trees))) far.push(folder);
  }
  return { far, near };
};

/** Whether it is there, and no model may have made what is in it. */
const isOpen = async (folder: string, trees: Trees): Promise<boolean> => {
  const plain = normalize(folder);
  if (`${plain}/`.includes('/node_modules/')) return false;
  const there = await realpath(folder).catch(() => undefined);
  return there !== undefined && !isClosed(plain, trees) && !isClosed(there, trees);
};

/** With `:` in it no folder can be named; with nothing in it a PATH names the folder of the work. */
const textOf = (folders: readonly string[]): string =>
  folders.length === 0 ? USUAL : folders.join(delimiter);

interface Trees {
  stamp: string;
  folders: readonly string[];
  /** Whether a folder is a work tree, or has a home in it. */
  isTop: (folder: string) => boolean;
}

const treesOf = async ({ inside }: Sought): Promise<Trees> => {
  const { stamp, folders } = await modelFolders();
  const tops = new Map<string, boolean>();
  const isTop = (folder: string): boolean => {
    const before = tops.get(folder);
    if (before !== undefined) return before;
    const is = ['.git', '.koubou'].some((name) => existsSync(join(folder, name)));
    tops.set(folder, is);
    return is;
  };
  const given = await Promise.all(inside.map(real));
  return { stamp, folders: [...new Set([...inside.map(normalize), ...given, ...folders])], isTop };
};

/** In a folder of a model's work, or in the outermost project around one. Nobody may write to a whole home folder. */
const isClosed = (path: string, { folders, isTop }: Trees): boolean =>
  folders.some((folder) => lies(path, folder, (at) => (at === folder || isTop(at)) && !holdsUser(at)));

/** The same with a home folder that is a project, or has a home of koubou in it. */
const isAround = (path: string, { folders, isTop }: Trees): boolean =>
  folders.some((folder) => lies(path, folder, (at) => at === folder || isTop(at)));

/** Whether it lies in `folder` or a folder above that, of those that count. */
const lies = (path: string, folder: string, counts: (at: string) => boolean): boolean => {
  for (let at = folder; ; at = dirname(at)) {
    if (isWithin(path, at) && counts(at)) return true;
    if (dirname(at) === at) return false;
  }
};

const real = (path: string): Promise<string> => realpath(path).catch(() => path);
