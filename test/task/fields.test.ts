/** The rows of fields.ts, and what is made of them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFields } from '../../src/actions/delegate/fields.ts';
import { fieldRows } from '../../src/task/fields/asked-task.ts';
import { newTaskSchema } from '../../src/task/fields/new-task-schema.ts';
import { TaskFile, TaskOptions } from '../../src/task/record.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const PAGE = join(import.meta.dirname, '../../docs/task-file.md');

/** Values of every kind that JSON has, and of every kind that a field takes. */
const VALUES: readonly unknown[] = [
  'text',
  '',
  'k=v',
  '=v',
  '10m',
  '1.5h',
  ' 90 ',
  'none',
  '-1s',
  'code',
  'read-only',
  'general',
  '2027-11-01T14:30:00Z',
  true,
  false,
  0,
  1,
  5,
  10,
  11,
  100,
  101,
  1.5,
  -1,
  [],
  ['a', 'b'],
  ['k=v'],
  ['a', 1],
  [['a']],
  [{ path: 'a' }],
  [{ path: 1 }],
  {},
  { k: 'v' },
  { k: 1 },
  { path: 'a' },
];

/** What only the whole task, or the time of the call, says: the words of a list, and which text is a time. */
const JUDGED_LATER = new Set(['type', 'extract', 'sandbox']);

describe('a new task as JSON Schema', () => {
  const ajv = new Ajv2020({ strict: false });

  it('is a schema of draft 2020-12', () => assert.equal(ajv.validateSchema(newTaskSchema()), true));

  const validate = ajv.compile(newTaskSchema());
  const reads = (given: Record<string, unknown>): boolean => {
    try {
      readFields(given, 'x', NOW);
      return true;
    } catch {
      return false;
    }
  };

  for (const [name] of fieldRows()) {
    it(`takes of ${name} what a line of a batch may say`, () => {
      let taken = 0;
      for (const value of VALUES) {
        const given = { [name]: value };
        const [fits, isRead] = [validate(given), reads(given)];
        if (fits) taken += 1;
        if (JUDGED_LATER.has(name)) assert.ok(!fits || isRead, JSON.stringify(value));
        else if (name === 'not_before') assert.ok(fits || !isRead, JSON.stringify(value));
        else assert.equal(fits, isRead, JSON.stringify(value));
      }
      assert.ok(taken > 0 && taken < VALUES.length, String(taken));
    });
  }

  it('knows no other field', () => {
    assert.equal(validate({ promt: 'x' }), false);
    assert.equal(validate({ prompt: 'x', timeout: '10m', labels: { a: 'b' } }), true);
  });

  it('says what each is for, without links', () => {
    const { properties } = newTaskSchema() as { properties: Record<string, { description: string }> };
    for (const { description } of Object.values(properties)) assert.match(description, /^[^[\]]+$/);
  });
});

describe('the rows of the fields of a task', () => {
  it('are in the order of the task file', () => {
    const kept = [...Object.keys(TaskFile.shape), ...Object.keys(TaskOptions.shape)];
    const rows = fieldRows().map(([name]) => name);
    for (const shape of [TaskFile.shape, TaskOptions.shape])
      assert.deepEqual(
        rows.filter((name) => name in shape),
        Object.keys(shape).filter((name) => rows.some((row) => row === name)),
      );
    assert.deepEqual(
      rows.filter((name) => !kept.includes(name)),
      ['prompt_file', 'in'],
    );
  });

  it('have the lines of docs/task-file.md (UPDATE_SNAPSHOT=1 writes them anew)', () => {
    const page = readFileSync(PAGE, 'utf8');
    const lines = page.split('\n').map((line) => {
      const [, name] = /^\| `(\w+)` \|/.exec(line) ?? [];
      const row = fieldRows().find(([each]) => each === name)?.[1];
      return row === undefined ? line : `| \`${name}\` | ${row.form} | ${row.meaning} |`;
    });
    if (process.env['UPDATE_SNAPSHOT'] === '1') writeFileSync(PAGE, lines.join('\n'));
    else assert.equal(lines.join('\n'), page);
  });
});
