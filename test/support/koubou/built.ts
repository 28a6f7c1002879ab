// The command line as users get it, built once for all tests and apart from dist, which others may be building.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCommandLine } from '../../../build/command-line.ts';
import { principalOf } from '../../../src/access/principal.ts';
import { callerEnvironment } from '../../../src/actions/callers/caller-environment.ts';
import { stateHome } from '../state.ts';

const repository = join(import.meta.dirname, '../../..');

let built: Promise<string> | undefined;

/** The path of bin/run.js of a fresh build; the same one for all callers of this process. */
export function builtKoubou(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'koubou-built-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  await cp(join(repository, 'bin'), join(root, 'bin'), { recursive: true });
  await symlink(join(repository, 'templates'), join(root, 'templates'));
  await buildCommandLine(join(repository, 'src', 'commands'), join(root, 'dist', 'cli'));
  return join(root, 'bin', 'run.js');
}

/** Whether an agent's mark stands at this process or at one that started it. */
const runByAgent = (): boolean => principalOf(callerEnvironment(process.env)).role !== 'owner';

export interface Start {
  cwd?: string;
  /** Added to an environment that holds nothing of koubou's and of no agent. */
  env?: Readonly<Record<string, string>>;
  /** A command that starts the one after it, as `strace -f` does. */
  under?: readonly string[];
  /** The bin/run.js of another build. */
  program?: string | undefined;
}

export async function startKoubou(
  args: readonly string[],
  { cwd, env, under = [], program }: Start = {},
): Promise<ChildProcessWithoutNullStreams> {
  const command = [...under, process.execPath, program ?? (await builtKoubou()), ...args];
  return spawn(command[0] ?? '', command.slice(1), {
    cwd,
    // Tests that an agent runs are no calls of that agent: koubou looks for its mark within a session.
    detached: runByAgent(),
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd ?? tmpdir(), XDG_STATE_HOME: stateHome, ...env },
    stdio: 'pipe',
  });
}
