/**
 * The command line of `codex exec`. Pure. Versions of Codex come and go with their flags, so each that it
 * could do without is given only where the installed one knows it; what it is not told is said.
 */
import { type CodexPlaces, type ConfinedSandbox, codexProfile, toml } from '../../executor/codex/profile.ts';

export type Sandbox = ConfinedSandbox | 'danger-full-access';

/** What the installed Codex says that it knows. */
export interface CodexAbilities {
  version: string;
  /** Of `codex exec --help`: `--json`, … */
  flags: ReadonlySet<string>;
  /** Of `codex features list`. */
  features: ReadonlySet<string>;
}

/** The sandbox of a run's commands, and where they work in it. */
export interface Confinement {
  sandbox: ConfinedSandbox;
  places: CodexPlaces;
}

export interface CodexOptions {
  model: string;
  /** Of the server, ending in /v1. */
  baseUrl: string;
  /** The variable that holds the key for it. */
  keyVariable: string;
  /** Where the last message goes. */
  outputPath: string;
  instructionsPath: string;
  /** What its commands may do; null: whatever the user may. */
  confinement: Confinement | null;
  /** The session to go on with. */
  resume: string | null;
  /** The PATH of commands, where it is another than that of Codex itself. */
  commandPath: string | null;
}

/** Without these no run could be followed; a Codex that lacks one is too old. */
/**
 * Codex asks git of the folder before and after each turn, outside of its sandbox, and the filters of a repository would run
 * with the user's rights. To Codex there is no repository; commands do not get this variable.
 */
export const NO_GIT = 'GIT_DIR';

const NEEDED = ['--json', '--output-last-message', '--skip-git-repo-check'];
/** Rules of the repository could let commands leave the sandbox. */
const WANTED = ['--ignore-rules'];
/**
 * With a snapshot of the user's shell Codex starts its sandbox by the PATH of that, and passes by the bubblewrap that koubou
 * puts on it (executor/codex/bubblewrap.ts).
 */
const UNWANTED_FEATURES = [
  'plugins',
  'unbounded_connection_retries',
  'multi_agent',
  'goals',
  'shell_snapshot',
];

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

/**
 * The prompt is read from standard input. Everybody on the machine can read this command line, so the user's own
 * settings are not on it: they lie in the run's CODEX_HOME, and what stands here goes before them. Throws KoubouError
 * `usage` where a folder cannot be named to Codex.
 */
export const codexArguments = (wishes: CodexOptions, abilities: CodexAbilities): string[] => {
  const { model, baseUrl, keyVariable, outputPath, instructionsPath, resume, commandPath } = wishes;
  const provider = {
    name: 'koubou',
    base_url: baseUrl,
    env_key: keyVariable,
    request_max_retries: 1,
    stream_max_retries: 0,
    stream_idle_timeout_ms: NEVER_MS,
  };
  const config = [
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
    // Commands have the PATH of whoever delegated; a login shell would put its own in the place.
    'allow_login_shell=false',
    `shell_environment_policy.exclude=${toml([keyVariable, NO_GIT])}`,
    ...(commandPath === null ? [] : [`shell_environment_policy.set.PATH=${toml(commandPath)}`]),
    ...sandboxSettings(wishes),
  ];
  return [
    'exec',
    // The same for a new session and for one continued, so neither -C nor -s, which `resume` does not know.
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

const sandboxSettings = ({ confinement }: CodexOptions): string[] =>
  confinement === null
    ? ['sandbox_mode="danger-full-access"']
    : codexProfile(confinement.sandbox, confinement.places);
