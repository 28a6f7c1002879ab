import type { ApplyDocument } from '../../actions/documents/work.ts';
import type { BaseCommand } from '../base-command.ts';

/** What `koubou apply` did: the files on stdout, all else on stderr. */
export async function printApplied(command: BaseCommand, applied: ApplyDocument): Promise<void> {
  const { files, only_there, notes } = applied;
  if (files.length > 0) await command.print(files.join('\n'));
  command.hint(outcomeOf(applied));
  for (const note of notes) command.hint(note);
  for (const path of only_there) {
    command.hint(
      `git ignores ${path}, so it came over with nothing; its worktree is kept until \`koubou discard\`.`,
    );
  }
}

function outcomeOf({ result, files, branch, repository }: ApplyDocument): string {
  if (result === 'conflict') {
    return `These conflict; nothing was changed. To merge by hand: git merge ${branch}`;
  }
  if (result === 'dirty') {
    return 'These hold changes of your own; nothing was changed. Commit them, stash them (`git stash -u` takes new files too) or move them away, then try again.';
  }
  return files.length === 0 ? 'It was all there already.' : `Applied to ${repository}.`;
}
