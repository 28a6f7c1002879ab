import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const repository = join(import.meta.dirname, '../..');

type Sources = ReadonlyMap<string, string>;

/** The room of a test file: support, reliability, or any other tests. */
const roomOf = (file: string): string => {
  if (file.startsWith('reliability/')) return 'reliability';
  if (file.startsWith('test/support/')) return 'support';
  return file.startsWith('test/') ? 'tests' : 'source';
};

/** What each may import besides itself and what is no test. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  support: [],
  tests: ['support'],
  reliability: ['support', 'tests'],
  source: [],
};

const importsOf = (from: string, text: string): string[] =>
  [...text.matchAll(/(?:from |import |import\(|resolve\(|URL\()'(\.[^']+)'/g)].map(([, to = '']) =>
    posix.join(posix.dirname(from), to),
  );

const wrongImports = (sources: Sources): string[] =>
  [...sources].flatMap(([from, text]) =>
    importsOf(from, text)
      .filter((to) => {
        const room = roomOf(to);
        return room !== 'source' && room !== roomOf(from) && !MAY[roomOf(from)]?.includes(room);
      })
      .map((to) => `${from} imports ${to}`),
  );

const familyOf = (file: string): string | undefined => /^reliability\/(\w+)\//.exec(file)?.[1];

/** A way of imports through folders of reliability/ that comes back to where it began. */
const circle = (sources: Sources): string | undefined => {
  const ways = new Map<string, Set<string>>();
  for (const [from, text] of sources) {
    const family = familyOf(from);
    for (const other of importsOf(from, text).map(familyOf)) {
      if (family === undefined || other === undefined || other === family) continue;
      ways.set(family, (ways.get(family) ?? new Set()).add(other));
    }
  }
  const walk = (way: readonly string[]): string | undefined => {
    for (const next of ways.get(way.at(-1) ?? '') ?? []) {
      const found = way.includes(next) ? [...way, next].join(' -> ') : walk([...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const family of ways.keys()) {
    const found = walk([family]);
    if (found !== undefined) return found;
  }
  return undefined;
};

describe('the imports of tests', () => {
  const names = globSync('{test,reliability,bench,src}/**/*.ts', { cwd: repository }).filter(
    (name) => !name.includes('node_modules') && name !== 'test/architecture/support.test.ts',
  );
  const sources = new Map(names.map((name) => [name, readFileSync(join(repository, name), 'utf8')]));

  it('go one way: reliability, tests, support', () => {
    assert.ok(sources.size > 900, String(sources.size));
    const bench = (line: string): boolean => line.startsWith('bench/');
    assert.deepEqual(
      wrongImports(sources).filter((line) => !bench(line)),
      [],
    );
  });

  it('lead from no family of reliability/ back to itself', () => {
    assert.equal(circle(sources), undefined);
  });

  for (const [from, to] of [
    ['test/support/until.ts', '../worker/rig.ts'],
    ['test/support/until.ts', '../../reliability/figures.ts'],
    ['test/support/worker/rig.ts', '../../reliability/figures.ts'],
    ['src/errors.ts', '../test/support/until.ts'],
  ] as const) {
    it(`would show that ${from} imports ${to}`, () => {
      assert.equal(wrongImports(new Map([[from, `import { x } from '${to}';`]])).length, 1);
    });
  }

  it('would show two families that need each other', () => {
    const one = ['reliability/a/x.ts', "import '../b/y.ts';"] as const;
    const other = ['reliability/b/y.ts', "await import('../a/x.ts');"] as const;
    assert.equal(circle(new Map([one, other])), 'a -> b -> a');
    assert.equal(circle(new Map([one])), undefined);
  });
});
