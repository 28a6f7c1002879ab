/**
 * Runs the tests of what docs/security.md promises. Those in which a sandbox is made have their folders on the disk, as it
 * has a /dev of its own and would not show them in memory. The others have them in memory: git waits for the disk at each
 * step, which takes most of their time and shows nothing here.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');

const tests = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
  .map((name) => ({ path: join('test/security', name), text: readFileSync(join(here, name), 'utf8') }))
  // A long one that began last would leave a core idle.
  .sort((a, b) => b.text.length - a.text.length);
/** Its folders lie beside the repository, and its sockets come and go: a sandbox that is just being made would miss them. */
const APART = 'guards.test.ts';
const needsDisk = ({ path, text }: { path: string; text: string }): boolean =>
  /bubblewrap|bwrap/i.test(text) && !path.endsWith(APART);

const OPTIONS = ['--timeout', '60000', '--parallel', '--jobs', '2'];

const mocha = (required: readonly string[], files: readonly { path: string }[]): number => {
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/mocha/bin/mocha.js',
      '--no-config',
      ...required.flatMap((name) => ['--require', `./test/support/${name}.ts`]),
      ...OPTIONS,
      ...files.map(({ path }) => path),
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: 'inherit' },
  );
  return status ?? 1;
};

const onDisk = mocha(['small-workers'], tests.filter(needsDisk));
const inMemory = mocha(
  ['memory-folder', 'small-workers'],
  tests.filter((test) => !needsDisk(test)),
);
process.exitCode = Math.max(onDisk, inMemory);
