/** Installs a package of the tests by npm once: nothing happens, and nothing is said, while its lock file is the same. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryLock } from '../../src/process/lock.ts';
import { until } from '../support/until.ts';

export interface Installed {
  /** Where its package.json and package-lock.json lie. */
  folder: string;
  /** The packages of this platform's programs, as npm is to be given them; the lock file's entries by name. */
  programs: (locked: Record<string, { name?: string; version: string }>) => string[];
  /** Run when all is in place. */
  finish?: () => Promise<void>;
}

const stampOf = (folder: string): string => join(folder, 'node_modules', '.installed');

const platform = (): string => `${process.platform}-${process.arch}`;

const wanted = (folder: string): string => {
  const lockFile = readFileSync(join(folder, 'package-lock.json'));
  return `${createHash('sha256').update(lockFile).digest('hex')} ${platform()}\n`;
};

export const isInstalledIn = (folder: string): boolean =>
  existsSync(stampOf(folder)) && readFileSync(stampOf(folder), 'utf8') === wanted(folder);

/** Two processes may call it at once: the second waits, and finds it done. */
export const installOnce = async ({ folder, programs, finish }: Installed): Promise<void> => {
  if (isInstalledIn(folder)) return;
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const lock = await until(
    () => {
      const tried = tryLock(join(modules, '.install.lock'));
      return tried.held && tried;
    },
    'the lock of an install',
    300_000,
  );
  try {
    if (isInstalledIn(folder)) return;
    const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
    const names = programs(packages);
    const quick = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000', '--fetch-timeout=60000'];
    // By itself npm says nothing for minutes of a registry that it cannot reach.
    await run('npm', ['install', '--no-save', '--omit=optional', '--ignore-scripts', '--loglevel=error', ...quick, ...names], folder);
    await finish?.();
    // Written last, so that an install that was cut off is done again.
    writeFileSync(stampOf(folder), wanted(folder));
  } finally {
    lock.release();
  }
};

/** Runs npm (the one that runs us, where one does) or a program; rejects with what it said where it fails. */
export const run = (command: string, args: string[], folder: string): Promise<void> => {
  const [file, first] =
    command === 'npm' && process.env.npm_execpath?.endsWith('.js')
      ? [process.execPath, [process.env.npm_execpath]]
      : [command, []];
  // npm hands its settings down as npm_config_*: those of the root's run must not decide where this one installs.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...first, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && file === 'npm',
    });
    let output = '';
    const keep = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}:\n${output.trim()}`)),
    );
  });
};
