/** What an addition costs: the files that docs/how-it-works.md lists for it, and a build with the addition in those alone. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');

/** Files and folders below src in the table under a heading of docs/how-it-works.md, sorted. */
export const listedUnder = (heading: string): string[] => {
  const text = readFileSync(join(repository, 'docs/how-it-works.md'), 'utf8');
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `src\/([^`]+)` \|/gm)].map(([, file = '']) => file).toSorted();
};

/** What the compiler says of a copy that `plant` made. */
export const typeErrors = (root: string): string[] => {
  const options = {
    extends: join(repository, 'tsconfig.json'),
    include: ['src'],
    compilerOptions: { types: ['node'] },
  };
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(options));
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  // The other core runs other tests: several checkers would do much of the work twice, and be no sooner done.
  const { stdout } = spawnSync(process.execPath, [tsc, '--singleThreaded', '-p', root], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => line.includes('error TS'));
};
