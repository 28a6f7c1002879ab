/**
 * What a command may read and write in Codex's sandbox, as a permission profile of Codex 0.169. Pure. As tried there: a
 * folder below one that is denied can be shown again with `write` only, and `read` holds below that.
 */
import { isAbsolute, relative } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';

export type ConfinedSandbox = 'read-only' | 'workspace-write';

/** Absolute, without symbolic links. */
export interface CodexPlaces {
  /** Where commands work. */
  cwd: string;
  /** The top of koubou's worktree that cwd lies in; the rest of it would be hidden with the home. */
  worktree: string | null;
  /** What commands must not see: koubou's home, with the tasks and results of others, and the user's key for all homes. */
  hidden: readonly string[];
  /**
   * What stays as it is in there: repositories, whose hooks the user's next git would run, and programs that koubou starts
   * by name.
   */
  kept: readonly string[];
  /**
   * The folders between one that commands may write to and what is protected in it. A folder with a rule of its own is a
   * mount and cannot be renamed; else what lies in it would be free under another name. None lies in what is hidden or kept.
   */
  between: readonly string[];
  box: CodexBox;
}

/** The part of a run's own folder that its commands see. */
export interface CodexBox {
  /** Shown, with nothing in it that counts: it is there for what lies in it. */
  shown: string;
  /** CODEX_HOME. A system's bubblewrap starts Codex again inside by a link that Codex makes in here. */
  codexHome: string;
  /** Copies of the files that commands have to read. */
  copies: string;
  /** TMPDIR. Codex makes no links where CODEX_HOME lies in it; and whoever could write those would leave the sandbox. */
  temporary: string;
  /** First on the PATH of Codex, and hidden from commands: programs of koubou's that Codex starts. */
  programs: string;
}

/** `key=value` for `-c`, of `codex exec` and of `codex sandbox`. Throws KoubouError `usage` where it cannot be had. */
export const codexProfile = (sandbox: ConfinedSandbox, places: CodexPlaces): string[] => {
  const { cwd, worktree, hidden, kept, between, box } = places;
  const writes = sandbox === 'workspace-write';
  const rules: (readonly [string, 'read' | 'write' | 'deny'])[] = [
    ...hidden.map((path) => [path, 'deny'] as const),
    ...(writes && worktree !== null && worktree !== cwd ? [[worktree, 'write'] as const] : []),
    ...(writes ? between.map((path) => [path, 'write'] as const) : []),
    ...kept.map((path) => [path, 'read'] as const),
    [box.shown, 'write'],
    [box.codexHome, 'read'],
    [box.copies, 'read'],
    ...(writes ? [[box.temporary, 'write'] as const] : []),
  ];
  const inside: Record<string, string> = { '.': writes ? 'write' : 'read' };
  const outside: Record<string, string> = { ':root': 'read' };
  refuseTwice(rules);
  for (const [path, access] of rules) {
    const below = relative(cwd, path);
    if (below !== '' && !leadsOut(below) && !isOfHome(below)) inside[plain(below)] = access;
    else outside[plain(path)] = access;
  }
  const filesystem = { ...outside, ':workspace_roots': inside };
  return [
    `permissions.koubou.filesystem=${toml(filesystem)}`,
    'permissions.koubou.network={enabled=false}',
    'default_permissions="koubou"',
  ];
};

/** The later one would win, and widen what the other one closes. */
const refuseTwice = (rules: readonly (readonly [string, string])[]): void => {
  const known = new Map<string, string>();
  for (const [path, access] of rules) {
    if ((known.get(path) ?? access) !== access) {
      throw new KoubouError(
        'internal',
        `Two rules of the sandbox are for ${path}, so nothing was run there.`,
      );
    }
    known.set(path, access);
  }
};

/** Codex takes it for the user's home folder. */
const isOfHome = (below: string): boolean => below === '~' || below.startsWith('~/');

/**
 * Codex reads these as a pattern, and then denies what the pattern fits instead of this folder. Control characters it takes
 * out of a path, or refuses. All others hold: tried with each letter of ASCII, at each place of a name.
 */
const UNFIT = /[*?[\]\p{Cc}]/u;

const plain = (path: string): string => {
  if (!UNFIT.test(path)) return path;
  throw new KoubouError(
    'usage',
    `Codex reads ${shownPath(path)} as another path, so koubou could not hide or protect it.`,
    {
      hint: say`Have no * ? [ ] and no control characters in the path: rename it, or delegate with another ${field('cwd')}.`,
    },
  );
};

const shownPath = (path: string): string => JSON.stringify(path).slice(1, -1);

const leadsOut = (path: string): boolean => path === '..' || path.startsWith('../') || isAbsolute(path);

/** JSON's texts, numbers and lists are TOML's too; its objects are not. */
export const toml = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(toml).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}=${toml(each)}`);
  return `{${pairs.join(',')}}`;
};
