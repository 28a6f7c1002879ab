/** What a git that failed comes to: whether the machine, the repository or something that passes was to blame. */
import { KoubouError } from '../errors.ts';
import { cureOfDamage } from './repository/damage.ts';
import { halfWorktreeIn } from './repository/half-worktree.ts';

const FULL = /No space left on device|Disk quota exceeded/;

/** What a person has to mend, another attempt does not. Most of what git does not say the reason of passes. */
export const gitFailed = (what: string, stderr: string): KoubouError => {
  const message = `${what}: ${stderr}`;
  if (FULL.test(stderr)) return new KoubouError('disk_full', message);
  const cure =
    halfWorktreeIn(stderr) === undefined
      ? cureOfDamage(stderr)
      : 'A git was killed there while it made that worktree: `git worktree prune` clears it away.';
  return cure === undefined
    ? new KoubouError('git_failed', message)
    : new KoubouError('conflict', message, { hint: cure });
};

/** It says nothing of the repository: git was killed, or had no room. */
export const isOfMachine = ({ code }: KoubouError): boolean => code === 'git_killed' || code === 'disk_full';
