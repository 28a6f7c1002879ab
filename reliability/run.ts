/**
 * Runs the fault tests: all of them exhaustively, publishing their figures, or with --sample what CI runs. Names of
 * families (the test files' first word) choose some of them.
 */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIGURES, REPORT, report } from './report.ts';

const words = process.argv.slice(2);
const sample = words.includes('--sample');
const families = words.filter((word) => !word.startsWith('-'));

const here = new URL('.', import.meta.url);
const tests = (await readdir(here, { recursive: true }))
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => families.length === 0 || families.some((family) => name.startsWith(family)))
  // The report is made of the new figures when all is done.
  .filter((name) => sample || name !== 'report.test.ts')
  .sort();
if (tests.length === 0) throw new Error(`No family of reliability/ is called ${families.join(', ')}.`);

const run = (program: string, args: string[], environment: NodeJS.ProcessEnv = {}): number => {
  const { status } = spawnSync(program, args, {
    cwd: new URL('..', here),
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return status ?? 1;
};

const built = run(process.execPath, ['build/build.ts']);
const files = tests.map((name) => `reliability/${name}`);
const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config'];
// There all of it can be shown, and what is left out would look like what holds.
if (process.platform === 'linux' && process.getuid?.() === 0) mocha.push('--forbid-pending');

// Three at once on two cores: while one waits for the disk, for mounts or for daemons, the others go on.
const SAMPLED = ['--timeout', '60000', '--parallel', '--jobs', '3'];

/** Those that take longest, in their order: one that began last would run alone at the end. */
const LONGEST = [
  'storms',
  'syscalls',
  'machine',
  'kills/killed-apply',
  'soak',
  'commands',
  'apply',
  'endpoints',
];
const longestFirst = (): string[] => {
  const long = LONGEST.map((name) => `reliability/${name}.test.ts`).filter((file) => files.includes(file));
  return [...new Set([...long, ...files])];
};

const runSample = (): number =>
  run(process.execPath, [
    ...mocha,
    '--require',
    './test/support/small-workers.ts',
    ...SAMPLED,
    ...longestFirst(),
  ]);

/** One after the other, as some take times. Figures of a family in which something failed are not published. */
const runAll = async (): Promise<number> => {
  let failed = 0;
  const staged = await mkdtemp(join(tmpdir(), 'koubou-figures-'));
  try {
    for (const file of files) {
      const environment = { KOUBOU_TEST_FULL: '1', KOUBOU_FIGURES: staged };
      if (run(process.execPath, [...mocha, '--timeout', '7200000', file], environment) !== 0) failed += 1;
      else
        for (const name of await readdir(staged)) await copyFile(join(staged, name), new URL(name, FIGURES));
      for (const name of await readdir(staged)) await rm(join(staged, name));
    }
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
  await writeFile(REPORT, await report());
  return failed === 0 ? 0 : 1;
};

process.exitCode = built || (sample ? runSample() : await runAll());
