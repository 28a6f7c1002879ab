/**
 * Runs the fault tests: all of them exhaustively, publishing their figures, or with --sample what CI runs. Names of
 * families (the test files' first word) choose some of them.
 */
import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { REPORT, report } from './report.ts';

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
if (tests.length === 0) throw new Error(`No family of test/faults is called ${families.join(', ')}.`);

const run = (program: string, args: string[], environment: NodeJS.ProcessEnv = {}): number => {
  const { status } = spawnSync(program, args, {
    cwd: new URL('../..', here),
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return status ?? 1;
};

const built = run(process.execPath, ['build/build.ts']);
// Two at a time, but not where figures are taken.
const mocha = [
  '--no-config',
  ...(sample ? ['--timeout', '60000', '--parallel', '--jobs', '2'] : ['--timeout', '7200000']),
];
const files = tests.map((name) => `test/faults/${name}`);
const tested =
  built ||
  run(process.execPath, ['node_modules/mocha/bin/mocha.js', ...mocha, ...files], {
    KOUBOU_TEST_FULL: sample ? '' : '1',
  });
if (!sample) await writeFile(REPORT, await report());
process.exitCode = tested;
