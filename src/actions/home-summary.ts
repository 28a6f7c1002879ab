/** What a home would have koubou do: said before a person trusts it. Nothing of it is run, and nothing is asked. */
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { agentYamlFile, envFile, readConfigFile } from '../config/load.ts';
import type { Config, RunnerConfig } from '../config/schema.ts';
import { KoubouError } from '../errors.ts';

export interface HomeSummary {
  /** Programs that the config names, a line each. */
  programs: string[];
  /** Where keys and prompts would go, a line each. */
  endpoints: string[];
  /** Names of variables that config/.env sets. */
  variables: string[];
  /** What of the config could not be read, with the reason. */
  unread: string[];
}

export const summaryOf = async (home: string): Promise<HomeSummary> => {
  const summary: HomeSummary = { programs: [], endpoints: [], variables: [], unread: [] };
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
    const { config } = readAgentYaml(readConfigFile(file) ?? '', file);
    summary.programs.push(...programsOf(config));
    summary.endpoints.push(...endpointsOf(config));
  });
  await attempt(() => {
    const settings = (readConfigFile(join(home, 'config', 'codex.toml')) ?? '').split('\n');
    const said = settings.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    summary.programs.push(...said.map((line) => `config/codex.toml: ${line}`));
  });
  await attempt(() => {
    summary.variables.push(...Object.keys(parseEnv(readConfigFile(envFile(home)) ?? '')));
  });
  const { programs, endpoints, variables, unread } = summary;
  return {
    programs: programs.map(oneLine),
    endpoints: endpoints.map(oneLine),
    variables: variables.map(oneLine),
    unread: unread.map(oneLine),
  };
};

const MOST_CHARACTERS = 300;

/** A value with lines of its own must not look like more that was said. */
export const oneLine = (text: string): string => {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line;
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
  if (runner.kind === 'codex') return `${runner.bin} (codex, sandbox ${runner.sandbox})`;
  if (runner.kind !== 'agent') return undefined;
  return [runner.bin, ...runner.args]
    .map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
};

const endpointsOf = ({ endpoints }: Config): string[] =>
  Object.entries(endpoints).map(
    ([name, { url, api_key_env: key }]) =>
      `endpoint ${name}: ${url}${key === undefined ? '' : `, with the key in $${key}`}`,
  );
