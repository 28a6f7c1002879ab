/**
 * The folder for files that a program outside every sandbox obeys, or that are moved into the user's project: settings of
 * koubou's own git and of agent CLIs, the files of an apply. It is not in the home, where an agent in a sandbox may write,
 * but beside the user's key: a program that can write there can sign tasks anyway.
 */
import { access, constants, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { removeTree } from '../../names/remove-tree.ts';
import type { Seal } from '../../text/seal.ts';
import { halfMadePath } from '../half-made.ts';
import { selfIdentity, startTimeOf } from '../liveness.ts';
import { halfMadeBy, type Maker, verdictOnMaker } from '../maker.ts';

export interface ApartPlace {
  home: string;
  seal: Pick<Seal, 'apart'>;
}

const NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS'];

/**
 * Makes the folder if it is missing. If the user's own folder is not writable, as when koubou itself runs in a sandbox, the
 * folder is in the home. It is then no safer than the home: a program that can write there can change these files.
 */
export const apartFolder = async ({ home, seal }: ApartPlace): Promise<string> => {
  try {
    // Each by itself: `recursive` tries for ever below /proc.
    for (const folder of [dirname(seal.apart), seal.apart]) await makeFolder(folder);
    await access(seal.apart, constants.W_OK);
    return seal.apart;
  } catch (error) {
    if (!NOT_WRITABLE.includes(systemCode(error) ?? '')) throw error;
    const folder = join(home, 'run', 'apart');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
};

/** A name of this process's own in it, for a folder to work in. What dead processes left there is removed. */
export const apartPath = async (place: ApartPlace, name: string): Promise<string> => {
  const folder = await apartFolder(place);
  for (const each of await readdir(folder)) {
    const maker = halfMadeBy(each);
    const path = join(folder, each);
    if (maker !== undefined && (await isLeft(path, maker))) await removeTree(path).catch(() => undefined);
  }
  return halfMadePath(join(folder, name));
};

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Whether nobody works there any more. A maker that cannot be looked at may be at work on another machine, where a user's
 * folders lie on a server, or in a container: it has a week, which no look at a folder takes. `upSeconds`: how long this boot
 * has lasted.
 */
export const isLeft = async (path: string, maker: Maker, upSeconds = uptime()): Promise<boolean> => {
  const verdict = verdictOnMaker(maker, selfIdentity(), startTimeOf);
  if (verdict === 'dead' || verdict === 'alive') return verdict === 'dead';
  // What was made in this boot cannot be older than the boot: then a clock was set meanwhile.
  if (verdict === 'another namespace' && upSeconds * 1000 < WEEK_MS) return false;
  return (await ageMs(path)) > WEEK_MS;
};

/** By the clock of its file system, which may be another machine's, and not by this one's; 0 where that cannot be seen. */
const ageMs = async (path: string): Promise<number> => {
  const probe = halfMadePath(join(dirname(path), 'clock'));
  try {
    await writeFile(probe, '', { flag: 'wx', mode: 0o600 });
    return (await lstat(probe)).mtimeMs - (await lstat(path)).mtimeMs;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return 0;
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
};

const makeFolder = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
};
