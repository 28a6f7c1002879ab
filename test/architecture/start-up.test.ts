/** What short commands must not load when they start: it would cost each of them what only a worker needs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const src = join(import.meta.dirname, '../../src');
type Sources = ReadonlyMap<string, string>;

/** `import { type X }` loads the file as well (verbatimModuleSyntax); `import type` and `await import()` do not. */
const LOADS = /^(?:import|export) (?!type )[^'";]*?\bfrom '([^']+)'|^import '([^']+)'/gm;
const HEAVY =
  /^runner\/|^config\/(?:schema|check|agent-definitions|runner-entries)\.ts$|^(?:yaml|undici|execa)$/;

/** Everything that a file loads at once, each with the file that asks for it. */
const loadedBy = (file: string, sources: Sources): Map<string, string> => {
  const found = new Map<string, string>();
  const visit = (each: string): void => {
    for (const [, named, bare] of (sources.get(each) ?? '').matchAll(LOADS)) {
      const wanted = named ?? bare ?? '';
      const to = wanted.startsWith('.') ? posix.join(posix.dirname(each), wanted) : wanted;
      if (found.has(to)) continue;
      found.set(to, each);
      visit(to);
    }
  };
  visit(file);
  return found;
};

const heavy = (command: string, sources: Sources): string[] =>
  [...loadedBy(`commands/${command}.ts`, sources)].flatMap(([to, from]) =>
    HEAVY.test(to) ? [`${from} loads ${to}`] : [],
  );

describe('a command that starts', () => {
  const sources: Sources = new Map(
    readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [name, readFileSync(join(src, name), 'utf8')]),
  );

  for (const command of ['delegate', 'status', 'result', 'list', 'wait', 'route'])
    it(`loads no runner and no schema of the config: ${command}`, () => {
      assert.ok(loadedBy(`commands/${command}.ts`, sources).has('task/runner-kinds.ts'));
      assert.deepEqual(heavy(command, sources), []);
    });

  it('would be told of one on a long way', () => {
    const planted = new Map([
      ['commands/status.ts', "import { a } from '../app/a.ts';"],
      ['app/a.ts', "import type { X } from '../runner/ollama.ts';\nexport * from './b.ts';"],
      ['app/b.ts', "import {\n  type Y,\n} from '../runner/registry.ts';\nconst z = await import('yaml');"],
    ]);
    assert.deepEqual(heavy('status', planted), ['app/b.ts loads runner/registry.ts']);
  });
});
