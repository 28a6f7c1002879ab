/** Makes a home: its folders, a config that fits the machine, and what Claude Code needs. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { callerOf, requireAllowed } from '../../app/caller.ts';
import { homeFoundHere } from '../../app/open-home.ts';
import { makeOwnHome, refuseUntrusted } from '../../app/own-home.ts';
import type { OpenQueue } from '../../app/refuse-amid-runs.ts';
import { shippedAgents } from '../../config/agent-definitions.ts';
import type { Variables } from '../../config/environment.ts';
import { agentYamlFile, defaultConfig, loadConfig, readVariables } from '../../config/load.ts';
import { HOME_NAME, namedHome, refuseForeign, userHome } from '../../config/paths.ts';
import type { Config } from '../../config/schema.ts';
import { setConfig } from '../../config/set.ts';
import { KoubouError } from '../../errors.ts';
import { choose } from '../../init/choose.ts';
import { writeClaudePermissions } from '../../init/claude-permissions.ts';
import { writeClaudeSection } from '../../init/claude-section.ts';
import { detect } from '../../init/detect.ts';
import { placeOf } from '../../init/file-in-folder.ts';
import { writeHomeConfig } from '../../init/write-home.ts';
import { NameRefused, walk } from '../../names/walk.ts';
import { findNamed } from '../../process/programs/own-path.ts';
import type { ActionMark } from '../../say/marks.ts';
import { actionLine, field, say, type Words } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';
import type { InitDocument } from '../documents/home.ts';

export interface InitRequest {
  cwd: string;
  environment: Variables;
  /** --home */
  home?: string | undefined;
  /** The home of the user, not of this folder. */
  global: boolean;
  /** Also write the section of CLAUDE.md and the permissions of .claude/settings.json. */
  claude: boolean;
  allowNetworkFs: boolean;
  /** What agents may do that call koubou, asked of a person; absent: nobody can be asked. */
  askRights?: (() => Promise<AgentRights>) | undefined;
  openQueue: OpenQueue;
  /** Makes the queue's folders; may be called again on a home that exists. Refuses a file system that will not do. */
  makeHome: (home: string, options: { allowNetworkFs: boolean }) => Promise<unknown>;
}

/** An InitDocument, before a door has worded it. */
export interface InitReport extends Omit<InitDocument, 'said' | 'next'> {
  said: Words[];
  next: Words[];
}

export type AgentRights = Config['callers']['agent'];

/**
 * May be repeated: what exists stays, and a file that somebody edited is never written. Throws `untrusted_home` for a home
 * that is there and not this user's own.
 */
export const init = async (request: InitRequest): Promise<InitReport> => {
  const { cwd, environment } = request;
  const home = homeToMake(request);
  const claude = request.claude ? claudeFile(request) : undefined;
  // Before anything is made: a command that refuses leaves nothing.
  if (claude !== undefined) {
    placeOf(claude.file, claude.within);
    placeOf(claude.settings, claude.within);
  }
  refuseLinkedHome(home, request);
  const isNew = !(await exists(home));
  refuseForeign({ path: home, by: 'This' });
  const isOwn = await refuseUntrusted(home, environment);
  const hadConfig = await exists(agentYamlFile(home));
  // In a home that is not signed yet nothing is written, not even what was read: a kill must leave it blank.
  const before = await (isOwn ? loadConfig : defaultConfig)({ home, environment });
  requireAllowed(callerOf(before.config, before.environment), 'init', {
    about: home,
    undone: 'Nothing was made.',
  });
  const allowNetworkFs = request.allowNetworkFs || before.config.file_system.allow_network;
  const { makeHome, openQueue } = request;
  await makeOwnHome({ home, environment, allowNetworkFs, openQueue, makeHome });

  const { variables, environment: read } = readVariables(home, environment);
  const choice = choose(
    await detect(read, variables),
    read,
    variables,
    await agentClis(cwd, environment['PATH']),
    shippedAgents.names(),
  );
  const agents = hadConfig ? before.config.callers.agent : ((await request.askRights?.()) ?? NO_RIGHTS);
  const { made, kept } = await writeHomeConfig(home, choice, { allowNetworkFs, agents });
  if (request.allowNetworkFs && hadConfig && !before.config.file_system.allow_network) {
    await setConfig(home, 'file_system.allow_network', 'true');
  }

  const keptConfig = kept.includes(agentYamlFile(home));
  const next = keptConfig && !choice.works ? [actionLine('doctor'), actionLine('status')] : choice.next;
  const result: InitReport = {
    home,
    made: isNew ? [home, ...made] : made,
    kept,
    said: [
      ...choice.found,
      // Where tasks go is for what was there to say.
      ...(keptConfig ? [`${agentYamlFile(home)} was there already and was not changed.`] : choice.said),
    ],
    next: next.map((step) => (typeof step === 'string' ? step : withHome(step, home, request))),
  };
  if (claude !== undefined) await writeClaude(claude, result);
  return result;
};

/** Adds what it did to `report`. */
const writeClaude = async (
  { file, settings, within }: ClaudeFiles,
  { made, kept, said }: InitReport,
): Promise<void> => {
  ((await writeClaudeSection(file, within)) ? made : kept).push(file);
  const { wrote, tooWide } = await writeClaudePermissions(settings, within);
  if (wrote) made.push(settings);
  if (tooWide.length > 0) {
    said.push(`${settings} also allows ${tooWide.join(', ')}: every command of koubou. Take it out.`);
  }
};

/** The user's own folder may hold links to anywhere, as to ~/dotfiles; one that was cloned may not. */
const claudeFile = ({ global, environment, cwd }: InitRequest): ClaudeFiles => {
  const folder = join(global ? userHome(environment) : cwd, '.claude');
  const file = global ? join(folder, 'CLAUDE.md') : join(cwd, 'CLAUDE.md');
  return { file, settings: join(folder, 'settings.json'), within: global ? null : cwd };
};

interface ClaudeFiles {
  file: string;
  settings: string;
  within: string | null;
}

/** A home that is there already is the user's to have anywhere; a new one is not made wherever a cloned link leads. */
const refuseLinkedHome = (home: string, { cwd, home: named, environment }: InitRequest): void => {
  if (home !== join(cwd, HOME_NAME) || namedHome({ flag: named, environment, cwd }) !== undefined) return;
  const end = leadsOut(home, cwd);
  if (end === undefined || existsSync(join(home, 'tasks', 'pending'))) return;
  throw new KoubouError(
    'conflict',
    `${home} is a link that leads out of the folder, to ${end}. Nothing was made.`,
    {
      hint: say`Where it is yours, name that folder: ${actionLine('init', field('home', end))}`,
    },
  );
};

/** Where a link leads, if that is not in the folder. */
const leadsOut = (path: string, folder: string): string | undefined => {
  try {
    const { end } = walk(path);
    return isWithin(end, walk(folder).end) ? undefined : end;
  } catch (error) {
    if (error instanceof NameRefused) return error.message;
    throw error;
  }
};
const NO_RIGHTS: AgentRights = { may: [], commands: [] };

/** By their names in the config. */
const agentClis = async (cwd: string, path: string | undefined): Promise<string[]> => {
  const described = shippedAgents
    .names()
    .map((name) => [name, String(shippedAgents.read(name)['bin'])] as const);
  const programs = [['codex', 'codex'] as const, ...described];
  const found = await Promise.all(programs.map(([, bin]) => findNamed(bin, { path, inside: [cwd] })));
  return programs.flatMap(([name], index) => (found[index] === undefined ? [] : [name]));
};

const homeToMake = ({ cwd, environment, home, global }: InitRequest): string => {
  if (home === undefined && global) return join(userHome(environment), HOME_NAME);
  return namedHome({ flag: home, environment, cwd })?.path ?? join(cwd, HOME_NAME);
};

/** Who stands here would not find every home by themselves. */
const withHome = (mark: ActionMark, home: string, { cwd, environment }: InitRequest): Words => {
  try {
    if (homeFoundHere(environment, cwd) === home) return say`${mark}`;
  } catch {
    // Then the home has to be named.
  }
  return say`${{ ...mark, words: [field('home', home), ...mark.words] }}`;
};

const exists = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined)) !== undefined;
