import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const src = join(import.meta.dirname, '../../src');
/** Some 120,000 arguments of one call are too many, and a folder, an index or a server may name more. */
const SPREAD = /\b(?:push|unshift|max|min|fromCharCode|concat)\(\.\.\./;
/** What is spread there is short whatever others write: code's own tables, one config, one text's pieces. */
const SHORT = [
  'actions/doctor/doctor.ts',
  'app/home-summary.ts',
  'cli/render/record.ts',
  'cli/render/table.ts',
  'executor/codex/places.ts',
  'executor/guarded/named-secrets.ts',
  'names/walk.ts',
  'privacy/evidence/evidence.ts',
  'queue/files/add/import-dropped.ts',
  'runner/model/prompt-counts.ts',
  'worker/pool/endpoints.ts',
];

const spreading = (sources: ReadonlyMap<string, string>): string[] =>
  [...sources].flatMap(([name, text]) => (SPREAD.test(text) ? [name] : [])).sort();

describe('a list whose length others decide', () => {
  it('is spread into no call', () => {
    const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    assert.deepEqual(
      spreading(new Map(names.map((name) => [name, readFileSync(join(src, name), 'utf8')]))),
      SHORT,
    );
  });

  it('would be told of where it is', () => {
    assert.deepEqual(spreading(new Map([['verify/x.ts', 'found.push(...names);']])), ['verify/x.ts']);
    assert.throws(() => [].push(...(Array.from({ length: 1_000_000 }) as never[])), RangeError);
  });
});
