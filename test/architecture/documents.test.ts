import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const src = join(import.meta.dirname, '../../src');

/** `import { type X }` loads the file as well: the compiler leaves the import there (verbatimModuleSyntax). */
const LOADS = /^(?:import|export) (?!type )[^;]*? from '[^']*\/documents(?:\.ts|\/[\w-]+\.ts)'/m;
const LOADS_LATER = /\bimport\('[^']*\/documents(?:\.ts|\/[\w-]+\.ts)'\)/;
/** The schemas themselves, and doors that check what they are given when they run. */
const MAY_LOAD = /^(?:actions\/documents|http\/|mcp\/)/;

const loading = (sources: ReadonlyMap<string, string>): string[] =>
  [...sources].flatMap(([name, text]) =>
    !MAY_LOAD.test(name) && (LOADS.test(text) || LOADS_LATER.test(text)) ? [name] : [],
  );

describe('the schemas of documents', () => {
  it('are loaded by no command: a start would make them all', () => {
    const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const sources = new Map(names.map((name) => [name, readFileSync(join(src, name), 'utf8')]));
    assert.ok(sources.has('actions/documents.ts'));
    assert.deepEqual(loading(sources), []);
  });

  it('would be told of where they are loaded', () => {
    const sources = new Map([
      ['actions/a.ts', "import { type X } from './documents/task.ts';"],
      ['cli/b.ts', "import x from 'x';\nimport {\n  X,\n} from '../actions/documents.ts';"],
      ['commands/c.ts', "const { X } = await import('../actions/documents/home.ts');"],
      ['cli/fine.ts', "import x from 'x';\nimport type { X } from '../actions/documents.ts';"],
      ['http/fine.ts', "import { X } from '../actions/documents.ts';"],
    ]);
    assert.deepEqual(loading(sources), ['actions/a.ts', 'cli/b.ts', 'commands/c.ts']);
  });
});
