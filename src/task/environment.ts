/**
 * The variables that say which programs a name means, as they were where a task was added: a daemon that was started
 * earlier, or elsewhere, has others. koubou's own programs (git, bwrap, codex) are looked up without them. Pure.
 */
import type { TaskFile } from './record.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** PATH, and what the environments that people activate set beside it. None of them names a program or a library to load. */
const NAMES = [
  'PATH',
  'CONDA_DEFAULT_ENV',
  'CONDA_PREFIX',
  'GEM_HOME',
  'GEM_PATH',
  'JAVA_HOME',
  'NVM_BIN',
  'PYENV_VERSION',
  'RBENV_VERSION',
  'VIRTUAL_ENV',
] as const;

/** undefined: it says nothing. */
export const recordedEnvironment = (variables: Variables): Record<string, string> | undefined => {
  const found = NAMES.flatMap((name) => {
    const value = variables[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
};

/** What the programs of a task are run with, where the daemon would give them `own`. */
export const programEnvironment = (
  own: Readonly<Record<string, string>>,
  { environment = {}, answer_only }: Pick<TaskFile, 'environment' | 'answer_only'>,
): Readonly<Record<string, string>> =>
  answer_only === true ? own : { ...own, ...recordedEnvironment(environment) };
