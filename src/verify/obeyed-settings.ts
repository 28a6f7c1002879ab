/**
 * Settings of agents (`.claude`, `.mcp.json`, …) in the folders of a run: the next agent that starts there obeys them, outside of
 * every sandbox. A task that an agent asked for makes and changes none, wherever below they lie: what did come is renamed, with
 * nothing removed, and the run has failed.
 */
import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type ErrorInfo, errorInfo, systemCode } from '../errors.ts';
import { asName, shownName } from '../git/names.ts';
import { nestedGit } from '../git/repository/nested-git.ts';
import { ledTo, SETTINGS_BOUNDS } from '../names/led-to.ts';
import { settingsAbove } from '../names/reserved.ts';
import { OBEYED } from '../names/reserved-names.ts';
import { NameRefused } from '../names/walk.ts';
import { isWithin } from '../text/is-within.ts';
import { named } from '../text/named.ts';
import { fingerprint } from './fingerprint.ts';
import { ASIDE, moveAside } from './move-aside.ts';

const NAMES: ReadonlySet<string> = new Set(OBEYED);

/** Paths, as text. */
export interface CameSettings {
  /** Set aside. */
  moved: string[];
  /** Still there, or nobody knows: not all folders could be looked through. */
  stuck: string[];
}

export class ObeyedSettings {
  readonly #folders: readonly string[];
  readonly #missing: readonly string[];
  /** By path, in git's bytes. */
  readonly #before: ReadonlyMap<string, string>;
  readonly #closed: ReadonlySet<string>;

  private constructor(folders: readonly string[], { found, closed }: Settings, missing: readonly string[]) {
    this.#folders = folders;
    this.#missing = missing;
    this.#before = found;
    this.#closed = new Set(closed);
  }

  /**
   * `folders`: absolute and real; what lies below them is looked through. `linked`: only what links in settings lead to counts, as
   * for a person, who may have settings written.
   */
  static async begin(folders: readonly string[], { linked = false } = {}): Promise<ObeyedSettings> {
    const own = [...new Set(folders)].map(asName);
    const settings = await settingsIn(own);
    const missing = missingIn(folders, [...settings.found.keys()].map(shownName));
    return new ObeyedSettings(linked ? [] : own, settings, missing);
  }

  /** May be called again. */
  async setAside(): Promise<CameSettings> {
    const { found, closed } = await settingsIn(this.#folders);
    const came: CameSettings = {
      moved: [],
      stuck: closed.filter((path) => !this.#closed.has(path)).map(shownName),
    };
    const changed = [...found].flatMap(([path, now]) => (this.#before.get(path) === now ? [] : [path]));
    for (const path of [...changed, ...this.#missing.filter(isThere).map(asName)]) {
      const shown = shownName(path);
      try {
        if (await moveAside(path.slice(0, path.lastIndexOf('/')), basename(path))) came.moved.push(shown);
      } catch (error) {
        if (systemCode(error) === undefined && !(error instanceof NameRefused)) throw error;
        if (systemCode(error) !== 'ENOENT') came.stuck.push(shown);
      }
    }
    return came;
  }
}

interface Settings {
  /** By path, in git's bytes. */
  found: Map<string, string>;
  /** Folders that cannot be looked through. */
  closed: string[];
}

/**
 * Where settings in these folders and above them lead by a link and nothing is: the first part of the way that somebody would have
 * to make.
 */
const missingIn = (folders: readonly string[], settings: readonly string[]): string[] => {
  const { ends } = ledTo([...settings, ...folders.flatMap(settingsAbove)], SETTINGS_BOUNDS);
  const missing = ends.flatMap(({ path, facts, from }) =>
    facts === undefined && from !== path && folders.some((folder) => isWithin(path, folder))
      ? [firstMissing(path)]
      : [],
  );
  return [...new Set(missing)];
};

const firstMissing = (path: string): string => {
  let first = path;
  while (!isThere(dirname(first))) first = dirname(first);
  return first;
};

/** Be it a link to nothing. */
const isThere = (path: string): boolean => {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
};

const settingsIn = async (folders: readonly string[]): Promise<Settings> => {
  const found = new Map<string, string>();
  const closed: string[] = [];
  for (const folder of folders) {
    const below = await nestedGit(folder, { also: NAMES });
    for (const path of below.also) found.set(path, await fingerprint(path));
    for (const path of below.closed) closed.push(path);
    if (!below.whole) closed.push(folder);
  }
  return { found, closed };
};

export const judgeSettings = ({
  moved,
  stuck,
}: CameSettings): { error: ErrorInfo; feedback: string } | null => {
  const all = [...moved, ...stuck];
  if (all.length === 0) return null;
  const left = stuck.length === 0 ? '' : `; not set aside: ${named(stuck, 5)}`;
  return {
    error: errorInfo(
      'settings_in_changes',
      `The run made or changed settings that an agent obeys when it starts there: ${named(all, 5)}${left}.`,
      `What was set aside is called …${ASIDE}… now, and nothing was removed. Read it; where you want it, rename it.`,
    ),
    feedback: `Leave settings of agents alone: ${named(all, 5)}.`,
  };
};
