/** What a home would have koubou do: said before a person trusts it. Nothing of it is run, and nothing is asked. */
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, parseEnv } from 'node:util';
import { readEnvironment } from '../config/environment.ts';
import { leavesOf, valueAt } from '../config/keys.ts';
import { agentYamlFile } from '../config/load.ts';
import { applyOverrides } from '../config/overrides.ts';
import type { Config, RunnerConfig, RunnerWith } from '../config/schema.ts';
import { KoubouError, systemCode } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { isOfKind } from '../task/runner-kinds.ts';
import { readTextFile } from '../text/formats/read-text.ts';
import { oneLine } from '../text/harmless.ts';

export interface HomeSummary {
  /** Programs that the config names, a line each. */
  programs: string[];
  /** Where keys and prompts would go, a line each. */
  endpoints: string[];
  /** Names of variables that config/.env sets. */
  variables: string[];
  /** What else gives rights, or changes what programs do, a line each. */
  settings: string[];
  /** What of the config could not be read, with the reason. */
  unread: string[];
}

/** No link in the home is followed: it could lead to a file of yours that says more than the home itself. */
export const summaryOf = async (home: string): Promise<HomeSummary> => {
  const summary: HomeSummary = { programs: [], endpoints: [], variables: [], settings: [], unread: [] };
  const attempt = async (work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof KoubouError)) throw error;
      summary.unread.push(error.message);
    }
  };
  await attempt(async () => {
    const { readAgentYaml } = await import('../config/read-yaml.ts');
    const file = agentYamlFile(home);
    const { config, stated } = readAgentYaml(unfollowed(home, ['config', 'agent.yaml'], textOf) ?? '', file);
    const said = new Set(stated);
    // What the home's own .env puts over it is what would hold.
    await attempt(() => {
      const environment = readEnvironment(variablesOf(home), () => 'config/.env');
      for (const { keys } of applyOverrides(config, environment)) for (const key of keys) said.add(key);
    });
    summary.programs.push(...programsOf(config));
    summary.endpoints.push(...endpointsOf(config));
    const defaults = leavesOf(readAgentYaml('', 'the defaults').config);
    summary.settings.push(...settingsOf(config), ...changedSettings(config, [...said], defaults));
  });
  await attempt(() => {
    const settings = (unfollowed(home, ['config', 'codex.toml'], textOf) ?? '').split('\n');
    const said = settings.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    summary.programs.push(...said.map((line) => `config/codex.toml: ${line}`));
  });
  await attempt(() => {
    summary.variables.push(...Object.keys(variablesOf(home)));
  });
  await attempt(() => {
    const prompts = unfollowed(home, ['config', 'prompts', '.'], (path) => readdirSync(path)) ?? [];
    summary.settings.push(...prompts.map((name) => `what models are told: config/prompts/${name}`));
  });
  const { programs, endpoints, variables, settings, unread } = summary;
  // A value with lines of its own must not look like more that was said; the end of a long one counts as its beginning.
  return {
    programs: programs.map(oneLine),
    endpoints: endpoints.map(oneLine),
    variables: variables.map(oneLine),
    settings: settings.map(oneLine),
    unread: unread.map(oneLine),
  };
};

/** As much as a stranger's YAML may take to be read. */
const MOST_BYTES = 64 * 1024;

const textOf = (path: string): string => readTextFile(path, { follow: false, mostBytes: MOST_BYTES });

const variablesOf = (home: string): Record<string, string | undefined> =>
  parseEnv(unfollowed(home, ['config', '.env'], textOf) ?? '');

/** What `read` gives of a file below the home, by the folder that was opened on the way; undefined: nothing is there. */
const unfollowed = <T>(home: string, parts: readonly string[], read: (path: string) => T): T | undefined => {
  try {
    const folder = Folder.open(join(realpathSync(home), ...parts.slice(0, -1)));
    try {
      return read(folder.at(parts.at(-1) ?? '.'));
    } finally {
      folder.close();
    }
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KoubouError('conflict', `${join(home, ...parts)} is not read: ${why}`, { cause });
  }
};

const programsOf = ({ runners, security, worktrees }: Config): string[] => [
  ...Object.entries(runners).flatMap(([name, runner]) => {
    const program = programOf(runner);
    return program === undefined ? [] : `runner ${name}: ${program}`;
  }),
  ...(security.env_pass.length === 0 ? [] : [`programs are given: ${security.env_pass.join(', ')}`]),
  ...(security.allow_full_access
    ? ['tasks may run outside of every sandbox (security.allow_full_access)']
    : []),
  ...(worktrees.link.length === 0 ? [] : [`worktrees are given: ${worktrees.link.join(', ')}`]),
];

const programOf = (runner: RunnerConfig): string | undefined => {
  if (isOfKind(runner, 'program', 'known'))
    return `${runner.bin} (${runner.kind}, sandbox ${runner.sandbox})`;
  if (!isOfKind(runner, 'program', 'described')) return undefined;
  return [runner.bin, ...runner.args]
    .map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
};

const endpointsOf = ({ endpoints }: Config): string[] =>
  Object.entries(endpoints).map(
    ([name, { url, api_key_env: key }]) =>
      `endpoint ${name}: ${url}${key === undefined ? '' : `, with the key in $${key}`}`,
  );

const settingsOf = ({ runners, security, callers }: Config): string[] => [
  ...Object.entries(runners).flatMap(([name, runner]) =>
    isOfKind(runner, 'program', 'described') ? rightsOf(name, runner) : [],
  ),
  ...(security.agent_sandbox === 'off' ? ['agents run with your rights (security.agent_sandbox: off)'] : []),
  ...(callers.agent.may.length === 0 ? [] : [`agents that call koubou may: ${callers.agent.may.join(', ')}`]),
  ...callers.agent.commands.map(
    (command) => `agents that call koubou may have run, with your rights: ${command}`,
  ),
];

/** Said in words of their own. A key that is new in the config is none of these, and so is shown. */
const SAID = [
  /^version$/,
  /^endpoints\.[^.]+\.(kind|url|api_key_env)$/,
  /^runners\.[^.]+\.(kind|bin|args|confine|network|writable|env(\..+)?)$/,
  /^security\.(env_pass|allow_full_access|agent_sandbox)$/,
  /^callers\.agent\.(may|commands)$/,
  /^worktrees\.link$/,
];

/** All else that is not as it is by default. */
const changedSettings = (
  config: Config,
  stated: readonly string[],
  defaults: ReadonlyMap<string, unknown>,
): string[] =>
  stated
    .filter((key) => !SAID.some((known) => known.test(key)))
    .map((key) => [key, valueAt(config, key.split('.'))] as const)
    .filter(([key, value]) => value !== undefined && !isDeepStrictEqual(value, defaults.get(key)))
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`);

const rightsOf = (name: string, { env, confine, network, writable = [] }: AgentRunner): string[] =>
  [
    ...(confine === 'off' ? ['runs with your rights (confine: off)'] : []),
    ...(network === 'all' ? ['reaches every network (network: all)'] : []),
    ...(writable.length === 0 ? [] : [`may write to ${writable.join(', ')}`]),
    ...Object.entries(env).map(
      ([key, value]) => `gets ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
  ].map((what) => `runner ${name} ${what}`);

type AgentRunner = RunnerWith<'program', 'described'>;
