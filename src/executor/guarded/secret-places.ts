/** Where people keep what no program of a model's making has to read: by programs, of the machine, and what is hidden of it. */
import { readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { type LookBounds, ledTo } from '../../names/led-to.ts';
import { OF_CONFIG } from '../../names/reserved-names.ts';
import { endOf, ownHomes, systemHome } from '../../names/user-homes.ts';
import { isWithin } from '../../text/is-within.ts';
import { namedSecrets } from './named-secrets.ts';
import { IN_HOME } from './secret-table.ts';

/** Logins of agent CLIs: by the name of the program, which may keep its own where it is not given koubou's endpoint. */
export const AGENT_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  claude: ['.claude', '.claude.json'],
  codex: ['.codex'],
  opencode: [
    '.config/opencode',
    '.local/share/opencode',
    '.local/state/opencode',
    '.cache/opencode',
    '.opencode',
  ],
  aider: ['.aider', '.aider.conf.yml', '.aider.model.settings.yml', '.oauth-keys.env'],
  gemini: ['.gemini'],
  qwen: ['.qwen'],
  goose: ['.config/goose', '.local/share/goose', '.local/state/goose'],
  crush: ['.config/crush', '.local/share/crush'],
  cursor: ['.cursor', '.config/cursor'],
  copilot: ['.copilot', '.config/github-copilot'],
  amp: ['.config/amp', '.local/share/amp'],
  droid: ['.factory'],
};

/** Variables that name such a folder. */
export const AGENT_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  claude: ['CLAUDE_CONFIG_DIR'],
  codex: ['CODEX_HOME'],
  copilot: ['COPILOT_HOME'],
};

/** In those, the login alone, which is renewed in its place: what is renewed elsewhere is lost. */
export const AGENT_LOGINS: Readonly<Record<string, readonly string[]>> = {
  claude: ['.claude/.credentials.json'],
  codex: ['.codex/auth.json'],
  opencode: ['auth.json', 'mcp-auth.json'].map((name) => `.local/share/opencode/${name}`),
  gemini: ['oauth_creds.json', 'google_accounts.json'].map((name) => `.gemini/${name}`),
  qwen: ['.qwen/oauth_creds.json'],
  cursor: ['.config/cursor/auth.json'],
  copilot: ['apps.json', 'hosts.json'].map((name) => `.config/github-copilot/${name}`),
  amp: ['.local/share/amp/secrets.json'],
  droid: ['auth.encrypted', 'auth.v2.file', 'auth.v2.key'].map((name) => `.factory/${name}`),
};

/** In those, what the program reads of the user's, or is installed as. All else it may do without. */
export const AGENT_SHOWN: Readonly<Record<string, readonly string[]>> = {
  claude: ['hooks', 'commands', 'agents', 'skills', 'plugins', 'output-styles', 'local'].map(
    (name) => `.claude/${name}`,
  ),
  codex: ['rules', 'prompts', 'skills', 'packages'].map((name) => `.codex/${name}`),
  opencode: [
    'agent',
    'agents',
    'command',
    'commands',
    'plugin',
    'plugins',
    'skills',
    'themes',
    'node_modules',
  ]
    .flatMap((name) => [`.config/opencode/${name}`, `.opencode/${name}`])
    .concat('.opencode/bin', '.local/share/opencode/bin', '.cache/opencode/node_modules'),
  gemini: ['commands', 'extensions', 'policies'].map((name) => `.gemini/${name}`),
  qwen: ['commands', 'extensions', 'agents', 'skills'].map((name) => `.qwen/${name}`),
  goose: ['.config/goose/recipes'],
  cursor: ['.cursor/rules', '.cursor/commands'],
  copilot: ['agents', 'skills', 'pkg'].map((name) => `.copilot/${name}`),
  droid: ['bin', 'commands', 'droids', 'skills'].map((name) => `.factory/${name}`),
};

/** Of the machine, for those who may reach them: a socket or a key there gives more rights than any file. */
const OF_THE_MACHINE = [
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/etc/ssh',
  '/etc/ssl/private',
  '/etc/kubernetes',
  '/etc/rancher',
  '/etc/wireguard',
  '/etc/NetworkManager/system-connections',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/kubelet',
  '/var/lib/libvirt',
  '/var/snap',
  '/var/lib/lxd',
  '/var/lib/incus',
  '/var/spool/cron',
  '/var/mail',
  '/var/spool/mail',
];

/** Caches that their programs cannot do without writing to; an empty one is a slow one, a read-only one a failure. */
const OWN_CACHES = [
  '.npm',
  '.cache/go-build',
  '.cache/pip',
  '.cache/uv',
  '.cache/ccache',
  '.cache/sccache',
  '.cache/deno',
  '.cache/fontconfig',
  '.cache/node',
  '.cache/corepack',
  '.cache/pre-commit',
  '.cache/black',
];

/** Folders in which programs keep files of their own. */
const SCRATCH = ['', '.config', '.cache', '.local', '.local/share', '.local/state'];

/** In folders that are hidden: programs that people have on their PATH, with no keys beside them. */
const PROGRAMS = [...OWN_CACHES, '.claude/local', '.codex/packages', '.factory/bin', '.opencode/bin'];

/** `home`: without a link, so that none can name keys instead. */
export const programsIn = (home: string): string[] => PROGRAMS.map((name) => join(home, name));

export interface HomePlaces {
  hidden: string[];
  /** Of the hidden ones, those that variables name. */
  named: string[];
  scratch: string[];
}

/** HOME, and the one that the system has on file where that is another. */
export const homeFolders = (environment: Readonly<Record<string, string | undefined>>): string[] => {
  const named = environment['HOME'];
  return [
    ...new Set([...(named?.startsWith('/') ? [named] : []), systemHome()].filter((each) => each !== '')),
  ];
};

const MOST_OTHERS = 20;

/** root could read those of all others. */
const homesOfOthers = (): string[] => {
  if (process.getuid?.() !== 0) return [];
  try {
    return readdirSync('/home')
      .slice(0, MOST_OTHERS)
      .map((name) => join('/home', name));
  } catch {
    return [];
  }
};

/**
 * `spared`: names of the table that this program may see, and variables that name none for it. `naming`: of the worker's whole
 * environment, by which the user's own programs find theirs, what namingVariables gives.
 */
export const secretPlaces = (
  environment: Readonly<Record<string, string>>,
  spared: readonly string[] = [],
  naming: Readonly<Record<string, string | undefined>> = {},
): HomePlaces => {
  const homes = homeFolders(environment);
  const names = [...IN_HOME, ...OF_AGENTS, ...OWN_CACHES].filter((name) => !spared.includes(name));
  const named = [naming, environment].flatMap((each) => namedPlaces(each, homes, spared));
  return {
    named,
    hidden: [
      ...OF_THE_MACHINE,
      ...named,
      ...[...homes, ...homesOfOthers()].flatMap((home) => names.map((name) => join(home, name))),
      ...linkedKeys(homes, spared, named),
    ],
    scratch: homes.flatMap((home) => (home === '/' ? [] : SCRATCH.map((name) => join(home, name)))),
  };
};

/** As tools for dotfiles leave them: `.ssh/id_rsa` is a link to a file elsewhere in the home folder, which holds the key. */
const linkedKeys = (
  homes: readonly string[],
  spared: readonly string[],
  named: readonly string[],
): string[] => {
  const logins = Object.values(AGENT_LOGINS)
    .flat()
    .filter((login) => !spared.some((name) => isWithin(login, name)));
  const names = [...IN_HOME, ...logins];
  const folders = homes.flatMap((home) => (home === '/' ? [] : names.map((name) => join(home, name))));
  const within = homes.flatMap((home) => [home, endOf(home) ?? home]);
  return filesLedTo([...folders, ...named]).filter((path) => within.some((home) => isWithin(path, home)));
};

/** The links on the way from folders of keys to where these lie, folders that such a way leaves again, and ends that are not there. */
/** `named`: places that variables name, besides. */
export const waysToKeys = (named: readonly string[] = []): string[] => {
  const names = [...ownHomes().flatMap((home) => IN_HOME.map((name) => join(home, name))), ...named];
  const { links, passed, ends } = ledTo(names, { ...KEY_BOUNDS, depth: 1 });
  const missing = ends.flatMap(({ path, facts }) => (facts === undefined ? [path] : []));
  return [...links, ...passed, ...missing].filter((path) => !names.some((name) => isWithin(path, name)));
};

/**
 * The same of koubou's homes: `config/.env` may be a link to where all keys are kept, and `config` one into a folder of dotfiles,
 * which is hidden whole then. Also those that are not there.
 */
export const linkedConfigs = (homes: readonly string[]): LinkedConfigs => {
  const names = homes.flatMap((home) => OF_CONFIG.map((name) => join(home, name)));
  const { ends, links, passed } = ledTo(names, { ...KEY_BOUNDS, depth: 0 });
  const isOther = (path: string): boolean => !homes.some((home) => isWithin(path, endOf(home) ?? home));
  const places = ends.map(({ path }) => path).filter(isOther);
  return { places, ways: [...links, ...passed].filter(isOther) };
};

export interface LinkedConfigs {
  places: string[];
  /** Links on the way there, and folders that it leaves again. */
  ways: string[];
}

/** Of each folder: what it holds beyond is other than keys, such as a browser's own files. */
const KEY_BOUNDS: LookBounds = { folders: 300, entries: 5000, depth: 2, steps: 50_000 };

const filesLedTo = (names: readonly string[]): string[] =>
  ledTo(names, KEY_BOUNDS).ends.flatMap(({ path, facts, from }) =>
    facts?.isFile() !== true || isNoKey(from, facts) || names.some((name) => isWithin(path, name))
      ? []
      : [path],
  );

/** Programs and their descriptions, which people link there from their projects. */
const isNoKey = (link: string, { mode }: Stats): boolean =>
  (mode & ANY_EXECUTES) !== 0 || /\/(?:cli-plugins|native-messaging-hosts|plugins|extensions)\//.test(link);
const ANY_EXECUTES = 0o111;

const OF_AGENTS = Object.values(AGENT_FOLDERS).flat();

/** Caches hold no secrets: they are hidden where a program gets one of its own in their place. */
const namedPlaces = (
  environment: Readonly<Record<string, string | undefined>>,
  [home = '/', ...others]: readonly string[],
  spared: readonly string[] = [],
): string[] => {
  const names = [...IN_HOME, ...OF_AGENTS].filter((name) => !spared.includes(name));
  return namedSecrets(environment, { names, home, spared }).filter(
    (path) => !others.some((each) => isWithin(each, path)),
  );
};

/** What a daemon has to be told that does not get these variables. */
export const placesToTell = (environment: Readonly<Record<string, string | undefined>>): string =>
  JSON.stringify(namedPlaces(environment, homeFolders(environment)));

/** In that folder Codex itself may be installed, which starts its sandbox from there. */
const OF_CODEX = ['auth.json', 'history.jsonl', 'sessions'];

/** What is hidden in Codex's own sandbox: the same without caches, which it can only take away. */
export const secretsFromCodex = (
  environment: Readonly<Record<string, string>>,
  naming: Readonly<Record<string, string | undefined>> = {},
): string[] => {
  const spared = [...OWN_CACHES, ...(AGENT_FOLDERS['codex'] ?? [])];
  const { hidden } = secretPlaces(environment, [...spared, 'CODEX_HOME'], naming);
  const own = naming['CODEX_HOME'];
  return [
    ...hidden,
    ...homeFolders(environment).flatMap((home) => OF_CODEX.map((name) => join(home, '.codex', name))),
    ...(own?.startsWith('/') ? OF_CODEX.map((name) => join(own, name)) : []),
  ];
};
