import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { violations } from './import-graph.ts';
import { lintRules } from './lint-rules.ts';

const src = join(dirname(dirname(import.meta.dirname)), 'src');

describe('the imports of src', () => {
  it('go one way only, as docs of the architecture say', async () => {
    const names = (await readdir(src, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const sources = new Map(
      await Promise.all(names.map(async (name) => [name, await readFile(join(src, name), 'utf8')] as const)),
    );
    assert.ok(sources.has('errors.ts'));
    assert.deepEqual(violations(sources), []);
  });

  const planted: [name: string, file: string, text: string, told: RegExp][] = [
    [
      'an import to the left',
      'task/id.ts',
      "import { x } from '../queue/queue.ts';",
      /task may not know queue/,
    ],
    [
      'an import of a type to the left',
      'task/id.ts',
      "import type { X } from '../queue/queue.ts';",
      /may not know/,
    ],
    [
      'an import over several lines',
      'task/id.ts',
      "import { \n  x, \n  y, \n } from '../queue/queue.ts';",
      /may not know/,
    ],
    [
      'a lazy import to the left',
      'route/route.ts',
      "const x = await import('../process/spawn.ts');",
      /may not know/,
    ],
    ['an export that goes on', 'events.ts', "export * from './task/id.ts';", /events.ts may not know task/],
    [
      'queue and runner that know each other',
      'queue/queue.ts',
      "import '../runner/runner.ts';",
      /may not know runner/,
    ],
    [
      'a way around the door',
      'worker/daemon.ts',
      "import { x } from '../queue/files/claim/candidates.ts';",
      /only queue\/queue.ts/,
    ],
    [
      'configuration below actions',
      'worker/daemon.ts',
      "import { x } from '../config/load.ts';",
      /may not know config/,
    ],
    [
      'a backend opened by an action',
      'actions/add.ts',
      "import { x } from '../queue/open.ts';",
      /only src\/app/,
    ],
    [
      'execa outside process',
      'runner/codex/codex.ts',
      "import { execa } from 'execa';",
      /only src\/process and src\/git/,
    ],
    [
      'a runner that starts its program itself',
      'runner/codex/codex.ts',
      "import { startProgram } from '../process/spawn.ts';",
      /through an executor/,
    ],
    [
      'the environment read inside',
      'worker/pool/pool.ts',
      'const home = process.env.HOME;',
      /only src\/config/,
    ],
    [
      'a home found past its door',
      'actions/doctor/doctor.ts',
      "import { findHome } from '../config/paths.ts';",
      /only app\/open-home.ts/,
    ],
    ['a folder nobody placed', 'utils/x.ts', "import { x } from '../task/id.ts';", /utils has no place/],
    [
      'a file that imports itself',
      'task/id.ts',
      "export * from './id.ts';",
      /cycle: task\/id.ts -> task\/id.ts/,
    ],
  ];
  for (const [name, file, text, told] of planted) {
    it(`would be told of: ${name}`, () => {
      const [first, ...rest] = violations(new Map([[file, text]]));
      assert.match(first ?? 'nothing', told);
      assert.deepEqual(rest, []);
    });
  }

  it('would be told of: a cycle over three files', () => {
    const sources = new Map([
      ['task/a.ts', "import './b.ts';"],
      ['task/b.ts', "import './c.ts';"],
      ['task/c.ts', "import './a.ts';"],
    ]);
    assert.deepEqual(violations(sources), ['cycle: task/a.ts -> task/b.ts -> task/c.ts -> task/a.ts']);
  });

  it('would be told of: a command that puts the parts together itself', () => {
    const sources = new Map([['commands/list.ts', "import { openQueue } from '../queue/open.ts';"]]);
    assert.deepEqual(violations(sources), [
      'commands/list.ts imports queue/open.ts: only src/app and the library do',
    ]);
  });

  it('are what the linter holds as well', async () => {
    const path = join(src, '..', '.oxlintrc.json');
    const found = JSON.parse(await readFile(path, 'utf8'));
    const wanted = { ...found, overrides: lintRules() };
    if (process.env['UPDATE_SNAPSHOT'] === '1') await writeFile(path, JSON.stringify(wanted));
    else assert.deepEqual(found, wanted, 'UPDATE_SNAPSHOT=1 writes it anew');
  });

  it('may name the backends in src/app, and speak of process.env in a comment', () => {
    const sources = new Map([
      ['app/app.ts', "import { openQueue } from '../queue/open.ts';\n// process.env is read elsewhere"],
    ]);
    assert.deepEqual(violations(sources), []);
  });
});
