import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { parseTaskFile, runOutcome, type TaskFile } from '../../src/task/record.ts';
import fc from '../support/fast-check.ts';

const fixtures = join(import.meta.dirname, '../fixtures/tasks/v1');

const least = (): Record<string, unknown> => ({
  version: 1,
  task_id: 'task_20260102_030405_678250_01zz',
  type: 'general',
  prompt: 'p',
  cwd: '/',
  priority: 5,
  created_at: '2026-01-02T03:04:05.678Z',
  created_by: 'cli',
});

describe('the task record', () => {
  for (const name of fs.readdirSync(fixtures)) {
    it(`of version 1 is read for ever: ${name}`, () => {
      const given = JSON.parse(fs.readFileSync(join(fixtures, name), 'utf8'));
      const task = parseTaskFile(given);
      for (const [field, value] of Object.entries(given)) assert.deepEqual(task[field], value, field);
      const lists: (keyof TaskFile)[] = ['command', 'files', 'after', 'after_any'];
      for (const field of lists) assert.ok(Array.isArray(task[field]), field);
      assert.equal(typeof task.options, 'object');
      assert.deepEqual(
        parseTaskFile(JSON.parse(JSON.stringify(task))),
        task,
        'written and read it is the same',
      );
    });
  }

  it('keeps fields it does not know, on every level', () => {
    const names = fc.string({ minLength: 1 }).filter((name) => !(name in least()));
    const reserved = ['command', 'files', 'context', 'difficulty', 'labels', 'sensitive', 'options', 'after'];
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        fc.pre(![...reserved, 'after_any', 'not_before', 'key', '__proto__'].includes(name));
        const task = parseTaskFile({ ...least(), [name]: value, options: { [`x${name}`]: value } });
        assert.deepEqual(task[name], value);
        assert.deepEqual(task.options[`x${name}`], value);
      }),
    );
  });

  it('reads whatever text a task may hold', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.string()),
        (prompt, labels) => {
          fc.pre(!Object.hasOwn(labels, '__proto__'));
          const task = parseTaskFile(JSON.parse(JSON.stringify({ ...least(), prompt, labels })));
          assert.equal(task.prompt, JSON.parse(JSON.stringify(prompt)));
          assert.deepEqual({ ...task.labels }, { ...JSON.parse(JSON.stringify(labels)) });
        },
      ),
    );
  });

  const wrong: [field: string, value: unknown][] = [
    ['version', 2],
    ['version', '1'],
    ['task_id', 5],
    ['type', 'explanation'],
    ['prompt', null],
    ['command', 'npm test'],
    ['cwd', undefined],
    ['priority', 0],
    ['priority', 11],
    ['priority', 5.5],
    ['labels', { a: 1 }],
    ['options', { timeout: -1 }],
    ['options', { retries: 1.5 }],
    ['options', { expect: 'x' }],
    ['files', [{ path: 'x' }]],
    ['after', 'task_x'],
    ['sensitive', 'yes'],
  ];
  for (const [field, value] of wrong) {
    it(`names the wrong field: ${field} as ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => parseTaskFile({ ...least(), [field]: value }),
        (error) => {
          assert.ok(error instanceof KoubouError);
          assert.equal(error.code, 'usage');
          assert.match(error.message, new RegExp(`^${field}`));
          assert.match(error.message, /must be/);
          return true;
        },
      );
    });
  }

  it('refuses whatever else with one sentence, and never breaks', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          parseTaskFile(value);
        } catch (error) {
          assert.ok(error instanceof KoubouError, String(error));
          assert.equal(error.code, 'usage');
        }
      }),
    );
  });

  it('cannot be made to change what all objects have', () => {
    const text = JSON.stringify(least()).replace(
      '{',
      '{"__proto__":{"evil":1},"options":{"__proto__":{"evil":1}},',
    );
    const task = parseTaskFile(JSON.parse(text));
    assert.equal(({} as { evil?: number }).evil, undefined);
    assert.equal((task as { evil?: number }).evil, undefined);
    assert.equal((task.options as { evil?: number }).evil, undefined);
  });
});

describe('an outcome', () => {
  it('of which only the first fields were known can be read', () => {
    const outcome = runOutcome().parse({
      version: 1,
      task_id: 'task_20260102_030405_678250_01zz',
      attempt: 1,
      worker_id: null,
      runner: null,
      model: null,
      endpoint: null,
      started_at: null,
      ended_at: '2026-01-02T03:04:05.678Z',
      outcome: 'success',
      charged: false,
      error: null,
      later: 'kept',
    });
    assert.equal(outcome.retry_after, null);
    assert.equal(outcome.later, 'kept');
  });
});
