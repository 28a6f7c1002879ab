/** The built command line in a folder of its own, without code caches, for tests that change what lies there. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { builtKoubou } from './built.ts';

export interface CopiedKoubou {
  root: string;
  program: string;
  /** Of the code caches of this Node; not there yet. */
  caches: string;
}

export const copiedKoubou = async (): Promise<CopiedKoubou> => {
  const root = mkdtempSync(join(tmpdir(), 'koubou-copied-'));
  cpSync(dirname(dirname(await builtKoubou())), root, { recursive: true, verbatimSymlinks: true });
  const caches = join(root, 'dist/cli/.cache');
  rmSync(caches, { recursive: true, force: true });
  return {
    root,
    program: join(root, 'bin/run.js'),
    caches: join(caches, `${process.version}-${process.arch}`),
  };
};
