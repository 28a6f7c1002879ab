import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { STATES, TRANSITIONS } from '../../src/task/lifecycle.ts';
import { runOutcome, TaskFile, TaskOptions } from '../../src/task/record.ts';

const docs = join(dirname(dirname(import.meta.dirname)), 'docs');
const text = (name: string): string => readFileSync(join(docs, name), 'utf8');

/** The cells of every row of a page's tables. */
const rows = (page: string): string[][] =>
  page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1),
    );

describe('the pages on tasks', () => {
  it('have the table of lifecycle.ts', () => {
    const page = text('task-lifecycle.md');
    const table = rows(page.slice(page.indexOf('## What may happen'), page.indexOf('## Runs and retries')));
    const expected = STATES.flatMap((state) =>
      Object.entries(TRANSITIONS[state]).map(([event, next]) => [state, event, next].join(' ')),
    );
    assert.deepEqual(table.map((row) => row.slice(0, 3).join(' ')).sort(), expected.sort());
  });

  it('name every field of the task file, in its order', () => {
    const page = text('task-file.md');
    const inFile = page.slice(page.indexOf('## In the file'), page.indexOf('### `options`'));
    assert.deepEqual(
      rows(inFile).map(([name]) => name),
      Object.keys(TaskFile.shape),
    );
    const options = page.slice(page.indexOf('### `options`'), page.indexOf('## Joined'));
    assert.deepEqual(
      rows(options).map(([name]) => name),
      Object.keys(TaskOptions.shape),
    );
  });

  it('name every field of an outcome', () => {
    const page = text('task-file.md');
    for (const name of Object.keys(runOutcome().shape)) assert.ok(page.includes(`\`${name}\``), name);
  });
});
