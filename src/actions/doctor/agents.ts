/** doctor's look at the programs of agent runners: is each where a worker would look for it, and what keeps it in? */
import { basename } from 'node:path';
import type { Loaded } from '../../config/load.ts';
import type { RunnerWith } from '../../config/schema.ts';
import { toErrorInfo } from '../../errors.ts';
import { isCutOff, isRelayed, isSwitchedOff } from '../../executor/agent-rules.ts';
import { findBubblewrap } from '../../executor/bubblewrap/find-bubblewrap.ts';
import { requireNamed } from '../../process/programs/own-path.ts';
import { action, actionLine, say, type Words } from '../../say/say.ts';
import type { Finding } from './finding.ts';

type AgentConfig = RunnerWith<'program', 'described'>;

/** Its endpoint has a check of its own. `usual`: security.agent_sandbox. */
export const checkAgent = async (
  name: string,
  entry: AgentConfig,
  loaded: Pick<Loaded, 'variable'>,
  usual: 'auto' | 'off' = 'auto',
): Promise<Finding> => {
  const { bin, sandbox, endpoint, use } = entry;
  const check = { name: `runner ${name}`, ok: true };
  try {
    await requireNamed(bin, { path: loaded.variable('PATH'), inside: [] }, `runners.${name}.bin`);
  } catch (error) {
    const cure = say`Install it, name its place with ${action('config', `runners.${name}.bin`, 'PATH')}, or remove runners.${name}.`;
    return { ...check, ok: false, message: toErrorInfo(error).message, cure };
  }
  const where = endpoint === undefined ? 'It has a model of its own' : `It uses the endpoint ${endpoint}`;
  const claim = sandbox === undefined ? 'says nothing of a sandbox' : `says of its sandbox: ${sandbox}`;
  const own = use === undefined ? 'its entry' : `its entry, which uses koubou's description of ${use},`;
  const { said, cure } = await confinementOf(name, entry, loaded, usual);
  const lacking = lackOf(name, entry);
  return {
    ...check,
    message: `${bin} is there. ${where}; ${own} ${claim}. ${[said, lacking?.said].filter(Boolean).join(' ')}`,
    cure:
      cure === null || lacking === undefined ? (cure ?? lacking?.cure ?? null) : say`${cure} ${lacking.cure}`,
  };
};

const confinementOf = async (
  name: string,
  entry: AgentConfig,
  loaded: Pick<Loaded, 'variable'>,
  usual: 'auto' | 'off',
): Promise<{ said: string; cure: Words | null }> => {
  if (isSwitchedOff(entry, usual)) {
    const key = entry.confine === 'off' ? `runners.${name}.confine` : 'security.agent_sandbox';
    return {
      said: `koubou does not confine it (${key} is off): it can do what you can.`,
      cure: say`${actionLine('config', key, 'auto')}`,
    };
  }
  const found = await findBubblewrap(loaded.variable('PATH'));
  if ('why' in found) {
    return {
      said: `koubou cannot confine it, as ${found.why}: it can do what you can.`,
      cure: found.cure,
    };
  }
  const hasEndpoint = entry.endpoint !== undefined;
  const network = isCutOff(entry, hasEndpoint) ? 'reaches that endpoint alone' : 'reaches any network';
  return { said: `koubou confines it with bubblewrap: it writes to its folder, and ${network}.`, cure: null };
};

interface Wanted {
  /** Whether the entry has it. */
  has: (entry: AgentConfig) => boolean;
  /** What a repository can do without it. */
  said: string;
  add: string;
}

const flag =
  (name: string) =>
  ({ args }: AgentConfig): boolean =>
    args.some((arg) => arg === name || arg.startsWith(`${name}=`));

/** What entries of before lack, by the program: a repository's own settings could send the prompts elsewhere. */
const WANTED: Readonly<Record<string, Wanted>> = {
  claude: {
    has: flag('--setting-sources'),
    said: "A repository's own settings of Claude Code hold for it.",
    add: '--setting-sources=user to args',
  },
  opencode: {
    has: ({ env, project_settings }) =>
      'OPENCODE_DISABLE_PROJECT_CONFIG' in env && project_settings !== undefined,
    said: "A repository's own settings and plugins of opencode hold for it.",
    add: 'OPENCODE_DISABLE_PROJECT_CONFIG: "1" to env and project_settings: [opencode.json, opencode.jsonc, .opencode]',
  },
  aider: {
    has: flag('--env-file'),
    said: "A repository's own .env holds for aider.",
    add: '--env-file={state}/env to args',
  },
};

const lackOf = (name: string, entry: AgentConfig): { said: string; cure: string } | undefined => {
  const place = `runners.${name} in config/agent.yaml`;
  const wanted = WANTED[basename(entry.bin)];
  if (wanted !== undefined && !wanted.has(entry)) {
    const program = basename(entry.bin);
    return {
      said: wanted.said,
      cure: `Add ${wanted.add} of ${place}, or take koubou's own description: { kind: agent, use: ${program} }.`,
    };
  }
  if (entry.endpoint !== undefined && !isRelayed(entry, true)) {
    return {
      said: 'Its entry does not tell it where the endpoint is, so it goes by its own settings.',
      cure: `Name {base_url} or {server_url} in args or env of ${place}.`,
    };
  }
  return undefined;
};
