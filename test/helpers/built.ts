// The command line as users get it, built once for all tests and apart from dist, which others may be building.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildCommandLine } from '../../build/command-line.ts';

const repository = dirname(dirname(import.meta.dirname));

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

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Call {
  cwd?: string;
  /** Added to an environment that holds nothing of koubou's and of no agent. */
  env?: Readonly<Record<string, string>>;
  stdin?: string | Uint8Array;
}

/** Runs `koubou` to its end; stdin is closed unless text is given, which is then piped in. */
export async function koubou(args: readonly string[], call: Call = {}): Promise<Ended> {
  const child = await startKoubou(args, call);
  const ended = endOf(child);
  child.stdin.on('error', () => {});
  child.stdin.end(call.stdin);
  return ended;
}

export async function startKoubou(
  args: readonly string[],
  { cwd, env }: Call = {},
): Promise<ChildProcessWithoutNullStreams> {
  return spawn(process.execPath, [await builtKoubou(), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd ?? tmpdir(), ...env },
    stdio: 'pipe',
  });
}

export async function endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const told = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (told.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (told.stderr += chunk));
  const [code, signal] = await once(child, 'close');
  return { code, signal, ...told };
}
