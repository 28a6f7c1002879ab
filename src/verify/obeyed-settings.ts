/**
 * Settings of agents (`.claude`, `.mcp.json`, …) in the folders of a run: the next agent that starts there obeys them, outside of
 * every sandbox. A task that an agent asked for makes and changes none, wherever below they lie: what did come is renamed, with
 * nothing removed, and the run has failed.
 */
import { basename } from 'node:path';
import { type ErrorInfo, errorInfo, systemCode } from '../errors.ts';
import { asName, shownName } from '../git/names.ts';
import { nestedGit } from '../git/repository/nested-git.ts';
import { ledTo, SETTINGS_BOUNDS } from '../names/led-to.ts';
import { obeyedOfGit, obeyedWithin, settingsAbove } from '../names/reserved.ts';
import { LEADING, OBEYED } from '../names/reserved-names.ts';
import { NameRefused } from '../names/walk.ts';
import { isWithin } from '../text/is-within.ts';
import { named } from '../text/named.ts';
import { fingerprint } from './fingerprint.ts';
import { ASIDE, moveAside } from './move-aside.ts';

const NAMES: ReadonlySet<string> = new Set(OBEYED);
const LEADS: ReadonlySet<string> = new Set(LEADING.filter((name) => name !== '.git'));

/** Paths, as text. */
export interface CameSettings {
  /** Set aside. */
  moved: string[];
  /** Still there, or nobody knows: not all folders could be looked through. */
  stuck: string[];
}

export class ObeyedSettings {
  readonly #folders: readonly string[];
  readonly #missing: readonly Missing[];
  /** By path, in git's bytes. */
  readonly #before: ReadonlyMap<string, string>;
  readonly #closed: ReadonlySet<string>;

  private constructor(folders: readonly string[], { found, closed }: Settings, missing: readonly Missing[]) {
    this.#folders = folders;
    this.#missing = missing;
    this.#before = found;
    this.#closed = new Set(closed);
  }

  /**
   * `folders`: absolute and real; what lies below them is looked through. `linked`: only what links in settings lead to counts, and
   * nothing that is installed, as for a person, who may have settings written.
   */
  static async begin(folders: readonly string[], { linked = false } = {}): Promise<ObeyedSettings> {
    const own = [...new Set(folders)].map(asName);
    const settings = await settingsIn(own);
    const missing = missingIn(folders, settings.leading.map(shownName));
    return new ObeyedSettings(
      linked ? [] : own,
      settings,
      linked ? missing.filter(({ end }) => !INSTALLED.test(end)) : missing,
    );
  }

  /** May be called again. */
  async setAside(): Promise<CameSettings> {
    const came: CameSettings = { moved: [], stuck: [] };
    // First what links lead to: the settings in which these stand are what they were then.
    for (const { link, end } of this.#missing) {
      if (!leadsNow(link)) continue;
      if ((await move(asName(end), came)) === 'gone') came.stuck.push(end);
    }
    const { found, closed } = await settingsIn(this.#folders);
    for (const path of closed) if (!this.#closed.has(path)) came.stuck.push(shownName(path));
    for (const [path, now] of found) if (this.#before.get(path) !== now) await move(path, came);
    return came;
  }
}

const move = async (path: string, came: CameSettings): Promise<'done' | 'gone'> => {
  const shown = shownName(path);
  try {
    const isMoved = await moveAside(path.slice(0, path.lastIndexOf('/')), basename(path));
    (isMoved ? came.moved : came.stuck).push(shown);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'gone';
    if (systemCode(error) === undefined && !(error instanceof NameRefused)) throw error;
    came.stuck.push(shown);
  }
  return 'done';
};

interface Settings {
  /** By path, in git's bytes. */
  found: Map<string, string>;
  /** All that may lead elsewhere, version control included. */
  leading: string[];
  /** Folders that cannot be looked through. */
  closed: string[];
}

/** A link of settings that led nowhere: where something would have to be made. */
interface Missing {
  link: string;
  end: string;
}

const INSTALLED = /\/(?:node_modules|site-packages)\//;

const missingIn = (folders: readonly string[], settings: readonly string[]): Missing[] => {
  const { ends } = ledTo([...settings, ...folders.flatMap(settingsAbove)], SETTINGS_BOUNDS);
  return ends.flatMap(({ path, facts, from }) =>
    facts === undefined && from !== path && folders.some((folder) => isWithin(path, folder))
      ? [{ link: from, end: path }]
      : [],
  );
};

/** By its name, as a folder on its way may have become another one. */
const leadsNow = (link: string): boolean =>
  ledTo([link], { ...SETTINGS_BOUNDS, depth: 0 }).ends[0]?.facts !== undefined;

const settingsIn = async (folders: readonly string[]): Promise<Settings> => {
  const found = new Map<string, string>();
  const leading: string[] = [];
  const closed: string[] = [];
  for (const folder of folders) {
    const below = await nestedGit(folder, { also: LEADS });
    for (const path of below.also.filter((each) => NAMES.has(basename(each))))
      found.set(path, await fingerprint(path));
    const git = [`${folder}/.git`, ...below.found];
    for (const path of [...below.also.flatMap(obeyedWithin), ...git.flatMap(obeyedOfGit)]) leading.push(path);
    for (const path of below.closed) closed.push(path);
    if (!below.whole) closed.push(folder);
  }
  return { found, leading, closed };
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
