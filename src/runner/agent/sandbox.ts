/** How an agent CLI is confined, by its entry and the machine. docs/agents.md says it to users. */
import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { type ConfinableAgent, isSwitchedOff, namesIn } from '../../executor/agent-rules.ts';
import { bubblewrapExecutor } from '../../executor/bubblewrap/bubblewrap.ts';
import { type Found, findBubblewrap } from '../../executor/bubblewrap/find-bubblewrap.ts';
import { confinementOf } from '../../executor/confine.ts';
import type { Confinement, ExecutionPlace, Executor } from '../../executor/executor.ts';
import {
  AGENT_FOLDERS,
  AGENT_LOGINS,
  AGENT_SHOWN,
  AGENT_VARIABLES,
} from '../../executor/guarded/secret-places.ts';
import { localExecutor } from '../../executor/local.ts';
import { noteModelFolder } from '../../process/homes/model-folders.ts';
import { findProgram } from '../../process/programs/find-program.ts';
import { findNamed } from '../../process/programs/own-path.ts';
import type { TaskFile } from '../../task/record.ts';

export interface AgentConfinement {
  /** security.agent_sandbox. */
  mode: 'auto' | 'off';
  /** koubou's own folder; null: there is none. */
  home: string | null;
  /** Where the keys of the user's homes may lie. */
  keys: readonly string[];
  /** That the config names by their place. */
  programs?: readonly string[];
  /** As of ConfineOptions. */
  naming?: Readonly<Record<string, string | undefined>>;
}

/** The sandbox for a task, or null: it runs with the rights of the user. Throws KoubouError `not_allowed`. */
export const sandboxOf = async (
  entry: ConfinableAgent,
  confinement: AgentConfinement | undefined,
  task: Pick<TaskFile, 'confined'>,
  { path, cwd }: { path: string | undefined; cwd: string | null },
): Promise<string | null> => {
  const must = task.confined === true;
  const off = confinement === undefined || isSwitchedOff(entry, confinement.mode);
  if (off && !must) return null;
  const found: Found = await findBubblewrap(path, cwd === null ? [] : [cwd]);
  if ('program' in found) return found.program;
  if (!must) return null;
  throw new KoubouError('not_allowed', `What an agent delegates runs in a sandbox, and ${found.why}.`, {
    hint: found.cure,
  });
};

export interface Asked {
  entry: ConfinableAgent;
  confinement: AgentConfinement | undefined;
  environment: Readonly<Record<string, string>>;
  network: Confinement['network'];
  /** As of ConfineOptions. */
  looks: boolean;
  /** Of koubou's files, what the program has to write to. */
  writable: readonly string[];
  /** Of those, what stays as it is. */
  guarded: readonly string[];
}

/** `bwrap`: as sandboxOf gives it. */
export const agentExecutor = async (
  bwrap: string | null,
  place: ExecutionPlace,
  { entry, confinement, environment, network, writable, guarded, looks }: Asked,
): Promise<Executor> => {
  if (bwrap === null) return localExecutor;
  const user = environment['HOME'] ?? homedir();
  const name = basename(entry.bin);
  // What keeps its own files in {state} needs none of the user's.
  const own = namesIn({ args: [], env: entry.env }).has('state') ? [] : (AGENT_FOLDERS[name] ?? []);
  const given = (entry.writable ?? []).map((path) => path.replace(/^~(?=\/|$)/, user));
  for (const each of given) {
    await noteModelFolder(await realpath(each).catch(() => each), confinement?.keys ?? []);
  }
  // Only then it can ask with a login of its own.
  const hasOwn = network === 'all' && own.length > 0;
  const made = await confinementOf(
    {
      ...place,
      own: [...place.own, ...(await programFolders(entry.bin, environment['PATH'], place.cwd))],
    },
    {
      home: confinement?.home ?? null,
      keys: confinement?.keys ?? [],
      programs: [...(confinement?.programs ?? []), entry.bin].filter(isAbsolute),
      naming: confinement?.naming ?? {},
      environment,
      network,
      writes: 'folder',
      looks,
      writable: [
        ...writable,
        ...given,
        ...(hasOwn ? (AGENT_LOGINS[name] ?? []).map((each) => join(user, each)) : []),
      ],
      // Who cannot ask with a login of its own has no use for one.
      spared: hasOwn ? [...own, ...(AGENT_VARIABLES[name] ?? [])] : [],
    },
  );
  const places = (names: readonly string[]): string[] => names.map((each) => join(user, each));
  return bubblewrapExecutor(bwrap, {
    ...made,
    protected: [...made.protected, ...guarded],
    ...(hasOwn ? { copies: { places: places(own), shown: places(AGENT_SHOWN[name] ?? []) } } : {}),
  });
};

/** A program and what lies around it are to be seen where they lie among files that are otherwise hidden. */
const programFolders = async (bin: string, path: string | undefined, cwd: string): Promise<string[]> => {
  const own = await findNamed(bin, { path, inside: [cwd] });
  const found = own?.program ?? (await findProgram(bin, '/', path));
  if (found === undefined) return [];
  return [found, await realpath(found)].flatMap((each) => /^(\/var)?\/tmp\/[^/]+/.exec(each)?.[0] ?? []);
};
