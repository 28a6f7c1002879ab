/** What lies ready for a run of Codex: its CODEX_HOME, its instructions, the user's settings. */
import { cp, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorInfo, KoubouError, systemCode } from '../errors.ts';
import type { TaskFile } from '../task/record.ts';
import { readTextFile } from '../text/read-text.ts';
import type { Places } from './codex-arguments.ts';
import { codexSettings } from './codex-toml.ts';
import { RunFailure } from './failure.ts';
import { buildPrompt, type ModelPrompt } from './model-prompt.ts';
import type { RunContext } from './runner.ts';
import { removeNoted } from './stray-folders.ts';

/** What `codex exec resume` needs of a CODEX_HOME. */
const KEPT = 'sessions';

/** A second run of one attempt begins with a new conversation, as a first one does. */
export const makeCodexHome = async (
  { cwd, statePath, resume }: Pick<RunContext, 'cwd' | 'statePath' | 'resume'>,
  home: string,
  instructions: string,
): Promise<Places> => {
  await tidyKilledRuns(statePath);
  await rm(statePath, { recursive: true, force: true });
  await mkdir(join(statePath, 'tmp'), { recursive: true, mode: 0o700 });
  await writeFile(join(statePath, 'instructions.md'), instructions);
  if (resume !== null) {
    const from = join(resume.statePath, KEPT);
    await cp(from, join(statePath, KEPT), { recursive: true }).catch((cause: unknown) => {
      throw new RunFailure(
        errorInfo('usage', 'The conversation to go on with is not there any more.', 'Delegate it anew.'),
        { cause },
      );
    });
  }
  const [realCwd, realHome, temporary] = await Promise.all([
    realpath(cwd).catch(() => cwd),
    realpath(home),
    realpath(join(statePath, 'tmp')),
  ]);
  return { cwd: realCwd, home: realHome, temporary };
};

/** Of a run: what its sandbox may leave in the user's folder. It goes with the rest when the run ends. */
export const strayNote = (statePath: string): string => join(statePath, 'strays.json');

/** The earlier runs of the task that koubou did not see the end of; this run's own state is that of one begun again. */
const tidyKilledRuns = async (statePath: string): Promise<void> => {
  const folder = dirname(statePath);
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (await removeNoted(strayNote(path))) await pruneCodexHome(path);
  }
};

/** Its home holds caches of many megabytes; only the conversation is worth keeping. */
export const pruneCodexHome = async (statePath: string): Promise<void> => {
  const names = await readdir(statePath).catch(() => []);
  const rest = names.filter((name) => name !== KEPT);
  await Promise.all(rest.map((name) => rm(join(statePath, name), { recursive: true, force: true })));
};

/** Throws KoubouError `usage` where config/codex.toml cannot be taken apart. */
export const readSettings = async (home: string): Promise<string[]> => {
  const file = join(home, 'config', 'codex.toml');
  return codexSettings(textOf(file), file);
};

const textOf = (file: string): string => {
  try {
    return readTextFile(file);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return '';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KoubouError('usage', `${file} cannot be read: ${why}`, {
      hint: 'Make it a file that you may read, or remove it.',
      cause,
    });
  }
};

/** Codex's own instructions stay even where the task names a template: it says what to do, they say how. */
export const codexPrompt = async (
  task: TaskFile,
  folders: readonly string[],
  feedback: string | null,
): Promise<ModelPrompt> => {
  const { template, system } = task.options;
  const asked =
    template === undefined
      ? []
      : [
          (await buildPrompt({ ...task, files: [], options: { template } }, { folders, template, feedback }))
            .system,
        ];
  const more = [...asked, ...(system === undefined ? [] : [system])].join('\n\n');
  const options = { ...task.options, template: 'codex', system: more === '' ? undefined : more };
  return buildPrompt({ ...task, options }, { folders, template: 'codex', feedback });
};
