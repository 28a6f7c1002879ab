/**
 * What a sentence of koubou names, but does not word: a field of a request, an action, the help on one. The command line has
 * flags and commands for them, another door has other names. Pure.
 */

/** Named as in JSON. All but `command` are flags of the command line, with `-` for `_`. */
export type FieldName =
  | 'allow_network_fs'
  | 'allow_no_change'
  | 'at'
  | 'branch_as_it_is'
  | 'check'
  | 'check_outside'
  | 'command'
  | 'cwd'
  | 'detach'
  | 'drain'
  | 'each'
  | 'expect'
  | 'expect_existing'
  | 'extract'
  | 'file'
  | 'home'
  | 'idle_exit'
  | 'in'
  | 'key'
  | 'label'
  | 'max'
  | 'min'
  | 'model'
  | 'output'
  | 'prompt_file'
  | 'reveal'
  | 'runner'
  | 'sandbox'
  | 'schema'
  | 'set'
  | 'skip_existing'
  | 'status'
  | 'tasks'
  | 'timeout'
  | 'type'
  | 'wait'
  | 'worktree';

/** Named as the commands of the command line. */
export type ActionName =
  | 'apply'
  | 'cancel'
  | 'config'
  | 'delegate'
  | 'diff'
  | 'discard'
  | 'doctor'
  | 'init'
  | 'list'
  | 'logs'
  | 'result'
  | 'retry'
  | 'status'
  | 'stop'
  | 'trust'
  | 'wait'
  | 'work'
  | 'workers scale';

export interface FieldMark {
  kind: 'field';
  name: FieldName;
  /** As it stands in the sentence, with its quotes if it has any. */
  value: string | undefined;
}

export interface ActionMark {
  kind: 'action';
  name: ActionName;
  /** What it is asked with; each is one word, whatever is in it. */
  words: readonly (string | FieldMark)[];
  /** To be copied as it is, and no part of a sentence. */
  isLine: boolean;
}

export interface HelpMark {
  kind: 'help';
  /** undefined: of what was asked for. */
  action: ActionName | undefined;
}

export type Mark = FieldMark | ActionMark | HelpMark;

/** How one door writes them. */
export interface Wording {
  field: (mark: FieldMark) => string;
  action: (mark: ActionMark) => string;
  help: (mark: HelpMark) => string;
}
