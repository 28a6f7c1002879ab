// What a package of koubou holds: build/packed-files.txt, and the library, which is src without the command line.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const COMMAND_LINE = /^src\/(?:cli|commands)\//;

/** Every file below a folder, by its path with slashes. */
export function filesBelow(folder: string, below = folder): string[] {
  return readdirSync(below, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}

export const packedFilesList = (root: string): string => join(root, 'build', 'packed-files.txt');

export const isOfLibrary = (path: string): boolean => path.startsWith('dist/lib/');

/** What the package made of the sources in `root` is to hold. */
export function expectedFiles(root: string): string[] {
  const written = readFileSync(packedFilesList(root), 'utf8').trim().split('\n');
  const library = filesBelow(root, join(root, 'src'))
    .filter((path) => path.endsWith('.ts') && !COMMAND_LINE.test(path))
    .map((path) => path.replace(/^src/, 'dist/lib').replace(/\.ts$/, ''))
    .flatMap((path) => [`${path}.d.ts`, `${path}.js`]);
  return [...written, ...library].sort();
}

/** In words: what one list has and the other has not; '' where they agree. */
export function differenceOf(packed: readonly string[], expected: readonly string[]): string {
  const more = packed.filter((path) => !expected.includes(path));
  const less = expected.filter((path) => !packed.includes(path));
  return [...more.map((path) => `too many: ${path}`), ...less.map((path) => `missing: ${path}`)].join('\n');
}

/** Packs the sources in `root`, which builds them first, and unpacks that into `folder`/package. Asks no registry. */
export function packInto(root: string, folder: string): { archive: string; unpacked: string } {
  const { stdout } = run('npm', ['pack', '--offline', '--silent', '--pack-destination', folder], root);
  const name = stdout.trim().split('\n').at(-1) ?? '';
  const archive = join(folder, name);
  run('tar', ['xzf', archive, '-C', folder], folder);
  return { archive, unpacked: join(folder, 'package') };
}

/** Throws with what a program said where it failed. */
export function run(program: string, args: readonly string[], cwd: string): { stdout: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return { stdout };
  throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}${stdout}`);
}
