/** Branches as a completed task leaves them, made by plain git: no worker has to run for them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Applied, applyWorktree } from '../../../src/worktree/apply/apply.ts';
import { type SealedHome, type WorktreeRecord, writeWorktree } from '../../../src/worktree/record.ts';
import { sealOf } from '../state.ts';
import { environment, type Repository, shell } from './repository.ts';

let made = 0;

export const sealed = (home: string): SealedHome => ({ home, seal: sealOf(home) });

/** As koubou notes it of what it committed. */
export const madeAt = (folder: string, name: string): { commit: string; tree: string } => {
  const [commit = '', tree = ''] = shell(folder, `git rev-parse ${name} '${name}^{tree}'`).split('\n');
  return { commit, tree };
};

/** `act` changes files in a work tree of their own, and all of it is committed. */
export const branched = async (
  repository: Repository,
  act: (cwd: string) => void,
  top: string = repository.folder,
): Promise<WorktreeRecord> => {
  made += 1;
  const id = `task_20260101_000000_${String(made).padStart(6, '0')}_test`;
  const home = repository.rig.home.home;
  const path = join(home, 'worktrees', id);
  const branch = `koubou/${id}`;
  mkdirSync(join(home, 'worktrees'), { recursive: true });
  const plain = 'git -c core.hooksPath=/dev/null -c commit.gpgSign=false -c user.name=t -c user.email=t@t';
  shell(top, `${plain} worktree add -q --detach '${path}'`);
  act(path);
  shell(
    path,
    `${plain} add -A && ${plain} commit -q --allow-empty -m done && git update-ref refs/heads/${branch} HEAD`,
  );
  const common = shell(top, 'git rev-parse --path-format=absolute --git-common-dir').trimEnd();
  const base = shell(top, 'git rev-parse HEAD').trim();
  const record = {
    version: 1 as const,
    task_id: id,
    repository: top,
    git_folder: common,
    branch,
    base,
    path,
    links: [],
    only_there: [],
    made: madeAt(top, branch),
    state: 'open' as const,
  };
  await writeWorktree(sealed(home), record);
  return record;
};

export const applying = (repository: Repository, record: WorktreeRecord): Promise<Applied> =>
  applyWorktree(sealed(repository.rig.home.home), record, environment);
