/** A new state of a task costs the files that the docs list: it is added by them alone, and works. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dayOf } from '../../src/task/id.ts';
import { Project } from '../support/koubou/project.ts';
import { buildMutant, type Edit, mutantTree, type NewFile } from '../support/mutants/source.ts';
import { listedUnder, typeErrors } from './costs.ts';

const HEADING = 'What a new state of a task costs';

/** The state itself. */
const ROW: readonly Edit[] = [
  {
    file: 'task/lifecycle.ts',
    from: "  completed: { status: 'completed', phase: 'ended' },",
    to: "  review: { status: 'pending', phase: 'waiting' },\n  completed: { status: 'completed', phase: 'ended' },",
  },
  {
    file: 'task/lifecycle.ts',
    from: "  | 'retried_blocked';",
    to: "  | 'retried_blocked'\n  | 'for_review'\n  | 'approved';",
  },
  {
    file: 'task/lifecycle.ts',
    from: "    succeeded: 'completed',",
    to: "    succeeded: 'completed',\n    for_review: 'review',",
  },
  {
    file: 'task/lifecycle.ts',
    from: "  completed: { retried: 'pending', retried_blocked: 'blocked' },",
    to: "  review: { approved: 'completed', cancelled: 'failed' },\n  completed: { retried: 'pending', retried_blocked: 'blocked' },",
  },
];

const FORECAST: readonly Edit[] = [
  {
    file: 'actions/wait/forecast.ts',
    from: '= { pending: ready, delayed, blocked };',
    to: "= { pending: ready, delayed, blocked, review: async () => ({ kind: 'held', why: 'waits for a review' }) };",
  },
];

/** What leads into it and out of it: what succeeded is reviewed, and completed once there is a file `approved`. */
const WAYS: readonly (Edit | NewFile)[] = [
  {
    file: 'task/budget.ts',
    from: "  | { event: 'succeeded' }",
    to: "  | { event: 'succeeded' }\n  | { event: 'for_review' }",
  },
  {
    file: 'task/budget.ts',
    from: "if (last.outcome === 'success') return { event: 'succeeded' };",
    to: "if (last.outcome === 'success') return { event: 'for_review' };",
  },
  {
    file: 'queue/files/recover/review.ts',
    from: null,
    to: `import { join } from 'node:path';
import { listOrNone } from '../disk/disk.ts';
import type { QueueContext } from '../layout/context.ts';
import { ensureDayFolders } from '../layout/locate.ts';
import { parseTaskName } from '../layout/names.ts';
import { placeAfter, taskPlace, transition } from '../tasks/transition.ts';

export const completeReviewed = async (context: QueueContext): Promise<void> => {
  const { disk, layout } = context;
  for (const text of await listOrNone(disk, layout.states.review)) {
    const name = parseTaskName(text);
    if (name === undefined) continue;
    if ((await disk.facts(join(layout.resultFolder(name.id), 'approved'))) === undefined) continue;
    await ensureDayFolders(context, name.id);
    const [from, to] = [taskPlace(layout, 'review', name), placeAfter(layout, 'review', 'approved', name)];
    if (!(await transition(context, from, to))) continue;
    await Promise.all([disk.syncFolder(from.folder), disk.syncFolder(to.folder)]);
  }
};
`,
  },
  {
    file: 'queue/files/recover/sweep.ts',
    from: '    () => recheckBlocked(context, report),\n    () => setAsideForeign(context, report),',
    to: '    () => recheckBlocked(context, report),\n    () => completeReviewed(context),\n    () => setAsideForeign(context, report),',
  },
  {
    file: 'queue/files/recover/sweep.ts',
    from: "import { sweepHalfMade } from './sweep-half-made.ts';",
    to: "import { completeReviewed } from './review.ts';\nimport { sweepHalfMade } from './sweep-half-made.ts';",
  },
];

/** An attempt can end in it: a daemon says so. */
const EVENT: readonly Edit[] = [
  {
    file: 'events.ts',
    from: "state: 'completed' | 'failed' | 'delayed' | 'pending';",
    to: "state: 'completed' | 'failed' | 'delayed' | 'pending' | 'review';",
  },
  {
    file: 'actions/documents/event.ts',
    from: "z.enum(['completed', 'failed', 'delayed', 'pending'])",
    to: "z.enum(['completed', 'failed', 'delayed', 'pending', 'review'])",
  },
];

const REVIEW = [...ROW, ...FORECAST, ...WAYS, ...EVENT];

describe('a new state of a task', function () {
  this.timeout(120_000);

  it('costs the files that docs/how-it-works.md lists, nine at most', () => {
    const planted = [...new Set(REVIEW.map(({ file }) => file.replace('review.ts', 'NAME.ts')))].toSorted();
    assert.deepEqual(listedUnder(HEADING), planted);
    // With the page that has the table of the states.
    assert.ok(planted.length + 1 <= 9, String(planted));
  });

  it('is missed by the compiler where a wait does not know what to expect of it', async () => {
    const [error = '', ...others] = typeErrors(await mutantTree([...ROW, ...WAYS, ...EVENT]));
    assert.match(error, /^src\/actions\/wait\/forecast\.ts.*'review' is missing/);
    assert.deepEqual(others, []);
  });

  it('works when it has been added to those', async () => {
    const program = await buildMutant(...REVIEW);
    assert.deepEqual(typeErrors(dirname(dirname(program))), []);
    const project = await Project.make();
    try {
      const run = (...args: string[]) => project.runWith({ program }, ...args);
      const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);
      const counts = async () => (await json('status')).counts;
      // It makes the folder that a home of an older version lacks.
      assert.equal((await run('init')).code, 0);
      const add = async (word: string): Promise<string> =>
        (await run('delegate', '--type', 'command', '--', 'echo', word)).stdout.trim();
      const [accepted, rejected] = [await add('accepted'), await add('rejected')];
      const { stdout } = await run('work', '--drain', '--json');
      const events = stdout.split('\n').filter((line) => line.includes('"task_ended"'));
      assert.deepEqual(
        events.map((line) => JSON.parse(line).state),
        ['review', 'review'],
      );

      const folder = join(project.home, 'tasks/review');
      assert.equal(readdirSync(folder).length, 2);
      const { pending, review, completed } = await counts();
      assert.deepEqual({ pending, review, completed }, { pending: 2, review: 2, completed: 0 });
      assert.match((await run('status')).stdout, /^2 pending \(2 review\), 0 running, 0 completed/);
      assert.equal((await json('status', accepted)).waiting, 'review');
      for (const status of ['review', 'pending'])
        assert.equal((await json('list', '--status', status)).tasks.length, 2, status);
      assert.match((await run('wait', accepted)).stderr, /waits for a review/);
      assert.match((await run('list', '--status', 'revue')).stderr, /review/);

      assert.match((await run('cancel', rejected)).stdout, /cancelled/);
      project.write(`.koubou/results/${dayOf(accepted)}/${accepted}/approved`, '');
      assert.equal((await run('work', '--drain')).code, 0);
      assert.equal((await run('result', accepted)).stdout, 'accepted\n');
      assert.deepEqual(readdirSync(folder), []);
      const { pending: left, failed, completed: done } = await counts();
      assert.deepEqual({ left, failed, done }, { left: 0, failed: 1, done: 1 });
      assert.ok(existsSync(join(project.home, 'tasks/completed', dayOf(accepted))));
    } finally {
      await project.remove();
    }
  });
});
