/**
 * Brings a worktree's branch into the user's work tree: a three-way merge in memory first, then all files or
 * none. The user's index and branch stay as they are. The walk: (1) merge HEAD and the branch into a tree;
 * conflicts end it. (2) Each file that would change must be as HEAD has it; one that is already as the merge has
 * it was written by an earlier try that was killed. (3) git moves the files from HEAD to the merge, on a copy of
 * the index, and refuses before the first of them where it finds anything in its way.
 */
import { lstat, mkdir, realpath, rm } from 'node:fs/promises';
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
import { pointedTo } from '../process/lfs-pointer.ts';
import { ownGit } from '../process/own-git.ts';
import { requireGenuine } from './genuine.ts';
import { refuseHomeNames, refuseHomes } from './homes.ts';
import { holdingIndex } from './index-lock.ts';
import { commitAt, originOf } from './origin.ts';
import { exists, SCRATCH, type WorktreeRecord, worktreesFolder } from './record.ts';

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

/** Throws `usage` where git refuses, `home_in_changes` where a home would come along; then nothing was changed. */
export const applyWorktree = async (
  home: string,
  record: WorktreeRecord,
  environment: Readonly<Record<string, string>>,
): Promise<Applied> => {
  const asking = { folder: record.repository, environment };
  if (!(await exists(record.repository))) {
    throw new KoubouError('usage', `${record.repository} is gone, where this task began.`, {
      hint: `Bring it over elsewhere: git merge ${record.branch}`,
    });
  }
  const { repository, head } = await originOf(asking);
  if (repository.commonFolder !== (await realpath(record.git_folder).catch(() => undefined))) {
    throw new KoubouError('usage', `${record.repository} is no work tree of ${record.git_folder} any more.`, {
      hint: 'Nothing was applied. What the task did is also in its patch: koubou diff.',
    });
  }
  const scratch = join(worktreesFolder(home), `${record.task_id}${SCRATCH}`);
  const index = join(repository.gitFolder, 'index');
  return holdingIndex(index, async () => {
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
    try {
      const objects = join(scratch, 'objects');
      const place = await ownGit(asking, {
        path: join(scratch, 'git'),
        repository,
        objects: { in: 'folder', folder: objects },
      });
      const tip = await commitAt(asking, `refs/heads/${record.branch}`);
      if (tip === undefined) throw notMerged(record.branch, 'there is no such branch');
      await refuseHomes(place, record, tip);
      return await applied(
        { ...place, folder: repository.top },
        { head, tip, record },
        index,
        join(scratch, 'index'),
      );
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
};

const notMerged = (branch: string, words: string): KoubouError =>
  new KoubouError('usage', `git could not merge ${branch}: ${words}`, {
    hint: 'git 2.38 or newer is needed, and the branch. What the task did is also in its patch: koubou diff.',
  });

const applied = async (
  place: GitPlace,
  { head, tip, record }: { head: string; tip: string; record: WorktreeRecord },
  index: string,
  copy: string,
): Promise<Applied> => {
  const { branch } = record;
  const merge = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', head, tip];
  const merged = await git(place, merge);
  const [tree = '', ...conflicts] = zeroEnded(merged.stdout);
  // Where it cannot merge at all it also ends with 1, and has merged nothing.
  if (merged.code === 1 && tree !== '') return { result: 'conflict', files: shown(conflicts) };
  if (merged.code !== 0) throw notMerged(branch, merged.stderr);
  const all = await movesBetween(place, head, tree);
  refuseHomeNames(
    all.map(({ name }) => name),
    `The branch ${branch}`,
  );
  const moves = all.filter(
    ({ from, to }) => ![from, to].every((state) => state === null || isSubmodule(state)),
  );
  // The merge may have made files, too, and of those git takes the ones that are there.
  const made = moves.flatMap(({ to }) =>
    to === null || isSubmodule(to) ? [] : [to.slice(modeOf(to).length + 1)],
  );
  await requireGenuine(place, record, tip, made);
  const variables = { GIT_INDEX_FILE: copy };
  const { states: current, raw } = await currentState(place, index, copy, moves);
  const dirty = moves.filter(({ name, from, to }) => ![from, to].includes(current.get(name) ?? null));
  if (dirty.length > 0) return { result: 'dirty', files: shown(dirty.map(({ name }) => name)) };
  const files = shown(moves.map(({ name }) => name));
  if (moves.every(({ name, to }) => (current.get(name) ?? null) === to)) return { result: 'applied', files };

  await copyIndex(index, copy);
  // What the index says of a file's time is kept: of a file that a filter wrote, git could not tell that it is as it was.
  const indexed = await entriesOf(place, copy, moves);
  const entries = moves
    .map(({ name }) => ({ name, state: raw.get(name) ?? current.get(name) }))
    .filter(({ name, state }) => indexed.get(name) !== state);
  const from = raw.size === 0 ? head : await treeWith(place, head, raw, `${copy}.from`);
  await gitOutput(place, ['update-index', '--replace', '-z', '--index-info'], {
    variables,
    input: infoOf(entries, head.length),
  });
  await git(place, ['update-index', '-q', '--ignore-submodules', '--refresh'], { variables });
  await gitOutput(place, ['read-tree', '-m', '-u', from, tree], { variables, alone: true });
  return { result: 'applied', files };
};

interface Entry {
  name: string;
  state: string | undefined;
}

/** As `update-index --index-info` reads it. */
const infoOf = (entries: readonly Entry[], idLength: number): Buffer =>
  asBytes(entries.map(({ name, state }) => `${state ?? `0 ${'0'.repeat(idLength)}`}\t${name}\0`).join(''));

/** The tree of a commit, with other entries at some names. */
const treeWith = async (
  place: GitPlace,
  commit: string,
  states: ReadonlyMap<string, string>,
  index: string,
): Promise<string> => {
  const variables = { GIT_INDEX_FILE: index };
  const input = infoOf(
    [...states].map(([name, state]) => ({ name, state })),
    commit.length,
  );
  await gitOutput(place, ['read-tree', commit], { variables });
  await gitOutput(place, ['update-index', '-z', '--index-info'], { variables, input });
  return gitLine(place, ['write-tree', '--missing-ok'], { variables });
};

const movesBetween = async (place: GitPlace, from: string, to: string): Promise<Move[]> => {
  const raw = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=none'];
  const fields = zeroEnded(await gitOutput(place, [...raw, from, to]));
  const moves: Move[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [was = '', is = '', wasId, isId] = (fields[at] ?? '').slice(1).split(' ');
    const state = (mode: string, id: string | undefined) => (/^0+$/.test(mode) ? null : `${mode} ${id}`);
    moves.push({ name: fields[at + 1] ?? '', from: state(was, wasId), to: state(is, isId) });
  }
  return moves;
};

/** Submodules are left as they are. */
const isSubmodule = (state: string): boolean => state.startsWith('160000 ');

/**
 * What lies in the work tree at the names of `moves`, as the index would have it; a folder is no file. `raw`: what a
 * file is itself that HEAD has a pointer to.
 */
const currentState = async (
  place: GitPlace,
  index: string,
  copy: string,
  moves: readonly Move[],
): Promise<{ states: Map<string, string>; raw: Map<string, string> }> => {
  await copyIndex(index, copy);
  const files = [];
  for (const { name } of moves) if (!(await isFolder(place.folder, name))) files.push(`${name}\0`);
  await gitOutput(place, ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'], {
    variables: { GIT_INDEX_FILE: copy },
    input: asBytes(files.join('')),
  });
  const states = await entriesOf(place, copy, moves);
  const pointers = new Map<string, string>();
  for (const { name, from } of moves) {
    const is = states.get(name);
    if (from !== null && is !== undefined && is !== from && modeOf(is) === modeOf(from)) {
      pointers.set(name, from.slice(modeOf(from).length + 1));
    }
  }
  const same = await pointedTo(place, pointers);
  const raw = new Map<string, string>();
  for (const { name, from } of moves) {
    const is = states.get(name);
    if (from === null || is === undefined || !same.has(name)) continue;
    raw.set(name, is);
    states.set(name, from);
  }
  return { states, raw };
};

const modeOf = (state: string): string => state.slice(0, state.indexOf(' '));

/** `MODE ID` of the names of `moves` that an index has. */
const entriesOf = async (
  place: GitPlace,
  index: string,
  moves: readonly Move[],
): Promise<Map<string, string>> => {
  const variables = { GIT_INDEX_FILE: index };
  const listed = zeroEnded(await gitOutput(place, ['ls-files', '-s', '-z', '--full-name'], { variables }));
  const wanted = new Set(moves.map(({ name }) => name));
  const entries = new Map<string, string>();
  for (const line of listed) {
    const tab = line.indexOf('\t');
    const name = line.slice(tab + 1);
    const [mode, id, stage] = line.slice(0, tab).split(' ');
    if (wanted.has(name) && stage === '0') entries.set(name, `${mode} ${id}`);
  }
  return entries;
};

const isFolder = async (top: string, name: string): Promise<boolean> => {
  const facts = await lstat(pathIn(top, name)).catch(() => undefined);
  return facts?.isDirectory() ?? false;
};

const shown = (names: readonly string[]): string[] => names.map(shownName).sort();
