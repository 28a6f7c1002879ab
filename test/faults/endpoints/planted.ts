/** An asker that asks through a copy of src in which something is wrong: to show that the table finds it. */
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Fault } from '../planted-build.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));

/** The address of the asker. The copy is removed when the process ends. */
export const plantedAsker = async ({ file, from, to }: Fault): Promise<URL> => {
  const root = await mkdtemp(join(tmpdir(), 'koubou-planted-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  for (const name of ['src', 'test/contract', 'test/helpers', 'test/support', 'test/faults/endpoints']) {
    await cp(join(repository, name), join(root, name), { recursive: true });
  }
  await cp(join(repository, 'test/faults/figures.ts'), join(root, 'test/faults/figures.ts'));
  for (const name of ['node_modules', 'templates', 'package.json']) {
    await symlink(join(repository, name), join(root, name));
  }
  const path = join(root, 'src', file);
  const parts = (await readFile(path, 'utf8')).split(from);
  if (parts.length !== 2) throw new Error(`src/${file} has ${parts.length - 1} times: ${from}`);
  await writeFile(path, parts.join(to));
  return pathToFileURL(join(root, 'test/faults/endpoints/asker.ts'));
};
