/** Starts a program that outlives this one: its own session, no terminal, output to a file. */
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';

export interface DetachedOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Appended to. */
  logPath: string;
}

/** Answers with the pid, and with how it ended if it ends while this process still lives. */
export const startDetached = (
  options: DetachedOptions,
): { pid: number | undefined; ended: Promise<number | null> } => {
  // A link in its place would have it written elsewhere; a pipe would be waited for.
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const log = openSync(options.logPath, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    // What this process was started for is not what the detached one works for.
    const { KOUBOU_RUN: _, ...environment } = options.environment;
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: environment,
      detached: true,
      stdio: ['ignore', log, log],
    });
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.once('error', () => resolve(null));
    });
    child.unref();
    return { pid: child.pid, ended };
  } finally {
    closeSync(log);
  }
};
