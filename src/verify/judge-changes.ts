/** Whether what a run changed is evidence of its work. Pure. */
import { type ErrorInfo, errorInfo } from '../errors.ts';
import { named } from '../text/named.ts';
import type { Changed } from './git-tree.ts';

/** What a run changed; `trouble` says why that cannot be known. */
export type Changes = Changed & { homes: readonly string[]; trouble?: string };

const LEFT_BEFORE =
  'What an earlier run of the task left in the folder does not count: the work may be there already. Say --allow-no-change if no change is right.';

/** Parts of homes are refused whatever else was done. */
export const judgeHomes = (homes: readonly string[]): { error: ErrorInfo; feedback: string } | null =>
  homes.length === 0
    ? null
    : {
        error: errorInfo(
          'home_in_changes',
          `The run made or changed what lies in a folder of koubou's: ${named(homes, 5)}.`,
          'Look at it, then remove it: koubou reads such a folder where it finds one. `koubou diff` shows the rest.',
        ),
        feedback: `Leave folders called .koubou alone: ${named(homes, 5)}. Do the work without them.`,
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
