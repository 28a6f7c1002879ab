/**
 * The objects of a repository that a run may write to. git believes that an object is what its name says, and reads trees
 * unasked: one that a run wrote over would hide a change from a diff, and bring it back with a merge. So each that came or
 * changed is hashed when the run has ended. What is not what it says is set aside, and the run has failed.
 */
import { chmod, lstat, readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type ErrorInfo, errorInfo, systemCode } from '../errors.ts';
import { moveAway } from '../executor/set-aside.ts';
import { Folder } from '../names/folder.ts';
import { unlikelyName } from '../names/unlikely-name.ts';
import { OWNERS_RIGHTS } from '../names/with-rights.ts';
import { asBytes, asName, type GitPlace, shownName } from '../process/git.ts';
import { findRepository, isRepository } from '../process/repository.ts';
import { named } from '../text/named.ts';
import { isGenuine } from './loose-object.ts';

const PACKS = 'pack';
/** Of these git makes others where it wants them; a forged one would have it find other contents. */
const TABLE = /^(?:multi-pack-index|.*\.(?:bitmap|rev|mtimes))$/;
const PACK = /\.(?:pack|idx)$/;

/** By path, in git's bytes: which file it is, and when it was changed last, which nobody can set. */
type Stamps = ReadonlyMap<string, string>;

export interface ObjectsSince {
  /** Set aside: they are not what they say. Paths. */
  forged: string[];
  /** For the log. */
  notes: string[];
}

export class Objects {
  readonly #folder: string;
  readonly #before: Stamps;

  private constructor(folder: string, before: Stamps) {
    this.#folder = folder;
    this.#before = before;
  }

  /** null: no repository lies around the folder. */
  static async begin(place: GitPlace): Promise<Objects | null> {
    const found = await findRepository(place);
    if (!isRepository(found)) return null;
    const folder = asName(`${found.commonFolder}/objects`);
    return new Objects(folder, await stampsOf(folder));
  }

  /** May be called again. */
  async judge(): Promise<ObjectsSince> {
    const forged: string[] = [];
    const packs: string[] = [];
    for (const [path, stamp] of await stampsOf(this.#folder)) {
      if (this.#before.get(path) === stamp) continue;
      const name = basename(path);
      const folder = basename(dirname(path));
      if (folder === PACKS) {
        if (TABLE.test(name) || !stamp.startsWith(FILE))
          for (const each of await aside(path)) forged.push(each);
        else if (PACK.test(name)) packs.push(shownName(name));
      } else if (!stamp.startsWith(FILE) || !(await isGenuine(path, folder + name))) {
        for (const each of await aside(path)) forged.push(each);
      }
    }
    const isTable = (path: string): boolean => TABLE.test(basename(path));
    return {
      forged: forged.filter((path) => !isTable(path)),
      notes: [
        ...(packs.length > 0
          ? [`packs of objects came into the repository, and were not looked through: ${named(packs)}`]
          : []),
        ...(forged.some(isTable) ? ['tables of packs that came were set aside: git makes others'] : []),
      ],
    };
  }
}

const FILE = 'file';

/** Of loose objects and packs, whatever lies in their places. */
const stampsOf = async (objects: string): Promise<Map<string, string>> => {
  const stamps = new Map<string, string>();
  const folders = await namesIn(objects);
  for (const folder of folders.filter((name) => /^[0-9a-f]{2}$/.test(name) || name === PACKS)) {
    const names = await namesIn(`${objects}/${folder}`);
    const counted =
      folder === PACKS ? names : names.filter((name) => /^[0-9a-f]{38}(?:[0-9a-f]{24})?$/.test(name));
    await Promise.all(
      counted.map(async (name) => {
        const path = `${objects}/${folder}/${name}`;
        const facts = await lstat(asBytes(path), { bigint: true }).catch(() => undefined);
        if (facts === undefined) return;
        const kind = facts.isFile() ? FILE : 'odd';
        stamps.set(path, `${kind} ${facts.ino} ${facts.ctimeNs} ${facts.size}`);
      }),
    );
  }
  return stamps;
};

/** Also of a folder that a run closed: it gets its owner's rights back. */
const namesIn = async (path: string): Promise<string[]> => {
  try {
    return await readdir(asBytes(path), { encoding: 'latin1' });
  } catch (error) {
    if (systemCode(error) !== 'EACCES') return [];
    const isOpen = await chmod(asBytes(path), OWNERS_RIGHTS).then(
      () => true,
      () => false,
    );
    return isOpen ? readdir(asBytes(path), { encoding: 'latin1' }) : [];
  }
};

/** Its path, where it lay there still. */
const aside = async (path: string): Promise<string[]> => {
  const folder = Folder.open(shownName(dirname(path)));
  try {
    const name = asBytes(unlikelyName(`${basename(path)}.koubou-aside-`));
    const became = await moveAway(folder, asBytes(basename(path)), async () => folder.atBytes(name));
    return became === 'gone' ? [] : [shownName(path)];
  } finally {
    folder.close();
  }
};

export const judgeObjects = (forged: readonly string[]): { error: ErrorInfo; feedback: string } | null =>
  forged.length === 0
    ? null
    : {
        error: errorInfo(
          'repository_lost',
          `The run wrote objects into the repository that are not what their names say: ${named(forged, 3)}.`,
          'They were set aside in their folders (….koubou-aside-…). `git fsck --full` says which are missing now; fetch them, or take them from a copy.',
        ),
        feedback: 'Leave the objects of the repository to git.',
      };
