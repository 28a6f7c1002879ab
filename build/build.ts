// Builds dist/cli (the command line, by esbuild) and dist/lib (the library, by tsc), side by side. Each takes
// the place of its predecessor only when it is complete, so a koubou that starts meanwhile finds one or the other.

import { spawn } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildCommandLine } from './command-line.ts';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');

async function replace(name: string, produce: (folder: string) => Promise<unknown>): Promise<void> {
  const fresh = join(dist, `.${name}-${process.pid}`);
  const old = `${fresh}-old`;
  try {
    await produce(fresh);
    await rename(join(dist, name), old).catch(ignoreMissing);
    await rename(fresh, join(dist, name));
  } finally {
    await Promise.all([fresh, old].map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function compileLibrary(folder: string): Promise<void> {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], {
      cwd: root,
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error('tsc found errors'))));
  });
}

await mkdir(dist, { recursive: true });
const results = await Promise.allSettled([
  replace('cli', (folder) => buildCommandLine(join(root, 'src', 'commands'), folder)),
  replace('lib', compileLibrary),
]);
for (const result of results) {
  if (result.status === 'fulfilled') continue;
  process.exitCode = 1;
  console.error(result.reason instanceof Error ? result.reason.message : result.reason);
}
