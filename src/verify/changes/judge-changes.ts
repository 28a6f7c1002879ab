/** Whether what a run changed is evidence of its work. Pure. */
import { type ErrorInfo, errorInfo } from '../../errors.ts';
import { action, field, say } from '../../say/say.ts';
import { named } from '../../text/named.ts';
import type { Changed } from '../work-tree/git-tree.ts';

/** What a run changed; `trouble` says why that cannot be known. */
export type Changes = Changed & { homes: readonly string[]; trouble?: string };

const LEFT_BEFORE = say`What an earlier run of the task left in the folder does not count: the work may be there already. Say ${field('allow_no_change')} if no change is right.`;

/** Parts of homes are refused whatever else was done. */
export const judgeHomes = (homes: readonly string[]): { error: ErrorInfo; feedback: string } | null =>
  homes.length === 0
    ? null
    : {
        error: errorInfo(
          'home_in_changes',
          `The run made or changed what lies in a folder of koubou's: ${named(homes, 5)}.`,
          say`Look at it, then remove it: koubou reads such a folder where it finds one. ${action('diff')} shows the rest.`,
        ),
        feedback: `Leave folders called .koubou alone: ${named(homes, 5)}. Do the work without them.`,
      };

/** A look at the folder failed by what the run left there. */
export const judgeUnknown = (why: string): { error: ErrorInfo; feedback: string } => ({
  error: errorInfo('changes_unknown', `What the run changed is not known: ${why}`),
  feedback: 'Leave the folder so that git can read all of it.',
});

/** What is shown of them is not what would run. */
export const judgeReencoded = (names: readonly string[]): { error: ErrorInfo; feedback: string } | null =>
  names.length === 0
    ? null
    : {
        error: errorInfo(
          'output_changed',
          `git would show these files otherwise than they lie there, or not at all: ${named(names, 5)}.`,
          'An attribute (working-tree-encoding, ident, text) came with the run, in a .gitattributes that may be ignored, or their names are such as git takes into no index (git~1). Look at the files themselves.',
        ),
        feedback: `Give these files no attributes of git, and plain names: ${named(names, 5)}.`,
      };

/** Of the work itself, while it was checked. */
export const judgeMoved = (changed: readonly string[]): { error: ErrorInfo; feedback: string } => {
  const what = named(changed, 5);
  return {
    error: errorInfo(
      'output_changed',
      `What was checked is not what would be kept: ${what} changed while the check ran.`,
      'The check itself, or something that the run left running, wrote there. Let the check write elsewhere, or where git ignores it.',
    ),
    feedback: `While your work was checked, these files changed: ${what}. Leave nothing running, and leave the files as the check leaves them.`,
  };
};

/** "3 files changed", or what is wrong where nothing did. `run`: which one of the task. */
export const judgeChanges = (
  { names, bounded, trouble }: Changed & { trouble?: string },
  folder: string,
  run: number,
): { evidence: string } | { error: ErrorInfo; feedback: string | null } => {
  if (trouble !== undefined) {
    return {
      error: errorInfo('no_evidence', `What the run changed is not known: ${trouble}`),
      feedback: null,
    };
  }
  const note = bounded ? ' (the folder is too large: not all of it was looked at)' : '';
  if (names.length > 0) {
    return { evidence: `${names.length} file${names.length === 1 ? '' : 's'} changed${note}` };
  }
  return {
    error: errorInfo(
      'no_evidence',
      `The run ended well, but no file changed under ${folder}${note}.`,
      run > 1 ? LEFT_BEFORE : undefined,
    ),
    feedback:
      'No file was changed. Do the work now: change the files with your tools, then say what you did.',
  };
};
