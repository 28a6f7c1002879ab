/** What a runner cannot be asked for that gives text and changes no files. Pure. */
import { field, say, type Words } from '../say/say.ts';
import type { TaskOptions } from './record.ts';

type Asked = Pick<TaskOptions, 'expect' | 'output' | 'worktree'>;

/** Which option asks for files that text alone makes none of; null: none does. */
export const optionForFiles = ({ expect, output, worktree }: Asked): 'worktree' | 'expect' | null => {
  if (worktree === true) return 'worktree';
  return expect !== undefined && output === undefined ? 'expect' : null;
};

/** Why that cannot be, in a sentence. */
export const writesNone = (runner: string, option: 'worktree' | 'expect'): Words =>
  say`${field(option)} is for files, and the runner ${runner} gives text but writes none.`;
