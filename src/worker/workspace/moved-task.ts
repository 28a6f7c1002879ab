/** A task in a worktree of its own: its folder and its files by their paths there. */
import { join, relative } from 'node:path';
import { walk } from '../../names/walk.ts';
import type { TaskFile } from '../../task/record.ts';
import type { Worktree } from '../../worktree/worktree.ts';

/**
 * A file that the commit does not hold can only be read where it is, and so is one that is a link there: what was
 * attached was none, or was followed when the task was added.
 */
export const movedTask = (task: TaskFile, { record, cwd }: Worktree): TaskFile => {
  const places = { ...task.places };
  const files = task.files.map((file) => {
    const within = relative(record.repository, places[file.path] ?? file.path);
    const moved = join(record.path, within);
    if (within.startsWith('..') || !isFileItself(moved, record.path)) return file;
    places[moved] = walk(moved).end;
    return { ...file, path: moved };
  });
  return { ...task, cwd, files, places };
};

/** Whether no part of it below `top` is a link. */
const isFileItself = (path: string, top: string): boolean => {
  try {
    const { end, facts } = walk(path);
    return facts?.isFile() === true && end === join(walk(top).end, relative(top, path));
  } catch {
    return false;
  }
};
