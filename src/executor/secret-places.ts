/** Where people keep what no program of a model's making has to read: one table. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemHome } from '../process/key-folders.ts';
import { isWithin } from '../text/is-within.ts';
import { namedSecrets } from './named-secrets.ts';

/** Below the home folder of the user. */
const IN_HOME = [
  // keys and logins of systems and services
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.oci',
  '.kube',
  '.docker',
  '.netrc',
  '.authinfo',
  '.authinfo.gpg',
  '_netrc',
  '.git-credentials',
  '.config/git/credentials',
  '.config/gh',
  '.config/hub',
  '.config/glab-cli',
  '.config/gcloud',
  '.config/doctl',
  '.config/hcloud',
  '.config/containers/auth.json',
  '.config/rclone',
  '.config/op',
  '.config/sops',
  '.config/age',
  '.config/helm',
  '.config/pulumi',
  '.pulumi/credentials.json',
  '.terraform.d',
  '.terraformrc',
  '.vault-token',
  '.fly',
  '.config/heroku',
  '.config/netlify',
  '.config/vercel',
  '.local/share/com.vercel.cli',
  '.wrangler',
  '.config/.wrangler',
  '.boto',
  '.s3cfg',
  '.databrickscfg',
  '.kaggle',
  '.cloudflared',
  '.config/stripe',
  '.config/ngrok',
  '.ngrok2',
  '.config/configstore',
  '.sentryclirc',
  '.snowsql',
  '.config/filezilla',
  '.filezilla',
  '.subversion/auth',
  '.huggingface/token',
  '.cache/huggingface/token',
  '.cache/huggingface/stored_tokens',
  '.curlrc',
  '.config/curlrc',
  '.wgetrc',
  '.smbcredentials',
  '.davfs2',
  '.dbt',
  '.condarc',
  '.config/nix/nix.conf',
  '.talos',
  '.config/argocd',
  '.aliyun',
  '.config/scw',
  '.config/linode-cli',
  '.vultr-cli.yaml',
  '.chef',
  '.config/tea',
  '.hgrc',
  '.config/hg',
  '.vnc',
  '.local/share/remmina',
  '.config/remmina',
  '.config/syncthing',
  '.local/state/syncthing',
  '.config/borg',
  '.config/restic',
  '.step',
  '.mc',
  '.config/cachix',
  '.config/fastly',
  '.railway',
  '.supabase',
  '.config/supabase',
  '.snowflake',
  '.mongodb',
  // of package registries
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  '.pypirc',
  '.config/pip',
  '.pip',
  '.cargo/credentials',
  '.cargo/credentials.toml',
  '.gem/credentials',
  '.bundle/config',
  '.composer/auth.json',
  '.config/pypoetry/auth.toml',
  '.local/share/uv/credentials',
  '.ivy2/.credentials',
  '.sbt/.credentials',
  '.sbt/credentials',
  '.config/composer/auth.json',
  '.m2/settings.xml',
  '.m2/settings-security.xml',
  '.gradle/gradle.properties',
  '.nuget/NuGet/NuGet.Config',
  '.config/NuGet',
  // of databases
  '.pgpass',
  '.my.cnf',
  '.mylogin.cnf',
  '.dbshell',
  // key rings, password stores, wallets
  '.password-store',
  '.local/share/keyrings',
  '.local/share/kwalletd',
  '.config/keepassxc',
  '.config/Bitwarden',
  '.config/Bitwarden CLI',
  '.config/1Password',
  '.lpass',
  '.config/lpass',
  '.local/share/lpass',
  '.config/rbw',
  '.local/share/rbw',
  '.cache/rbw',
  '.config/gopass',
  '.local/share/gopass',
  '.bitmonero',
  '.config/monero-project',
  '.bitcoin',
  '.ethereum',
  '.electrum',
  '.config/solana',
  // browsers, mail, messengers
  '.mozilla',
  '.thunderbird',
  '.config/google-chrome',
  '.config/chromium',
  '.config/BraveSoftware',
  '.config/microsoft-edge',
  '.config/vivaldi',
  '.config/opera',
  '.var/app',
  'snap',
  '.config/Signal',
  '.local/share/signal-cli',
  '.purple',
  '.weechat',
  '.config/weechat',
  '.irssi',
  '.config/kdeconnect',
  // editors that keep logins
  '.config/Code/User/globalStorage',
  '.config/Cursor/User/globalStorage',
  '.config/VSCodium/User/globalStorage',
  // tools that talk to models
  '.config/io.datasette.llm',
  '.config/mods',
  '.config/shell_gpt',
  '.config/openai',
  '.config/anthropic',
  '.continue',
  '.codeium',
  '.config/Slack',
  '.config/discord',
  '.config/Element',
  '.local/share/TelegramDesktop',
  '.local/share/evolution',
  '.config/evolution',
  '.config/neomutt',
  '.muttrc',
  '.msmtprc',
  '.mbsyncrc',
  '.fetchmailrc',
  '.offlineimaprc',
  '.config/msmtp',
  // the session, and what was typed
  '.Xauthority',
  '.ICEauthority',
  '.bash_history',
  '.zsh_history',
  '.config/zsh/.zsh_history',
  '.local/share/zsh',
  '.local/state/zsh',
  '.local/share/atuin',
  '.sh_history',
  '.rediscli_history',
  '.zhistory',
  '.local/share/fish/fish_history',
  '.python_history',
  '.node_repl_history',
  '.psql_history',
  '.mysql_history',
  '.sqlite_history',
  '.lesshst',
  '.viminfo',
];

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
    ],
    scratch: homes.flatMap((home) => (home === '/' ? [] : SCRATCH.map((name) => join(home, name)))),
  };
};

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
