/**
 * The command line of `codex exec`. Pure. Versions of Codex come and go with their flags, so each that it
 * could do without is given only where the installed one knows it; what it is not told is said.
 */
import { isAbsolute, relative } from 'node:path';
import { errorInfo } from '../errors.ts';
import { RunFailure } from './failure.ts';

export type Sandbox = 'read-only' | 'workspace-write' | 'danger-full-access';

/** What the installed Codex says that it knows. */
export interface CodexAbilities {
  version: string;
  /** Of `codex exec --help`: `--json`, … */
  flags: ReadonlySet<string>;
  /** Of `codex features list`. */
  features: ReadonlySet<string>;
}

export interface CodexWishes {
  model: string;
  /** Of the server, ending in /v1. */
  baseUrl: string;
  /** The variable that holds the key for it. */
  keyVariable: string;
  /** Where the last message goes. */
  outputPath: string;
  instructionsPath: string;
  sandbox: Sandbox;
  places: Places;
  /** The session to go on with. */
  resume: string | null;
  /** `key=value` of the user's own codex.toml. */
  settings: readonly string[];
}

/** Absolute, without symbolic links. */
export interface Places {
  cwd: string;
  /** koubou's own: a model that could write there could add tasks and forge results. */
  home: string;
  /** The one folder besides cwd that commands may write to. */
  temporary: string;
}

/** Without these no run could be followed; a Codex that lacks one is too old. */
const NEEDED = ['--json', '--output-last-message', '--skip-git-repo-check'];
/** Nothing but what koubou says may decide how it runs. */
const WANTED = ['--ignore-user-config', '--ignore-rules'];
const UNWANTED_FEATURES = ['plugins', 'unbounded_connection_retries', 'multi_agent', 'goals'];

/** Flags and features that koubou would use and this Codex does not know. */
export const unknownTo = ({ flags, features }: CodexAbilities): string[] => [
  ...[...NEEDED, ...WANTED].filter((flag) => !flags.has(flag)),
  ...UNWANTED_FEATURES.filter((feature) => !features.has(feature)).map((feature) => `--disable ${feature}`),
];

export const isTooOld = ({ flags }: CodexAbilities): boolean => NEEDED.some((flag) => !flags.has(flag));

/** The flags that a help text lists. */
export const flagsIn = (help: string): Set<string> => new Set(help.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []);

/** The names that `codex features list` begins its lines with; what is removed can be disabled, too. */
export const featuresIn = (list: string): Set<string> =>
  new Set(list.split('\n').flatMap((line) => /^([a-z][a-z0-9_]*)\s/.exec(line)?.[1] ?? []));

/** The prompt is read from standard input. Throws RunFailure where the folder cannot be worked in. */
export const codexArguments = (wishes: CodexWishes, abilities: CodexAbilities): string[] => {
  const { model, baseUrl, keyVariable, outputPath, instructionsPath, resume, settings } = wishes;
  const provider = {
    name: 'koubou',
    base_url: baseUrl,
    env_key: keyVariable,
    request_max_retries: 1,
    stream_max_retries: 0,
    stream_idle_timeout_ms: NEVER_MS,
  };
  const config = [
    ...settings,
    'model_provider="koubou"',
    `model_providers.koubou=${toml(provider)}`,
    `model_instructions_file=${toml(instructionsPath)}`,
    'include_permissions_instructions=false',
    'include_apps_instructions=false',
    'skills.include_instructions=false',
    'analytics.enabled=false',
    'check_for_update_on_startup=false',
    'web_search="disabled"',
    'approval_policy="never"',
    `shell_environment_policy.exclude=${toml([keyVariable])}`,
    ...sandboxSettings(wishes),
  ];
  return [
    'exec',
    // The same for a new session and for one gone on with, so neither -C nor -s, which `resume` does not know.
    ...(resume === null ? [] : ['resume']),
    '--json',
    '--skip-git-repo-check',
    '--output-last-message',
    outputPath,
    ...WANTED.filter((flag) => abilities.flags.has(flag)),
    ...UNWANTED_FEATURES.filter((feature) => abilities.features.has(feature)).flatMap((feature) => [
      '--disable',
      feature,
    ]),
    '--model',
    model,
    ...config.flatMap((pair) => ['-c', pair]),
    ...(resume === null ? [] : [resume]),
    '-',
  ];
};

/** The attempt's clocks watch over silence; Codex's own would end a run while a model loads. */
const NEVER_MS = 24 * 3600 * 1000;

const sandboxSettings = ({ sandbox, places }: CodexWishes): string[] => {
  if (sandbox !== 'workspace-write') return [`sandbox_mode="${sandbox}"`];
  const { cwd, home, temporary } = places;
  const filesystem = {
    ':root': 'read',
    ':workspace_roots': { '.': 'write', ...protectedHome(cwd, home) },
    [temporary]: 'write',
  };
  return [`permissions.koubou.filesystem=${toml(filesystem)}`, 'default_permissions="koubou"'];
};

/** Where the home lies in the folder that may be written to, it stays as it is. */
const protectedHome = (cwd: string, home: string): Record<string, string> => {
  const inside = relative(cwd, home);
  if (inside !== '' && !leadsOut(inside)) return { [inside]: 'read' };
  const fromHome = relative(home, cwd);
  if (leadsOut(fromHome) || fromHome.startsWith('worktrees/')) return {};
  throw new RunFailure(
    errorInfo(
      'usage',
      `${cwd} lies in koubou's own folder, and what works there could change the queue.`,
      'Delegate with a --cwd that lies elsewhere.',
    ),
  );
};

const leadsOut = (path: string): boolean => path === '..' || path.startsWith('../') || isAbsolute(path);

/** JSON's texts, numbers and lists are TOML's too; its objects are not. */
const toml = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(toml).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}=${toml(each)}`);
  return `{${pairs.join(',')}}`;
};
