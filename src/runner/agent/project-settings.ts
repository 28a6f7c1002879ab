/**
 * What a project brings along for an agent CLI that cannot be told to leave it alone: opencode 1.18 runs the
 * plugins of `.opencode` in spite of OPENCODE_DISABLE_PROJECT_CONFIG and --pure
 * (https://github.com/anomalyco/opencode/issues/49836).
 */
import { lstat, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { findRepository, isRepository } from '../../git/repository/repository.ts';
import { action, say } from '../../say/say.ts';

/**
 * From `folder` up to the top of its repository, and without one to the root; what is the user's own ends it. A `.git` that
 * git does not take for one ends nothing, as it does not for opencode.
 */
const foldersAbove = async ({ cwd, user, environment }: Where): Promise<string[]> => {
  const folder = await realpath(cwd);
  const repository = await findRepository({ folder, environment }).catch((error: unknown) => {
    // Without git there is no top.
    if (error instanceof KoubouError) return undefined;
    throw error;
  });
  const top = repository !== undefined && isRepository(repository) ? repository.top : '/';
  const end = await realpath(user).catch(() => user);
  const found: string[] = [];
  for (let at = folder; at !== end; at = dirname(at)) {
    found.push(at);
    if (at === top || at === dirname(at)) break;
  }
  return found;
};

interface Where {
  cwd: string;
  /** The home folder of the user. */
  user: string;
  /** Of git. */
  environment: Readonly<Record<string, string>>;
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
};

/** Throws KoubouError `not_allowed` where one of `names` lies in `cwd` or above it. */
export const refuseProjectSettings = async (
  runner: string,
  names: readonly string[],
  where: Where,
): Promise<void> => {
  if (names.length === 0) return;
  for (const folder of await foldersAbove(where)) {
    for (const name of names) {
      const path = join(folder, name);
      if (!(await exists(path))) continue;
      throw new KoubouError(
        'not_allowed',
        `${path} belongs to the project, and ${runner} would run what it names. ${runner} was not started.`,
        {
          hint: say`Use another runner, move it away, or, where you trust the project, ${action('config', `runners.${runner}.project_settings`, '[]')}.`,
        },
      );
    }
  }
};
