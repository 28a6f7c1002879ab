/**
 * Settings of agents (`.claude`, `.mcp.json`, …) in a project: the next agent that starts there obeys them, outside of every
 * sandbox. A task that an agent asked for makes none: what came is renamed, with nothing removed, and the run has failed.
 */
import { lstat, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ErrorInfo, errorInfo, systemCode } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { OBEYED } from '../names/reserved.ts';
import { unlikelyName } from '../names/unlikely-name.ts';
import { named } from '../text/named.ts';

const ASIDE = '.koubou-aside-';

export class ObeyedFolders {
  /** Paths at which nothing was when the run began. */
  readonly #missing: readonly string[];

  private constructor(missing: readonly string[]) {
    this.#missing = missing;
  }

  /** `projects`: absolute and real. */
  static async begin(projects: readonly string[]): Promise<ObeyedFolders> {
    const paths = [...new Set(projects)].flatMap((folder) => OBEYED.map((name) => join(folder, name)));
    const there = await Promise.all(paths.map(isThere));
    return new ObeyedFolders(paths.filter((_, nth) => !there[nth]));
  }

  /** What came, by its path. May be called again. Throws the system's error where it cannot be renamed. */
  async setAside(): Promise<string[]> {
    const came: string[] = [];
    for (const path of this.#missing) {
      if (!(await isThere(path))) continue;
      const folder = Folder.open(dirname(path));
      try {
        const name = path.slice(dirname(path).length + 1);
        await rename(folder.at(name), folder.at(unlikelyName(`${name}${ASIDE}`)));
      } finally {
        folder.close();
      }
      came.push(path);
    }
    return came;
  }
}

const isThere = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
};

export const judgeObeyed = (came: readonly string[]): { error: ErrorInfo; feedback: string } | null =>
  came.length === 0
    ? null
    : {
        error: errorInfo(
          'sandbox_refused',
          `The run made settings that an agent obeys when it starts there: ${named(came, 5)}.`,
          `They are called …${ASIDE}… now, and nothing was removed. Read them; where you want them, rename them.`,
        ),
        feedback: `Make no settings of agents: ${named(came, 5)}.`,
      };
