/**
 * Brings a worktree's branch into the user's work tree: a three-way merge in memory first, then all files or
 * none. The user's index and branch stay as they are. The walk: (1) merge HEAD and the branch into a tree;
 * conflicts end it. (2) Each file that would change must be as HEAD has it; one that is already as the merge has
 * it was written by an earlier try that was killed. (3) git moves the files from HEAD to the merge, on a copy of
 * the index, and refuses before the first of them where it finds anything in its way.
 */
import { copyFile, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { asBytes, type GitPlace, git, gitLine, gitOutput, shownName, zeroEnded } from '../process/git.ts';
import { startTimeOf } from '../process/liveness.ts';
import { type WorktreeRecord, worktreesFolder } from './record.ts';

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
  const scratch = join(worktreesFolder(home), `${record.task_id}.apply`);
  const index = await gitLine(place, ['rev-parse', '--path-format=absolute', '--git-path', 'index']);
  return holding(`${index}.lock`, async () => {
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
  const head = await gitLine(place, ['rev-parse', '--verify', 'HEAD^{commit}']);
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
  if (merged.code === 1) return { result: 'conflict', files: shown(conflicts) };
  if (merged.code !== 0) {
    throw new KoubouError('usage', `git could not merge ${branch}: ${merged.stderr}`, {
      hint: 'git 2.38 or newer is needed, and the branch must be there.',
    });
  }
  const moves = await movesBetween(place, head, tree);
  const variables = { GIT_INDEX_FILE: copy };
  const current = await currentState(place, index, copy, moves);
  const dirty = moves.filter(({ name, from, to }) => ![from, to].includes(current.get(name) ?? null));
  if (dirty.length > 0) return { result: 'dirty', files: shown(dirty.map(({ name }) => name)) };

  await copyIndex(index, copy);
  const entries = moves.map(
    ({ name }) => `${current.get(name) ?? `0 ${'0'.repeat(head.length)}`}\t${name}\0`,
  );
  await gitOutput(place, ['update-index', '-z', '--index-info'], {
    variables,
    input: asBytes(entries.join('')),
  });
  await git(place, ['update-index', '-q', '--refresh'], { variables });
  await gitOutput(place, ['read-tree', '-m', '-u', head, tree], { variables, alone: true });
  return { result: 'applied', files: shown(moves.map(({ name }) => name)) };
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

/** What lies in the work tree at the names of `moves`, as the index would have it. */
const currentState = async (
  place: GitPlace,
  index: string,
  copy: string,
  moves: readonly Move[],
): Promise<Map<string, string>> => {
  const variables = { GIT_INDEX_FILE: copy };
  await copyIndex(index, copy);
  const input = asBytes(moves.map(({ name }) => `${name}\0`).join(''));
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

const copyIndex = async (index: string, copy: string): Promise<void> => {
  await rm(copy, { force: true });
  await copyFile(index, copy).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
};

const shown = (names: readonly string[]): string[] => names.map(shownName).sort();

/** git's own lock: keeps other koubous and the user's git commands out of the work tree meanwhile. */
const holding = async <T>(lock: string, act: () => Promise<T>): Promise<T> => {
  await removeDeadLock(lock);
  try {
    await writeFile(lock, `koubou ${process.pid} ${startTimeOf(process.pid)}\n`, { flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new KoubouError('usage', `Another git command is at work there (${lock}); nothing was applied.`, {
      hint: 'Try again when it has ended; where none runs any more, remove that file.',
    });
  }
  try {
    return await act();
  } finally {
    await rm(lock, { force: true });
  }
};

/** A koubou that was killed leaves the lock; git's own, which name nobody, are left alone. */
const removeDeadLock = async (lock: string): Promise<void> => {
  const seen = await readFile(lock, 'utf8').catch(() => '');
  const [, pid, startTime] = /^koubou (\d+) (.+)\n$/.exec(seen) ?? [];
  if (pid === undefined || startTimeOf(Number(pid)) === startTime) return;
  const aside = `${lock}.${process.pid}`;
  try {
    await rename(lock, aside);
    // Somebody else was quicker, and this is already theirs.
    if ((await readFile(aside, 'utf8')) !== seen) await link(aside, lock);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
};
