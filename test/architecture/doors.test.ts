/** A new door costs a folder of its own: it opens the app, calls actions and words what they say. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Project } from '../support/koubou/project.ts';
import { mutantTree, type NewFile } from '../support/mutants/source.ts';
import { listedUnder, typeErrors } from './costs.ts';
import { violations } from './import-graph.ts';

/** A desk where forms are handed in. Who stands there counts as an agent, as the table of roles has it. */
const DESK: readonly NewFile[] = [
  {
    file: 'mcp/wording.ts',
    from: null,
    to: `import type { Wording } from '../say/marks.ts';

export const desk: Wording = {
  field: ({ name, value }) => (value === undefined ? \`box "\${name}"\` : \`box "\${name}" with \${value}\`),
  action: ({ name }) => \`form "\${name}"\`,
  help: () => 'the leaflet',
};
`,
  },
  {
    file: 'mcp/answer.ts',
    from: null,
    to: `import { delegate } from '../actions/delegate/delegate.ts';
import { readFields } from '../actions/delegate/fields.ts';
import { errorDocument } from '../actions/error-document.ts';
import { listTasks } from '../actions/tasks/list.ts';
import { type AppRequest, openApp } from '../app/app.ts';
import { KoubouError } from '../errors.ts';
import { desk } from './wording.ts';

export const answer = async (
  form: { name: 'add' | 'list'; boxes?: Record<string, unknown> },
  { cwd, environment }: Pick<AppRequest, 'cwd' | 'environment'>,
): Promise<object> => {
  try {
    const principal = { name: 'desk', role: 'contributor', agent: null, session: null, via: 'mcp' } as const;
    const app = await openApp({ cwd, environment, principal, purpose: 'act', warn: () => undefined });
    if (form.name === 'list') return await listTasks(app, { labels: {}, limit: 20, unread: false });
    const fields = readFields(form.boxes ?? {}, 'The form', app.clock.wallMs());
    return await delegate({ fields, skipExisting: false }, app);
  } catch (error) {
    if (error instanceof KoubouError) return errorDocument(error, desk);
    throw error;
  }
};
`,
  },
];

describe('a new door', function () {
  this.timeout(120_000);
  let root: string;

  before(async () => {
    root = await mutantTree(DESK);
  });

  it('costs its own folder, as docs/how-it-works.md says', () => {
    assert.deepEqual(listedUnder('What a new door costs'), ['NAME/']);
    assert.deepEqual([...new Set(DESK.map(({ file }) => file.split('/')[0]))], ['mcp']);
  });

  it('imports what a door may, and compiles', () => {
    const src = join(root, 'src');
    const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const sources = new Map(names.map((name) => [name, readFileSync(join(src, name), 'utf8')]));
    assert.ok(sources.has('mcp/answer.ts'));
    assert.deepEqual(violations(sources), []);
    assert.deepEqual(typeErrors(root), []);
  });

  it('may not open the backend itself', () => {
    const past = new Map([['mcp/answer.ts', "import { openQueue } from '../queue/open.ts';"]]);
    assert.deepEqual(violations(past), [
      'mcp/answer.ts imports queue/open.ts: only src/app and the library do',
    ]);
  });

  it('adds and lists tasks, obeys the table of roles, and words refusals in its own way', async () => {
    const { answer } = await import(pathToFileURL(join(root, 'src/mcp/answer.ts')).href);
    const project = await Project.make();
    try {
      const environment = { ...process.env, HOME: project.folder };
      const ask = (name: string, boxes?: object) =>
        answer({ name, boxes }, { cwd: project.folder, environment });
      const { added } = await ask('add', { prompt: 'Say hello', output: 'hello.txt' });
      assert.equal(added.length, 1);
      const { tasks } = await ask('list');
      assert.deepEqual(
        tasks.map(({ task_id, prompt, created_by }: Record<string, string>) => [task_id, prompt, created_by]),
        [[added[0].id, 'Say hello', 'desk']],
      );

      const { error: refused } = await ask('add', { type: 'command', command: ['touch', 'made'] });
      assert.equal(refused.code, 'not_allowed');
      assert.match(refused.hint, /form "config"/);
      const { error: wrong } = await ask('add', { prompt: 'Hello', worktree: true });
      assert.match(`${wrong.message} ${wrong.hint}`, /box "\w+"/);
      for (const { message, hint } of [refused, wrong])
        assert.doesNotMatch(`${message} ${hint}`, /\bkoubou \w|--\w/);
      assert.equal((await ask('list')).tasks.length, 1);
    } finally {
      await project.remove();
    }
  });
});
