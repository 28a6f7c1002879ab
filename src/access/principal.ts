/**
 * Who calls: a person at a terminal (or a script of theirs), or an agent. Agents are known by the variables that they
 * set for the programs they start. That is what an honest agent shows, and one that was talked into something and
 * does not think of taking them away; docs/callers.md says what it does not stop. Pure.
 */
import type { Role } from './may.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface Principal {
  /** Who asks, in a word: a task's `created_by`. */
  name: string;
  role: Role;
  /** The agent that calls, by a name of ours or as AI_AGENT says it; null: none does. */
  agent: string | null;
  /** The agent's session, as it calls it; null: it names none. */
  session: string | null;
  /** The door through which it came. */
  via: 'cli' | 'http' | 'mcp';
}

/** Variables that agents set for what they start, and whose they are. The first that is set names the agent. */
const MARKERS: readonly (readonly [variable: string, agent: string])[] = [
  ['CLAUDECODE', 'claude-code'],
  ['CLAUDE_CODE_CHILD_SESSION', 'claude-code'],
  ['CLAUDE_CODE_SESSION_ID', 'claude-code'],
  ['CLAUDE_CODE_ENTRYPOINT', 'claude-code'],
  ['GEMINI_CLI', 'gemini-cli'],
  ['QWEN_CODE', 'qwen-code'],
  ['CURSOR_AGENT', 'cursor'],
  ['OPENCODE', 'opencode'],
  ['OPENCODE_CALLER', 'opencode'],
  ['CLINE_ACTIVE', 'cline'],
  ['AUGMENT_AGENT', 'augment'],
  ['ANTIGRAVITY_AGENT', 'antigravity'],
  ['SANDBOX_RUNTIME', 'agent'],
];

/** Variables of Codex CLI that people set in their own shells; each other one that begins so is its mark. */
const CODEX_SETTINGS = new Set([
  'CODEX_ACCESS_TOKEN',
  'CODEX_API_KEY',
  'CODEX_BIN',
  'CODEX_CA_CERTIFICATE',
  'CODEX_EXEC_SERVER_URL',
  'CODEX_HOME',
  'CODEX_INSTALL_DIR',
  'CODEX_NON_INTERACTIVE',
  'CODEX_OSS_BASE_URL',
  'CODEX_OSS_PORT',
  'CODEX_RELEASE',
  'CODEX_SQLITE_HOME',
  // koubou's own.
  'CODEX_UNSAFE_ALLOW_NO_SANDBOX',
]);

const CALLER = 'KOUBOU_CALLER';

export const principalOf = (variables: Variables): Principal => {
  const agent = agentOf(variables);
  const session = agent === null ? null : sessionOf(variables);
  return { name: agent ?? 'cli', role: agent === null ? 'owner' : 'contributor', agent, session, via: 'cli' };
};

/** Where agents say which session of theirs starts a program. */
const SESSIONS = ['CLAUDE_CODE_SESSION_ID', 'CODEX_THREAD_ID'] as const;

const sessionOf = (variables: Variables): string | null => {
  const said = SESSIONS.map((name) => variables[name]?.trim() ?? '');
  return said.find((session) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(session)) ?? null;
};

/** Whether a variable of an environment says something: empty, `0` and `false` are how people switch one off. */
const isSet = (value: string | undefined): boolean =>
  !['', '0', 'false'].includes(value?.trim().toLowerCase() ?? '');

const agentOf = (variables: Variables): string | null => {
  const marker = markerOf(variables);
  if (marker === undefined) return null;
  if (marker === CALLER) return 'agent';
  if (marker === 'AI_AGENT') return nameOf(variables[marker]);
  return MARKERS.find(([name]) => name === marker)?.[1] ?? 'codex';
};

/** The variable that says that an agent calls; undefined: none does. */
export const markerOf = (variables: Variables): string | undefined => {
  const known = MARKERS.find(([name]) => isSet(variables[name]))?.[0];
  if (known !== undefined) return known;
  const codex = Object.keys(variables).find(
    (name) => name.startsWith('CODEX_') && !CODEX_SETTINGS.has(name) && isSet(variables[name]),
  );
  if (codex !== undefined) return codex;
  if (isSet(variables['AI_AGENT'])) return 'AI_AGENT';
  return variables[CALLER]?.trim().toLowerCase() === 'agent' ? CALLER : undefined;
};

/** It becomes `created_by`, which is one word. */
const nameOf = (written = ''): string =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.exec(written.trim().replace(/@.*$/, ''))?.[0] ?? 'agent';
