/**
 * What a project brings along for an agent CLI that cannot be told to leave it alone: opencode 1.18 runs the
 * plugins of `.opencode` in spite of OPENCODE_DISABLE_PROJECT_CONFIG and --pure
 * (https://github.com/anomalyco/opencode/issues/49836).
 */
import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { KoubouError } from '../errors.ts';

/** From `folder` up to the root of its repository, and without one to the root; what is the user's own ends it. */
const foldersAbove = async (folder: string, user: string): Promise<string[]> => {
  const found: string[] = [];
  for (let at = resolve(folder); at !== user; at = dirname(at)) {
    found.push(at);
    if (at === dirname(at) || (await exists(join(at, '.git')))) break;
  }
  return found;
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
};

/** Throws KoubouError `not_allowed` where one of `names` lies in `cwd` or above it. `user`: the home folder of the user. */
export const refuseProjectSettings = async (
  runner: string,
  names: readonly string[],
  { cwd, user }: { cwd: string; user: string },
): Promise<void> => {
  if (names.length === 0) return;
  for (const folder of await foldersAbove(cwd, user)) {
    for (const name of names) {
      const path = join(folder, name);
      if (!(await exists(path))) continue;
      throw new KoubouError(
        'not_allowed',
        `${path} belongs to the project, and ${runner} would run what it names. ${runner} was not started.`,
        {
          hint: `Use another runner, move it away, or, where you trust the project, \`koubou config runners.${runner}.project_settings '[]'\`.`,
        },
      );
    }
  }
};
