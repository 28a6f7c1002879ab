/** What a door calls is called by a test as a door does: what only commands reach holds nothing for the next door. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Path below the repository, with its text. */
type Sources = ReadonlyMap<string, string>;

/** Tests of the command line, and those that `npm test` leaves out (.mocharc.json). */
const ELSEWHERE = /^test\/(?:cli|real|faults|security|daemon)\//;
const IMPORT = /^import (?!type )([^;'"]+?) from '(\.[^']+)'/gm;
const LATER = /\bconst \{([^}]+)\} = await import\('(\.[^']+)'\)|\(await import\('(\.[^']+)'\)\)\.(\w+)/g;

/** `FILE NAME` of every value that a file imports from the repository, without those that are types. */
const importedBy = (from: string, text: string): string[] => {
  const named = [...text.matchAll(IMPORT), ...text.matchAll(LATER)].map(
    ([, names, path, path2, name]) => [path ?? path2 ?? '', names ?? name ?? ''] as const,
  );
  return named.flatMap(([path, names]) =>
    names
      .replaceAll(/[{}\s]+/g, ' ')
      .split(',')
      .map((each) => each.trim().replace(/(?: as |: ).*$/, ''))
      .filter((each) => each !== '' && !each.startsWith('type '))
      .map((each) => `${posix.join(posix.dirname(from), path)} ${each}`),
  );
};

const allBy = (sources: Sources, from: RegExp): Set<string> =>
  new Set([...sources].flatMap(([name, text]) => (from.test(name) ? importedBy(name, text) : [])));

/** Of actions: what commands use, and no test outside of theirs imports. */
const unheld = (sources: Sources): string[] => {
  const tests = new Map([...sources].filter(([name]) => !ELSEWHERE.test(name)));
  const held = allBy(tests, /^test\/.*\.test\.ts$/);
  return [...allBy(sources, /^src\/(?:commands|cli)\//)]
    .filter((each) => each.startsWith('src/actions/') && !held.has(each))
    .toSorted();
};

const read = (folder: string): [string, string][] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => [`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')]);

describe('an action', () => {
  const sources: Sources = new Map([...read('src'), ...read('test')]);

  it('that a command calls is called by a test of its own, without a command', () => {
    const used = allBy(sources, /^src\/commands\//);
    assert.ok(used.has('src/actions/tasks/list.ts listTasks'));
    assert.ok(used.has('src/actions/delegate/delegate.ts delegate'));
    assert.deepEqual(unheld(sources), []);
  });

  it('would be told of where only a command, or a test of one, calls it', () => {
    const command = [
      "import type { T } from '../actions/a.ts';",
      "import { listTasks, type T } from '../actions/a.ts';",
      "import {\n  cancelTasks as cancel,\n  type U,\n} from '../actions/b.ts';",
      "const { deep } = await import('../actions/c.ts');",
      "await (await import('../actions/d.ts')).deeper();",
    ].join('\n');
    const calls = (path: string) => `import { listTasks, cancelTasks } from '${path}';`;
    const planted = (tests: Record<string, string>) =>
      unheld(new Map([['src/commands/x.ts', command], ...Object.entries(tests)]));
    const all = ['a.ts listTasks', 'b.ts cancelTasks', 'c.ts deep', 'd.ts deeper'];
    const within = all.map((each) => `src/actions/${each}`);
    assert.deepEqual(planted({}), within);
    assert.deepEqual(planted({ 'test/cli/x.test.ts': calls('../../src/actions/a.ts') }), within);
    assert.deepEqual(planted({ 'test/security/x.test.ts': calls('../../src/actions/a.ts') }), within);
    assert.deepEqual(planted({ 'test/support/app.ts': calls('../../src/actions/a.ts') }), within);
    assert.deepEqual(
      planted({ 'test/x.test.ts': "import type { listTasks } from '../src/actions/a.ts';" }),
      within,
    );
    const held = { 'test/x.test.ts': `${calls('../src/actions/a.ts')}\n${calls('../src/actions/b.ts')}` };
    assert.deepEqual(planted(held), within.slice(2));
  });
});
