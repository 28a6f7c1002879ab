import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A linked work tree as agents have it among their settings, recorded on both sides as git does; answers with its folder. */
export const agentWorktree = (top: string, name = 'one'): string => {
  const folder = join(top, '.claude', 'worktrees', name);
  const record = join(top, '.git', 'worktrees', name);
  for (const each of [folder, record]) mkdirSync(each, { recursive: true });
  writeFileSync(join(top, '.git', 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(folder, '.git'), `gitdir: ${record}\n`);
  writeFileSync(join(record, 'gitdir'), `${join(folder, '.git')}\n`);
  return folder;
};
