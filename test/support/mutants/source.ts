/** Mutants of the source: a copy of src in which something is wrong, to show that a check finds it. */
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildCommandLine } from '../../../build/command-line.ts';

const repository = join(import.meta.dirname, '../../..');

export interface Edit {
  /** Below src. */
  file: string;
  /** Has to stand there exactly once. */
  from: string;
  to: string;
}

export interface NewFile extends Omit<Edit, 'from'> {
  from: null;
}

const LINKED = ['node_modules', 'templates', 'package.json'];

/** The root of a copy of `copied` (paths of the repository) with src changed so. It is removed when the process ends. */
export const mutantTree = async (
  edits: readonly (Edit | NewFile)[],
  copied: readonly string[] = ['bin', 'src'],
): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'koubou-mutant-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  for (const name of copied) await cp(join(repository, name), join(root, name), { recursive: true });
  for (const name of LINKED) await symlink(join(repository, name), join(root, name));
  for (const { file, from, to } of edits) {
    const path = join(root, 'src', file);
    if (from === null) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, to, { flag: 'wx' });
      continue;
    }
    const parts = (await readFile(path, 'utf8')).split(from);
    if (parts.length !== 2) throw new Error(`src/${file} has ${parts.length - 1} times: ${from}`);
    await writeFile(path, parts.join(to));
  }
  return root;
};

/** The path of bin/run.js of a build of such a copy. */
export const buildMutant = async (...edits: readonly (Edit | NewFile)[]): Promise<string> => {
  const root = await mutantTree(edits);
  const source = join(root, 'src');
  await buildCommandLine(join(source, 'commands'), join(root, 'dist', 'cli'), source);
  return join(root, 'bin', 'run.js');
};
