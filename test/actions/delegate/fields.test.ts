import assert from 'node:assert/strict';
import { readBatch, readFields } from '../../../src/actions/delegate/fields.ts';
import { parsePairs, parseSettings } from '../../../src/task/fields/field-types.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const read = (given: Record<string, unknown>) => readFields(given, 'line 1', NOW);

describe('a task as fields', () => {
  it('takes the names of the flags, with either kind of dash', () => {
    assert.deepEqual(
      read({
        prompt: 'p',
        file: 'a.md',
        timeout: '10m',
        'after-any': 'abcd',
        local_only: true,
        label: ['a=1', 'b=x=y'],
        set: ['temperature=0.7', 'seed=4'],
        expect: 'out.txt',
        schema: 's.json',
      }),
      {
        prompt: 'p',
        files: ['a.md'],
        timeout: 600,
        afterAny: ['abcd'],
        localOnly: true,
        labels: { a: '1', b: 'x=y' },
        set: { temperature: 0.7, seed: 4 },
        expect: ['out.txt'],
        schema: 's.json',
      },
    );
  });

  it('takes a record as it is printed, and leaves what the queue gives each task anew', () => {
    assert.deepEqual(
      read({
        version: 1,
        task_id: 'task_x',
        status: 'completed',
        waiting: null,
        due_at: null,
        type: 'general',
        prompt: 'p',
        command: [],
        files: [{ path: '/a.md', sha256: 'x' }],
        labels: { k: 'v' },
        options: { model: 'm', set: { temperature: 1 }, timeout: 5, schema: { type: 'object' } },
        attempts: [],
        result: { success: true },
        created_by: 'cli',
        not_before: '2026-11-01T00:00:00.000Z',
        key: null,
      }),
      {
        type: 'general',
        prompt: 'p',
        command: [],
        files: ['/a.md'],
        labels: { k: 'v' },
        model: 'm',
        set: { temperature: 1 },
        timeout: 5,
        schema: { type: 'object' },
        notBefore: '2026-11-01T00:00:00.000Z',
      },
    );
  });

  it('counts --in from now', () => {
    assert.deepEqual(read({ in: '1h' }), { notBefore: '2026-01-02T04:04:05.000Z' });
  });

  const wrong: [given: Record<string, unknown>, told: RegExp][] = [
    [{ promt: 'x' }, /line 1: 'promt' is no field of a task\. Nothing was added\./],
    [{ options: { modle: 'x' } }, /line 1, options: 'modle' is no field/],
    [{ options: [] }, /line 1: this is no JSON object/],
    [{ prompt: 5 }, /line 1: prompt must be text\./],
    [{ priority: 11 }, /priority must be a whole number from 1 to 10/],
    [{ priority: '5' }, /priority must be/],
    [{ timeout: 'soon' }, /timeout must be a time/],
    [{ command: 'npm test' }, /command must be a list of words/],
    [{ files: [5] }, /files must be text/],
    [{ labels: { a: 1 } }, /labels must be an object of texts/],
    [{ label: 'plain' }, /'plain' is not a label/],
    [{ context: [] }, /context must be an object/],
    [{ local_only: 'yes' }, /local_only must be true or false/],
    [{ at: 'soon' }, /line 1: at: .*'soon'/],
    [{ retries: -1 }, /retries must be/],
  ];
  for (const [given, told] of wrong) {
    it(`refuses ${JSON.stringify(given)}`, () =>
      assert.throws(() => read(given), { code: 'usage', message: told }));
  }

  it('names the nearest field', () => {
    assert.throws(() => read({ promt: 'x' }), { hint: 'Did you mean prompt?' });
    assert.throws(() => read({ 'after-eny': 'x' }), { hint: 'Did you mean after_any?' });
  });
});

describe('a batch', () => {
  it('is a task a line; empty lines are none', () => {
    assert.deepEqual(readBatch('{"prompt":"a"}\n\n  \r\n{"prompt":"b"}\n', 'b.jsonl', NOW), [
      { prompt: 'a' },
      { prompt: 'b' },
    ]);
  });

  it('names the line that is wrong', () => {
    assert.throws(() => readBatch('{"prompt":"a"}\n\n{oops}', 'b.jsonl', NOW), {
      code: 'usage',
      message: /^b\.jsonl, line 3: this is no JSON: .*Nothing was added\.$/,
    });
    assert.throws(() => readBatch('{"prompt":"a"}\n{"promp":"a"}', 'stdin', NOW), {
      message: /^stdin, line 2: 'promp'/,
    });
    assert.throws(() => readBatch('[]', 'stdin', NOW), { message: /^stdin, line 1: this is no JSON object/ });
  });

  it('without any task is refused', () => {
    assert.throws(() => readBatch('\n \n', 'stdin', NOW), {
      message: 'stdin holds no task. Nothing was added.',
    });
  });
});

describe('pairs of name and value', () => {
  it('keep what follows the first =', () =>
    assert.deepEqual(parsePairs(['a=b=c', 'd='], 'x'), { a: 'b=c', d: '' }));
  it('need a name', () =>
    assert.throws(() => parsePairs(['=v'], 'a label'), { message: /'=v' is not a label/ }));

  it('of the model are numbers, truth and lists where they read as such, else text', () => {
    assert.deepEqual(parseSettings(['t=0.7', 'b=true', 'stop=["a","b"]', 's=END', 'id=007', 'e=']), {
      t: 0.7,
      b: true,
      stop: ['a', 'b'],
      s: 'END',
      id: '007',
      e: '',
    });
  });
});
