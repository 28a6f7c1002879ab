/**
 * A folder for as long as Codex is asked something. It lies beside the user's key and not in the temporary folder: there
 * Codex makes no links to itself, without which no command starts in the sandbox of a system's bubblewrap. In the home an
 * agent in a sandbox might change its settings meanwhile.
 */
import { access, constants, mkdir, readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { halfMadePath } from '../../process/half-made.ts';
import { isLeft } from '../../process/homes/apart.ts';
import { halfMadeBy } from '../../process/maker.ts';

const NAME = 'codex';

export interface FolderPlace {
  home: string | null;
  /** Where the user's key may lie. */
  hidden: readonly string[];
  environment: Readonly<Record<string, string>>;
}

export const withCodexFolder = async <T>(
  place: FolderPlace,
  work: (folder: string) => Promise<T>,
): Promise<T> => {
  const folder = await makeFolder(await parentFolder(place));
  try {
    return await work(folder);
  } finally {
    await removeTree(folder);
  }
};

const makeFolder = async (parent: string): Promise<string> => {
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    await removeLeft(parent);
    const folder = halfMadePath(join(parent, NAME));
    await mkdir(folder, { mode: 0o700 });
    return await realpath(folder);
  } catch (cause) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(systemCode(cause) ?? '')) throw cause;
    throw new KoubouError(
      'conflict',
      `Codex was not asked: it needs a folder in ${parent}, and none can be made.`,
      {
        hint: 'Make it a folder that you may write to.',
        cause,
      },
    );
  }
};

const parentFolder = async ({ home, hidden, environment }: FolderPlace): Promise<string> => {
  for (const folder of hidden) if (home !== null && (await isWritable(folder))) return join(folder, 'work');
  if (home !== null) return join(home, 'run');
  const stated = environment['XDG_CACHE_HOME'];
  // A relative one is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  const cache = stated && isAbsolute(stated) ? stated : join(environment['HOME'] || homedir(), '.cache');
  return join(cache, 'koubou');
};

const isWritable = (folder: string): Promise<boolean> =>
  access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

/** Of a process that was killed while it asked. */
const removeLeft = async (parent: string): Promise<void> => {
  for (const name of await readdir(parent)) {
    const maker = name.startsWith(`${NAME}.`) ? halfMadeBy(name) : undefined;
    const path = join(parent, name);
    if (maker !== undefined && (await isLeft(path, maker))) await removeTree(path);
  }
};
