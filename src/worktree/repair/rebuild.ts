/** The record of a worktree that an older koubou or a loss of power left unreadable, made anew of what git and the task know. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, KoubouError } from '../../errors.ts';
import { git } from '../../git/git.ts';
import { type GitPlace } from '../../git/place.ts';
import { isBrokenBranch } from '../../git/repository/damage.ts';
import { actionLine, say } from '../../say/say.ts';
import { type Origin, originOf } from '../origin.ts';
import {
  branchesOf,
  isRecorded,
  nameOf,
  ownWorktrees,
  runNamed,
  type SealedHome,
  type WorktreeRecord,
  writeWorktree,
} from '../record.ts';

/** undefined: there never was one, or it was removed. Throws as originOf where the repository is gone. */
export const rebuildRecord = async (
  own: SealedHome,
  { task_id, cwd }: { task_id: string; cwd: string },
  environment: Readonly<Record<string, string>>,
): Promise<WorktreeRecord | undefined> => {
  if (!(await isRecorded(own.home, task_id))) return undefined;
  const place = { folder: cwd, environment };
  const { repository, head } = await originIn(place, task_id);
  const branch = await branchIn(place, repository.commonFolder, task_id);
  const folder = await ownWorktrees(own.home);
  const run = await lastRun(folder, task_id);
  const known = { task_id, ...(run === 0 ? {} : { run }) };
  const record: WorktreeRecord = {
    ...known,
    version: 1,
    repository: repository.top,
    git_folder: repository.commonFolder,
    branch,
    base: (await commonCommit(place, branch)) ?? head,
    path: join(folder, nameOf(known)),
    links: [],
    only_there: [],
    state: 'open',
  };
  await writeWorktree(own, record);
  return record;
};

/** As git says it. */
const FAILED: readonly ErrorCode[] = ['conflict', 'git_failed', 'no_program'];

const originIn = async (place: GitPlace, id: string): Promise<Origin> => {
  try {
    return await originOf(place);
  } catch (error) {
    if (!(error instanceof KoubouError) || !FAILED.includes(error.code)) throw error;
    const message = `The record of the worktree of ${id} is damaged, as after a loss of power. ${error.message}`;
    throw new KoubouError(error.code, message, {
      hint: say`What the task did is also in its patch: ${actionLine('diff')}.`,
    });
  }
};

const branchIn = async (place: GitPlace, commonFolder: string, id: string): Promise<string> => {
  const [usual = '', other = ''] = branchesOf(id);
  const isThere = ['show-ref', '--verify', '--quiet', `refs/heads/${other}`];
  const isOther = (await isBrokenBranch(commonFolder, other)) || (await git(place, isThere)).code === 0;
  return isOther ? other : usual;
};

/** Where the branch began. */
const commonCommit = async (place: GitPlace, branch: string): Promise<string | undefined> => {
  const { code, stdout } = await git(place, ['rev-parse', `HEAD...refs/heads/${branch}`]);
  return code === 0 ? /^\^(\w+)$/m.exec(stdout.toString('latin1'))?.[1] : undefined;
};

/** 0: of an older koubou, or no folder is left. */
const lastRun = async (folder: string, id: string): Promise<number> => {
  const named = (await readdir(folder).catch(() => [])).map(runNamed);
  return Math.max(0, ...named.flatMap((each) => (each?.id === id ? [each.run] : [])));
};
