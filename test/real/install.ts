/**
 * Installs node-llama-cpp with this platform's CPU binary alone (85 MB): by itself npm would add the CUDA and Vulkan
 * ones, which are more than a gigabyte. So every optional package is left out, and the one wanted is named to npm at
 * the version the lock file gives. Run by `npm run test:real:install`; does nothing, and says nothing, when it is done.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { lock } from 'proper-lockfile';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const MODULES = join(FOLDER, 'node_modules');
/** Written last, so that an install that was cut off is done again. */
const STAMP = join(MODULES, '.installed');

const BINARIES: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-arm': 'linux-armv7l',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
};

function platform(): string {
  return `${process.platform}-${process.arch}`;
}

function wanted(): string {
  const lockFile = readFileSync(join(FOLDER, 'package-lock.json'));
  return `${createHash('sha256').update(lockFile).digest('hex')} ${platform()}\n`;
}

export function isInstalled(): boolean {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted();
}

/** The npm that runs us where one does; else the one on the path. */
function npm(args: string[]): Promise<void> {
  const [command, first] = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, [process.env.npm_execpath]]
    : ['npm', []];
  // npm hands its settings down as npm_config_*: those of the root's run must not decide where this one installs.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      cwd: FOLDER,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && command === 'npm',
    });
    let output = '';
    const keep = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ended with ${code}:\n${output.trim()}`)),
    );
  });
}

/** Installs what is missing. Two processes may call it at once: the second waits, and finds it done. */
export async function install(): Promise<void> {
  if (isInstalled()) return;
  const binary = BINARIES[platform()];
  if (binary === undefined) throw new Error(`node-llama-cpp has no prebuilt binary for ${platform()}`);
  mkdirSync(MODULES, { recursive: true });
  const unlock = await lock(FOLDER, {
    lockfilePath: join(MODULES, '.install.lock'),
    retries: { retries: 1200, factor: 1, minTimeout: 250, maxTimeout: 250 },
  });
  try {
    if (isInstalled()) return;
    const { packages } = JSON.parse(readFileSync(join(FOLDER, 'package-lock.json'), 'utf8'));
    const { version } = packages['node_modules/node-llama-cpp'];
    await npm([
      'install',
      '--no-save',
      '--omit=optional',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `@node-llama-cpp/${binary}@${version}`,
    ]);
    writeFileSync(STAMP, wanted());
  } finally {
    await unlock();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await install();
