/**
 * Whether a rebase, cherry-pick or revert that came to be in a git folder while a program ran there holds nothing that the
 * user's next `--continue` would run: then it may be one that the user began, and is left as it is.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextFile } from '../text/read-text.ts';

type Form = (text: string) => boolean;

const lines =
  (each: RegExp): Form =>
  (text) =>
    text.split('\n').every((line) => line === '' || each.test(line));

/** No word of it names a program, as `exec` would. */
const STEPS = lines(
  /^(?:[#;].*|noop|break|b|(?:pick|p|reword|r|edit|e|squash|s|fixup|f|drop|d|revert|label|l|reset|t|merge|m|update-ref|u) .*)$/,
);
const ANYTHING: Form = () => true;

const REBASE: Record<string, Form> = {
  'git-rebase-todo': STEPS,
  'git-rebase-todo.backup': STEPS,
  done: STEPS,
  strategy: lines(/^(?:ort|recursive|resolve|octopus|ours|subtree)$/),
  strategy_opts: lines(/^\s*$/),
  gpg_sign_opt: lines(/^-S\w*$/),
};
/** Of these git reads numbers, ids, names of branches and words of messages. */
const OF_REBASE: readonly string[] = [
  'allow_rerere_autoupdate amend author-script autostash cdate_is_adate current-fixups',
  'drop_redundant_commits dropped end head-name ignore_date interactive keep_redundant_commits',
  'message message-fixup message-squash msgnum no-reschedule-failed-exec onto orig-head patch',
  'quiet reschedule-failed-exec rewritten-list rewritten-pending signoff squash-onto stopped-sha',
  'update-refs verbose',
];
for (const name of OF_REBASE.flatMap((names) => names.split(' '))) REBASE[name] = ANYTHING;

const SEQUENCER: Record<string, Form> = {
  todo: STEPS,
  head: ANYTHING,
  'abort-safety': ANYTHING,
  opts: lines(
    /^\s*(?:\[options\]|(?:no-commit|edit|allow-empty|allow-empty-message|drop-redundant-commits|keep-redundant-commits|signoff|record-origin|allow-ff|mainline|default-msg-cleanup|allow-rerere-auto|commit-use-reference) = \w+)$/,
  ),
};

const KNOWN: Record<string, Record<string, Form>> = { 'rebase-merge': REBASE, sequencer: SEQUENCER };

export const runsNothing = async (path: string, name: string): Promise<boolean> => {
  const known = KNOWN[name];
  if (known === undefined) return false;
  try {
    for (const file of await readdir(path)) {
      const form = Object.hasOwn(known, file) ? known[file] : undefined;
      if (form === undefined || !form(readTextFile(join(path, file), { whole: true }))) return false;
    }
    return true;
  } catch {
    return false;
  }
};
