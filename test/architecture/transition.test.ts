/** A task's state changes in one file, and what is there asks the lifecycle. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Layout } from '../../src/queue/files/layout/names.ts';
import { placeAfter } from '../../src/queue/files/tasks/transition.ts';
import { type EventName, STATES, TRANSITIONS } from '../../src/task/lifecycle.ts';

const QUEUE = join(import.meta.dirname, '../../src/queue/files');
const TRANSITION = 'tasks/transition.ts';

const RENAMES = /(?:\b(?:move|replace)\((?:\w+\.)*disk,|\.rename\()/;
/** Renaming something by the name of a task: what makes such names, and what renames, in one file. */
const renamesTasks = (text: string): boolean =>
  /\b(?:taskName|delayedName|endedName)\(/.test(text) && RENAMES.test(text);
/** Moving the file of a task that was located. */
const movesPlace = (text: string): boolean =>
  new RegExp(`${RENAMES.source}[^;]*\\bplace\\.path\\b`).test(text);
const asksForState = (text: string): boolean => /\bfirstState\(/.test(text);

const offenders = (sources: Iterable<readonly [string, string]>): string[] =>
  [...sources]
    .filter(([, text]) => renamesTasks(text) || movesPlace(text) || asksForState(text))
    .map(([name]) => name);

describe('a state of a task', () => {
  const sources = readdirSync(QUEUE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(join(QUEUE, name), 'utf8')] as const);

  it('is given by one file', () => assert.deepEqual(offenders(sources), [TRANSITION]));

  it('is what the lifecycle allows', () => {
    const layout = new Layout('/home');
    const name = { id: 'task_20260101_000000_000000_aaaa', run: 1, base: 0, priority: 5 };
    const details = { dueMs: 1, workerFolder: '/home/tasks/in_progress/w' };
    const events = new Set(STATES.flatMap((state) => Object.keys(TRANSITIONS[state]))) as Set<EventName>;
    for (const from of STATES)
      for (const event of events) {
        const move = () => placeAfter(layout, from, event, name, details);
        const allowed = TRANSITIONS[from][event];
        if (allowed === undefined) assert.throws(move, { code: 'internal' }, `${event} of ${from}`);
        else assert.equal(move().state, allowed);
      }
  });

  for (const [what, text] of [
    ['a rename to the name of a task', 'await move(disk, from, join(layout.pending, taskName(name)));'],
    ['a rename of a task that was located', 'await disk.rename(place.path, target);'],
    ['a first state of its own', 'const state = firstState({ parents, notBefore: true });'],
  ] as const)
    it(`would be told of: ${what}`, () => assert.deepEqual(offenders([['x.ts', text]]), ['x.ts']));
});
