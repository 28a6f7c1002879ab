/** Starts a program that outlives this one: its own session, no terminal, output to a file. */
import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs';

export interface DetachedOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Appended to. */
  logPath: string;
}

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
const LOG = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

/** A link in its place would have it written elsewhere, a hard link (also that of a copied home) as well; a pipe would be waited for. */
const openLog = (path: string): number => {
  const log = openSync(path, LOG, 0o600);
  if (fstatSync(log).nlink === 1) return log;
  closeSync(log);
  // What stands in it stays under its other name.
  rmSync(path);
  return openSync(path, LOG | O_EXCL, 0o600);
};

/** Answers with the pid, and with how it ended if it ends while this process still lives. */
export const startDetached = (
  options: DetachedOptions,
): { pid: number | undefined; ended: Promise<number | null> } => {
  const log = openLog(options.logPath);
  try {
    // What this process was started for is not what the detached one works for.
    const { KOUBOU_RUN: _, NODE_V8_COVERAGE, ...environment } = options.environment;
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      // Node gives its own to each child whose environment does not name it.
      env: { ...environment, NODE_V8_COVERAGE },
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
