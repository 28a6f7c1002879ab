/** What lies ready for a run of Codex: its CODEX_HOME, its instructions, the user's settings. */
import { cp, lstat, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorInfo, KoubouError, systemCode } from '../../errors.ts';
import {
  codexPlaces,
  hideFile,
  hideFolder,
  makeBox,
  type Wanted,
  type WatchedPlaces,
} from '../../executor/codex/places.ts';
import type { CodexBox } from '../../executor/codex/profile.ts';
import { removeNoted, strayNote } from '../../executor/codex/stray-folders.ts';
import { removeTree } from '../../names/remove-tree.ts';
import type { TaskFile } from '../../task/record.ts';
import { readTextFile } from '../../text/formats/read-text.ts';
import { RunFailure } from '../failure.ts';
import { buildPrompt, type ModelPrompt } from '../model/model-prompt.ts';
import type { RunContext } from '../runner.ts';
import type { Confinement, Sandbox } from './arguments.ts';
import { codexConfig, requireSettings } from './toml.ts';

/** What `codex exec resume` needs of a CODEX_HOME. */
const KEPT = 'sessions';

export interface CodexHome {
  box: CodexBox;
  confinement: (Confinement & { places: WatchedPlaces }) | null;
}

/** A second run of one attempt begins with a new conversation, as a first one does. */
export const makeCodexHome = async (
  { cwd, statePath, resume }: Pick<RunContext, 'cwd' | 'statePath' | 'resume'>,
  machine: Omit<Wanted, 'cwd' | 'sandbox' | 'box'> & { sandbox: Sandbox },
  texts: { instructions: string; settings: string },
): Promise<CodexHome> => {
  await tidyKilledRuns(statePath);
  await removeTree(statePath);
  const box = await makeBox(statePath);
  await hideFolder(box, KEPT);
  await writeFile(join(statePath, 'instructions.md'), texts.instructions);
  if (resume !== null) {
    const from = join(resume.statePath, KEPT);
    await cp(from, join(statePath, KEPT), { recursive: true, filter: isNoLink }).catch((cause: unknown) => {
      throw new RunFailure(
        errorInfo('conflict', 'The conversation to go on with is not there any more.', 'Delegate it anew.'),
        { cause },
      );
    });
  }
  const { sandbox } = machine;
  const confinement =
    sandbox === 'danger-full-access'
      ? null
      : { sandbox, places: await codexPlaces({ ...machine, sandbox, cwd, box }) };
  const untrusted = [cwd, confinement?.places.cwd, confinement?.places.worktree].filter(
    (path) => path != null,
  );
  await hideFile(box, 'config.toml', codexConfig(texts.settings, [...new Set(untrusted)]));
  return { box, confinement };
};

/** The earlier runs of the task that koubou did not see the end of; this run's own state is that of one begun again. */
const tidyKilledRuns = async (statePath: string): Promise<void> => {
  const folder = dirname(statePath);
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (!(await removeNoted(strayNote(path)))) continue;
    await pruneCodexHome(path);
    await removeTree(strayNote(path));
  }
};

/** Codex would write through it. */
const isNoLink = async (path: string): Promise<boolean> => !(await lstat(path)).isSymbolicLink();

/** Its home holds caches of many megabytes; only the conversation is worth keeping. */
export const pruneCodexHome = async (statePath: string): Promise<void> => {
  // A link in its place would have files of others removed.
  const isFolder = (await lstat(statePath).catch(() => undefined))?.isDirectory() === true;
  const names = isFolder ? await readdir(statePath).catch(() => []) : [];
  const rest = names.filter((name) => name !== KEPT);
  await Promise.all(rest.map((name) => removeTree(join(statePath, name))));
};

/** The text of config/codex.toml. Throws KoubouError `usage` where it cannot be taken apart. */
export const readSettings = async (home: string | null): Promise<string> => {
  if (home === null) return '';
  const file = join(home, 'config', 'codex.toml');
  const text = textOf(file);
  requireSettings(text, file);
  return text;
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
