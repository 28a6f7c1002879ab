/**
 * Links in the place of folders that git writes to. git follows them wherever they lead: a repository may bring one, and an
 * agent that works in it may put one there that leads to where its sandbox lets it write nothing.
 */
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KoubouError } from '../../errors.ts';

/** For the objects, the branch and the worktree of a task. Below `objects` lie more. */
const WRITTEN: readonly string[] = [
  'objects',
  'reftable',
  'refs',
  'refs/heads',
  'refs/heads/koubou',
  'logs',
  'logs/refs',
  'logs/refs/heads',
  'logs/refs/heads/koubou',
  'worktrees',
];

/** To be called before git writes there. Throws `conflict`. */
export const refuseLinkedFolders = async (commonFolder: string): Promise<void> => {
  for (const name of WRITTEN) {
    const path = join(commonFolder, name);
    const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
    if (isLink && !(await isShared(name, path))) throw await linked(path);
  }
  const objects = join(commonFolder, 'objects');
  const entries = await readdir(objects, { withFileTypes: true }).catch(() => []);
  const link = entries.find((entry) => entry.isSymbolicLink());
  if (link !== undefined) throw await linked(join(objects, link.name));
};

/** git-new-workdir, and the tool `repo`, have another repository's folder of the same name there, but for the worktrees. */
const isShared = async (name: string, path: string): Promise<boolean> => {
  if (name === 'worktrees') return false;
  const target = await realpath(path).catch(() => undefined);
  return target !== undefined && basename(target) === name && (await isGitFolder(dirname(target)));
};

const isGitFolder = async (path: string): Promise<boolean> => {
  const [head, ...folders] = await Promise.all(
    ['HEAD', 'objects', 'refs'].map((name) => stat(join(path, name)).catch(() => undefined)),
  );
  return head?.isFile() === true && folders.every((facts) => facts?.isDirectory() === true);
};

const linked = async (path: string): Promise<KoubouError> => {
  const target = await realpath(path).catch(() => undefined);
  return new KoubouError(
    'conflict',
    `${path} is a link${target === undefined ? '' : ` to ${target}`}, and git would write there what belongs into the repository.`,
    { hint: 'Nothing was written there. Put a folder in its place (`rm` removes a link alone), then retry.' },
  );
};
