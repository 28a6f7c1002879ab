/**
 * Brings a worktree's branch into the user's work tree: a three-way merge in memory first, then all files or
 * none. The user's index and branch stay as they are. The walk: (1) merge HEAD and the branch into a tree;
 * conflicts end it. (2) Each file that would change must be as HEAD has it; one that is already as the merge has
 * it was written by an earlier try that was killed. (3) git moves the files from HEAD to the merge, on a copy of
 * the index, and refuses before the first of them where it finds anything in its way.
 */
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import {
  asBytes,
  type GitPlace,
  git,
  gitLine,
  gitOutput,
  pathIn,
  shownName,
  zeroEnded,
} from '../process/git.ts';
import { copyIndex } from '../process/git-index.ts';
import { holdingIndex } from './index-lock.ts';
import { exists, type WorktreeRecord, worktreesFolder } from './record.ts';
import { headOf } from './worktree.ts';

export type Applied =
  | { result: 'applied'; files: string[] }
  /** Nothing was changed. */
  | { result: 'conflict'; files: string[] }
  /** Nothing was changed: these files hold changes that are not committed. */
  | { result: 'dirty'; files: string[] };

interface Move {
  name: string;
  /** `MODE ID` as git's index has it; null: no such file. */
  from: string | null;
  to: string | null;
}

/** Throws `usage` where git refuses; then nothing was changed. */
export const applyWorktree = async (
  home: string,
  record: WorktreeRecord,
  environment: Readonly<Record<string, string>>,
): Promise<Applied> => {
  const place = { folder: record.repository, environment };
  if (!(await exists(record.repository))) {
    throw new KoubouError('usage', `${record.repository} is gone, where this task began.`, {
      hint: `Bring it over elsewhere: git merge ${record.branch}`,
    });
  }
  const scratch = join(worktreesFolder(home), `${record.task_id}.apply`);
  const index = await gitLine(place, ['rev-parse', '--path-format=absolute', '--git-path', 'index']);
  return holdingIndex(index, async () => {
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
    try {
      return await applied(place, record, index, join(scratch, 'index'));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
};

const applied = async (
  place: GitPlace,
  { branch }: WorktreeRecord,
  index: string,
  copy: string,
): Promise<Applied> => {
  const head = await headOf(place);
  const merge = [
    'merge-tree',
    '--write-tree',
    '-z',
    '--name-only',
    '--no-messages',
    head,
    `refs/heads/${branch}`,
  ];
  const merged = await git(place, merge);
  const [tree = '', ...conflicts] = zeroEnded(merged.stdout);
  // Without the branch it also ends with 1, and has merged nothing.
  if (merged.code === 1 && tree !== '') return { result: 'conflict', files: shown(conflicts) };
  if (merged.code !== 0) {
    throw new KoubouError('usage', `git could not merge ${branch}: ${merged.stderr}`, {
      hint: 'git 2.38 or newer is needed, and the branch. What the task did is also in its patch: koubou diff.',
    });
  }
  const moves = await movesBetween(place, head, tree);
  const variables = { GIT_INDEX_FILE: copy };
  const current = await currentState(place, index, copy, moves);
  const dirty = moves.filter(({ name, from, to }) => ![from, to].includes(current.get(name) ?? null));
  if (dirty.length > 0) return { result: 'dirty', files: shown(dirty.map(({ name }) => name)) };
  const files = shown(moves.map(({ name }) => name));
  if (moves.every(({ name, to }) => (current.get(name) ?? null) === to)) return { result: 'applied', files };

  await copyIndex(index, copy);
  const entries = moves.map(
    ({ name }) => `${current.get(name) ?? `0 ${'0'.repeat(head.length)}`}\t${name}\0`,
  );
  await gitOutput(place, ['update-index', '--replace', '-z', '--index-info'], {
    variables,
    input: asBytes(entries.join('')),
  });
  await git(place, ['update-index', '-q', '--refresh'], { variables });
  await gitOutput(place, ['read-tree', '-m', '-u', head, tree], { variables, alone: true });
  return { result: 'applied', files };
};

/** Submodules are left as they are. */
const movesBetween = async (place: GitPlace, from: string, to: string): Promise<Move[]> => {
  const raw = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=all'];
  const fields = zeroEnded(await gitOutput(place, [...raw, from, to]));
  const moves: Move[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [was = '', is = '', wasId, isId] = (fields[at] ?? '').slice(1).split(' ');
    const state = (mode: string, id: string | undefined) => (/^0+$/.test(mode) ? null : `${mode} ${id}`);
    moves.push({ name: fields[at + 1] ?? '', from: state(was, wasId), to: state(is, isId) });
  }
  return moves;
};

/** What lies in the work tree at the names of `moves`, as the index would have it; a folder is no file. */
const currentState = async (
  place: GitPlace,
  index: string,
  copy: string,
  moves: readonly Move[],
): Promise<Map<string, string>> => {
  const variables = { GIT_INDEX_FILE: copy };
  await copyIndex(index, copy);
  const files = [];
  for (const { name } of moves) if (!(await isFolder(place.folder, name))) files.push(`${name}\0`);
  const input = asBytes(files.join(''));
  await gitOutput(place, ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'], {
    variables,
    input,
  });
  const listed = zeroEnded(await gitOutput(place, ['ls-files', '-s', '-z', '--full-name'], { variables }));
  const wanted = new Set(moves.map(({ name }) => name));
  const states = new Map<string, string>();
  for (const line of listed) {
    const tab = line.indexOf('\t');
    const name = line.slice(tab + 1);
    const [mode, id] = line.slice(0, tab).split(' ');
    if (wanted.has(name)) states.set(name, `${mode} ${id}`);
  }
  return states;
};

const isFolder = async (top: string, name: string): Promise<boolean> => {
  const facts = await lstat(pathIn(top, name)).catch(() => undefined);
  return facts?.isDirectory() ?? false;
};

const shown = (names: readonly string[]): string[] => names.map(shownName).sort();
