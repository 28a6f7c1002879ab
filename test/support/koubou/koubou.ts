/** The built command line on a home, and what it says while it runs. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startKoubou as start } from './built.ts';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** What was printed so far. */
  said: { stdout: string; stderr: string };
  ended: Promise<Ended>;
}

export interface RunOptions {
  home?: string;
  cwd?: string;
  environment?: Readonly<Record<string, string>>;
  input?: string;
  /** As in Start. */
  under?: readonly string[];
  program?: string | undefined;
}

export const startKoubou = async (args: readonly string[], options: RunOptions = {}): Promise<Running> => {
  const { home, environment = {}, input, ...rest } = options;
  const env = { ...(home === undefined ? {} : { KOUBOU_HOME: home }), ...environment };
  const child = await start(args, { ...rest, env });
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said.stderr += chunk));
  const ended = once(child, 'close').then(([code]) => ({ code, ...said }));
  return { child, said, ended };
};

export const koubou = async (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  (await startKoubou(args, options)).ended;
