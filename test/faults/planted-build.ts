/** The command line, built of a copy of src in which something is wrong: to show that a check finds it. */
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildCommandLine } from '../../build/command-line.ts';

const repository = dirname(dirname(import.meta.dirname));

export interface Fault {
  /** Below src. */
  file: string;
  /** Has to stand there exactly once. */
  from: string;
  to: string;
}

export interface NewFile extends Omit<Fault, 'from'> {
  from: null;
}

/** A copy of what is built, with src changed in these places. It is removed when the process ends. */
export const plant = async (...faults: readonly (Fault | NewFile)[]): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'koubou-planted-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['bin', 'src'])
    await cp(join(repository, folder), join(root, folder), { recursive: true });
  for (const name of ['node_modules', 'templates', 'package.json']) {
    await symlink(join(repository, name), join(root, name));
  }
  for (const { file, from, to } of faults) {
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
export const buildPlanted = async (...faults: readonly (Fault | NewFile)[]): Promise<string> => {
  const root = await plant(...faults);
  const source = join(root, 'src');
  await buildCommandLine(join(source, 'commands'), join(root, 'dist', 'cli'), source);
  return join(root, 'bin', 'run.js');
};
