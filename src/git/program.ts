/** Which git is run: none that lies in a work tree, as what is there is the tree's, and not run with the user's rights. */
import { findOwn, ownPath } from '../process/programs/own-path.ts';

interface GitProgram {
  /** Absolute; plain `git` where there is none. */
  program: string;
  /** For git itself: what it starts is looked for there. */
  path: string;
}

/** `inside`: absolute folders of the work trees that others write to. */
export const gitProgram = async (path: string | undefined, inside: readonly string[]): Promise<GitProgram> =>
  (await findOwn('git', { path, inside })) ?? { program: 'git', path: await ownPath({ path, inside }) };
