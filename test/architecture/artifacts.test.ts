import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const src = join(import.meta.dirname, '../../src');

/** What a run left is read through the queue; the disk is for who works in the scratch of a claim. `existsSync` opens nothing. */
const DISK =
  /import (?!\{ existsSync \} )[^;]* from '(?:node:fs(?:\/promises)?|(?:\.\.\/)+names\/own-file\.ts)'/;
const READS = /\bartifacts\.(?:find|read)\(|\breadResult\(|\breadPatch\(|\breadLog\(/;
/** A name below the folder of results, as queue/files/layout/names.ts makes it. */
const PLACE = /['"`/]results['"`/]|['"`/]run-\$\{/;

const outside = (name: string): boolean => !name.startsWith('queue/');

const offenders = (sources: ReadonlyMap<string, string>): string[] =>
  [...sources].flatMap(([name, text]) => {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    if (!outside(name)) return [];
    return [
      ...(READS.test(code) && DISK.test(code) && !/\bscratch\b/.test(code) ? [`${name} opens files`] : []),
      ...(PLACE.test(code) ? [`${name} knows where results lie`] : []),
    ];
  });

describe('an artifact of a task', () => {
  it('is read through the queue, by whatever lies above it', () => {
    const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const sources = new Map(names.map((name) => [name, readFileSync(join(src, name), 'utf8')]));
    assert.deepEqual(offenders(sources), []);
  });

  it('would be told of where it is opened, or looked for', () => {
    const opened = "import { open } from 'node:fs/promises';\nqueue.artifacts.find(id, null, 'log');";
    const found = 'const path = join(home, `results/${day}`, `run-${run}.log`);';
    assert.deepEqual(
      offenders(
        new Map([
          ['actions/x.ts', opened],
          ['worker/y.ts', found],
          ['queue/files/z.ts', opened + found],
        ]),
      ),
      ['actions/x.ts opens files', 'worker/y.ts knows where results lie'],
    );
  });
});
