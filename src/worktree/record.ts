/** What is known of the worktrees in a home: a small file beside each, so that they can be listed and ended. */
import { renameSync } from 'node:fs';
import { lstat, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, normalize } from 'node:path';
import * as z from 'zod/mini';
import { systemCode } from '../errors.ts';
import type { GitPlace } from '../git/place.ts';
import type { Repository } from '../git/repository/repository.ts';
import { makeOwnFolder } from '../names/own-folder.ts';
import { halfMadePath } from '../process/half-made.ts';
import { type Lease, requireLeaseFolder } from '../process/lease.ts';
import { syncAll } from '../process/sync.ts';
import { isTaskId } from '../task/id.ts';
import { readTextFile, UnfitFile } from '../text/formats/read-text.ts';
import type { Seal } from '../text/seal.ts';

const WorktreeRecord = z.looseObject({
  version: z.literal(1),
  task_id: z.string(),
  /** The run whose worktree it is; absent: of an older koubou, which had one worktree for all runs. */
  run: z.optional(z.int().check(z.positive())),
  /** Absolute: the work tree it was made from, and where its changes are applied. */
  repository: z.string(),
  /** Absolute: the git folder that all its work trees share. It outlives a linked one that the worktree was made from. */
  git_folder: z.string(),
  branch: z.string(),
  /** The commit that the run began with. */
  base: z.string(),
  /** Absolute: the worktree itself. */
  path: z.string(),
  /** Names in it that lead to ignored files of the repository. */
  links: z._default(z.array(z.string()), []),
  /** Files that the task was asked for and that git ignores: no branch has them. Relative to the worktree. */
  only_there: z._default(z.array(z.string()), []),
  /** The commit of what was checked. Absent: none yet, or of an older koubou. */
  made: z.optional(z.object({ commit: z.string(), tree: z.string() })),
  /** `applied`: its changes are in the repository's work tree. */
  state: z.enum(['open', 'applied']),
});
export type WorktreeRecord = z.infer<typeof WorktreeRecord>;

export const worktreesFolder = (home: string): string => join(home, 'worktrees');

/** The same as git names it, made where it is missing. Throws `conflict` where a link lies in its place. */
export const ownWorktrees = async (home: string): Promise<string> =>
  makeOwnFolder(await realpath(home), 'worktrees');

/** The worktree's name, in the home as in git's folder. What a run writes that was fenced is in no other run's. */
export const worktreeName = (id: string, run: number): string => `${id}.r${run}`;

export const nameOf = ({ task_id, run }: Pick<WorktreeRecord, 'task_id' | 'run'>): string =>
  run === undefined ? task_id : worktreeName(task_id, run);

/** The task and the run in the name of a worktree; undefined if koubou gives no such name. */
export const runNamed = (name: string): { id: string; run: number } | undefined => {
  const [, id = '', run = '0'] = /^(.*?)(?:\.r(\d+))?$/.exec(name) ?? [];
  return isTaskId(id) ? { id, run: Number(run) } : undefined;
};

/** The worktree's own git folder. Named to git, it is used whatever an agent did to the .git among its files. */
export const ownGitFolder = (record: WorktreeRecord): string =>
  join(record.git_folder, 'worktrees', nameOf(record));

/** The repository as it is seen from a worktree, whatever lies at the worktree's own .git. */
export const repositoryOf = (record: WorktreeRecord): Repository => ({
  top: record.path,
  prefix: '',
  gitFolder: ownGitFolder(record),
  commonFolder: record.git_folder,
});

/** Where git is asked about branches and settings: not in the worktree's own git folder, which may say that others' are its. */
export const placeOf = (record: WorktreeRecord, environment: Readonly<Record<string, string>>): GitPlace => ({
  folder: record.git_folder,
  gitFolder: record.git_folder,
  environment,
});

/** HEAD of the worktree, by the name that it has in the repository. */
export const headNameOf = (record: WorktreeRecord): string => `worktrees/${nameOf(record)}/HEAD`;

const recordPath = (home: string, id: string): string => join(worktreesFolder(home), `${id}.json`);

/** Whether there is the file of a record, readable or not. */
export const isRecorded = async (home: string, id: string): Promise<boolean> =>
  (await lstat(recordPath(home, id)).catch(() => undefined))?.isFile() ?? false;

/** A home, and what is told by it that koubou wrote a file there for this user. */
export interface SealedHome {
  home: string;
  seal: Seal;
}

/** undefined: there is none, or none that can be read, or somebody else wrote it: what it names is changed and removed. */
export const readWorktree = ({ home, seal }: SealedHome, id: string): Promise<WorktreeRecord | undefined> =>
  read(home, id, seal.isSealed);

const read = async (
  home: string,
  id: string,
  isSealed: Seal['isSealed'],
): Promise<WorktreeRecord | undefined> => {
  let value: unknown;
  try {
    const text = readTextFile(recordPath(home, id));
    if (!isSealed(Buffer.from(text))) return undefined;
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UnfitFile || systemCode(error) !== undefined) {
      return undefined;
    }
    throw error;
  }
  const { success, data } = z.safeParse(WorktreeRecord, value);
  if (!success || data.task_id !== id || !isOwn(data)) return undefined;
  // Never what the file says: whatever lies at this path is removed in the end.
  const { mac: _, ...record } = data;
  return { ...record, path: join(await ownWorktrees(home), nameOf(data)) };
};

/** Whether it is as koubou writes it: what it names is changed and removed. */
const isOwn = ({ task_id, repository, git_folder, branch, links, only_there }: WorktreeRecord): boolean =>
  branchesOf(task_id).includes(branch) &&
  [repository, git_folder].every((path) => isAbsolute(path) && !path.includes('\0')) &&
  [...links, ...only_there].every(
    (name) => !isAbsolute(name) && !normalize(name).startsWith('..') && !name.includes('\0'),
  );

/** The usual name, and the one where a branch `koubou` is in its way. */
export const branchesOf = (id: string): string[] => [`koubou/${id}`, `koubou-${id}`];

/**
 * On the device when it resolves. `lease`: of a run; throws `worker_lost` without it, as the record may be that of the next run
 * by then.
 */
export const writeWorktree = async (
  { home, seal }: SealedHome,
  record: WorktreeRecord,
  lease?: Pick<Lease, 'folder'>,
): Promise<void> => {
  const folder = await ownWorktrees(home);
  const path = recordPath(home, record.task_id);
  const half = halfMadePath(path);
  await writeFile(half, seal.seal(JSON.stringify(record, null, 2)), { mode: 0o600 });
  await syncAll([half]);
  try {
    requireLeaseFolder(lease?.folder);
    renameSync(half, path);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
  await syncAll([folder, home]);
};

/** It does not come back with a loss of power: its branch would be gone. */
export const forgetWorktree = async (home: string, id: string): Promise<void> => {
  await rm(recordPath(home, id), { force: true });
  await syncAll([worktreesFolder(home)]);
};

/** The worktrees whose folder still exists, oldest task first. For display only: records without a seal are included. */
export const listWorktrees = async (home: string): Promise<WorktreeRecord[]> => {
  const names = new Set(await readdir(worktreesFolder(home)).catch(() => []));
  const ids = [...names].flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []));
  const records = await Promise.all(
    ids
      .filter(isTaskId)
      .sort()
      .map((id) => read(home, id, () => true)),
  );
  return records.flatMap((record) =>
    record !== undefined && names.has(basename(record.path)) ? [record] : [],
  );
};

export const exists = async (path: string | Buffer): Promise<boolean> =>
  (await lstat(path).catch(() => undefined)) !== undefined;
