/** What was changed of a repository's own settings and hooks. koubou's git runs nothing of it, but the user's own does. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from '../../git/repository/repository.ts';
import { isSince } from '../changes/since.ts';

const FILES = ['config', 'config.worktree', 'commondir', 'gitdir', 'info/attributes', 'info/grafts'];
const COMMON = [...FILES, 'hooks', 'objects/info/alternates'];

/** Names that tell where. */
export const changedGitFolder = async (
  { gitFolder, commonFolder }: Repository,
  moment: bigint,
): Promise<string[]> => {
  const paths = new Set([
    ...FILES.map((name) => join(gitFolder, name)),
    ...COMMON.map((name) => join(commonFolder, name)),
  ]);
  const hooks = join(commonFolder, 'hooks');
  for (const name of await readdir(hooks).catch(() => [])) paths.add(join(hooks, name));
  const changed: string[] = [];
  for (const path of paths) {
    const facts = await lstat(path, { bigint: true }).catch(() => undefined);
    if (facts !== undefined && isSince(facts, moment)) changed.push(path);
  }
  return changed.sort();
};
