/** What a user's own git says of a repository whose tasks have worktrees: all of it can be read, nothing is locked. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import type { CensusTask } from './places.ts';
import { disk, json } from './reader.ts';

interface Said {
  code: number | null;
  stdout: string;
  stderr: string;
}

const git = (cwd: string, ...args: string[]): Said => {
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, stdout, stderr };
};

/** Commands that a person types, and that end with 0 and no complaint where the repository is whole. */
const LOOKS = [
  ['fsck', '--full', '--no-dangling', '--no-progress'],
  ['log', '--all', '--format=%H', '--name-only'],
  ['for-each-ref'],
  ['status', '--porcelain'],
  ['worktree', 'list'],
];

export const repositoryFaults = (repository: string): string[] => {
  const faults: string[] = [];
  for (const look of LOOKS) {
    const { code, stderr } = git(repository, ...look);
    const words = stderr.trim().split('\n').slice(0, 3).join('; ');
    if (code !== 0 || words !== '') faults.push(`git ${look.join(' ')} in ${repository}: ${code} ${words}`);
  }
  const common = git(repository, 'rev-parse', '--path-format=absolute', '--git-common-dir').stdout.trim();
  if (common === '') return faults;
  for (const name of fs.readdirSync(common, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.lock')) faults.push(`git's ${name} is left in ${repository}`);
  }
  // Its folder is gone, and git still knows it.
  const { stdout } = git(repository, 'worktree', 'list', '--porcelain');
  for (const part of stdout.split('\n\n')) {
    const [path] = /(?<=^worktree ).*/m.exec(part) ?? [];
    if (/^prunable/m.test(part)) faults.push(`git has a worktree that is gone: ${path}`);
  }
  return faults;
};

/** Of the tasks in worktrees: their repositories, and that the branch of what was completed can be read. */
export const gitFaults = (
  home: string,
  tasks: ReadonlyMap<string, CensusTask>,
  files: ReadonlyMap<string, Record<string, unknown>>,
): string[] => {
  const repositories = new Set<string>();
  const faults: string[] = [];
  for (const [id, { cwd, options }] of files) {
    if ((options as { worktree?: boolean } | undefined)?.worktree !== true) continue;
    if (typeof cwd !== 'string' || !fs.existsSync(cwd)) continue;
    repositories.add(cwd);
    // Without a record it was discarded, or changed nothing.
    const record = json(disk, join(home, 'worktrees', `${id}.json`));
    if (tasks.get(id)?.state !== 'completed' || record === undefined || record === 'torn') continue;
    const branch = String(record['branch']);
    const { code, stderr } = git(cwd, 'rev-list', '--objects', `refs/heads/${branch}`, '--');
    if (code !== 0) faults.push(`${id} is completed, and its branch cannot be read: ${stderr.trim()}`);
  }
  return [...faults, ...[...repositories].flatMap(repositoryFaults)];
};
