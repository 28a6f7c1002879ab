/**
 * What a loss of power leaves of what git wrote without syncing it: files that are there and empty. git takes such an
 * object for one that it has, and ends with an error at such a branch.
 */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { action, say, type Words } from '../../say/say.ts';
import { readGitFile } from '../own-index.ts';

const SAYS =
  /object file .* is empty|loose object .* corrupt|object corrupt or missing|inflate: data stream error|unable to read (?:tree|sha1|[0-9a-f]{40})|bad object|missing (?:blob|tree|commit|object)|invalid sha1 pointer|reference broken|index file (?:corrupt|smaller)|bad signature 0x00000000/;

/** A cure, where what git says is that files of the repository are damaged. */
export const cureOfDamage = (said: string): Words | undefined =>
  SAYS.test(said)
    ? say`The repository is damaged, as after a loss of power: \`git fsck --full\` names what. \`git fetch\`, or a copy of .git/objects from a clone, brings it back; then ${action('retry')}.`
    : undefined;

const FOLDER = /^[0-9a-f]{2}$/;
const OBJECT = /^[0-9a-f]{38,62}$/;

const mended = new Set<string>();

/** To be called before a run begins there. A loss of power ends every process: so once in each is enough. */
export const mendOnce = async (commonFolder: string): Promise<void> => {
  if (mended.has(commonFolder)) return;
  try {
    await removeEmptyObjects(commonFolder);
  } catch (error) {
    // What may not be removed stays: git names it where it is in its way.
    if (systemCode(error) === undefined) throw error;
  }
  mended.add(commonFolder);
};

/** Removes the objects that hold nothing: no git can read them, and none would write them again. How many it were. */
export const removeEmptyObjects = async (commonFolder: string): Promise<number> => {
  let removed = 0;
  const objects = join(commonFolder, 'objects');
  for (const name of (await readdir(objects).catch(() => [])).filter((each) => FOLDER.test(each))) {
    const folder = join(objects, name);
    // A repository may bring a link there, and what lies behind it is not git's.
    if (!(await lstat(folder)).isDirectory()) continue;
    for (const rest of (await readdir(folder).catch(() => [])).filter((each) => OBJECT.test(each))) {
      const path = join(folder, rest);
      const facts = await lstat(path).catch(() => undefined);
      if (!facts?.isFile() || facts.size > 0) continue;
      await rm(path, { force: true });
      removed += 1;
    }
  }
  return removed;
};

/** Whether the file of a branch says nothing that git could read. A branch without a file of its own is none such. */
export const isBrokenBranch = async (commonFolder: string, branch: string): Promise<boolean> => {
  const path = join(commonFolder, 'refs', 'heads', branch);
  const said = (await readGitFile(path).catch(() => undefined))?.bytes.toString('utf8');
  return said !== undefined && !/^(?:[0-9a-f]{40}|[0-9a-f]{64}|ref: .+)\n?$/.test(said);
};

/** Removes it with what is known of its past. */
export const removeBrokenBranch = async (commonFolder: string, branch: string): Promise<void> => {
  if (!(await isBrokenBranch(commonFolder, branch))) return;
  for (const kept of ['logs', '.']) {
    await rm(join(commonFolder, kept, 'refs', 'heads', branch), { force: true });
  }
};
