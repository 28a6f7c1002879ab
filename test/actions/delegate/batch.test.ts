/** A task for each line of a batch. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Batch, linesOf, readBatchFile } from '../../../src/actions/delegate/batch.ts';
import { delegate } from '../../../src/actions/delegate/delegate.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import { AS_AGENT, projectForEach } from '../../support/app.ts';

const jsonLines = (...lines: object[]): Buffer =>
  Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('\n'));

describe('delegate, of a batch,', () => {
  const project = projectForEach();

  const batch = async (stdin: Uint8Array, fields: Fields = {}) => {
    const app = await project().open();
    return delegate({ fields, batch: await readBatchFile(app, '-', stdin), skipExisting: false }, app);
  };

  it('adds a task a line, of which the request says what lines do not', async () => {
    project().write('a.md', 'x');
    const lines = jsonLines(
      { prompt: 'a', file: 'a.md', priority: 7 },
      { prompt: 'b', options: { model: 'own' }, labels: { l: '1' } },
      { type: 'command', command: ['ls'] },
    );
    const { added, batch: label } = await batch(lines, { model: 'm', labels: { k: 'v' } });
    const records = await project().records();
    assert.equal(added.length, 3);
    assert.deepEqual(
      records.map(({ prompt, command, options, priority }) => [prompt, command, options.model, priority]),
      [
        ['a', [], 'm', 7],
        ['b', [], 'own', 5],
        ['', ['ls'], 'm', 5],
      ],
    );
    assert.deepEqual(
      records.map(({ labels }) => labels),
      [
        { k: 'v', batch: label },
        { k: 'v', l: '1', batch: label },
        { k: 'v', batch: label },
      ],
    );
  });

  it('takes back the record that was shown of a task', async () => {
    project().write('a.txt', 'x');
    await project().delegate({
      type: 'command',
      command: ['echo', 'x'],
      labels: { a: 'b' },
      files: ['a.txt'],
      output: 'b.txt',
    });
    const record = await project().only();
    await batch(jsonLines(record));
    const copy = (await project().records())[1];
    assert.deepEqual(
      [copy?.command, copy?.labels['a'], copy?.type, copy?.options.output],
      [record.command, 'b', 'command', record.options.output],
    );
    assert.notEqual(copy?.task_id, record.task_id);
  });

  it('lets no line choose the programs of a task', async () => {
    const environment = { PATH: '/evil', LD_PRELOAD: '/evil.so' };
    await batch(jsonLines({ type: 'command', command: ['true'], environment }));
    assert.deepEqual((await project().only()).environment, { PATH: process.env['PATH'] });
  });

  it('keeps here what is said to be so of all, whatever a line says', () => {
    const lines: Batch = { lines: [{ localOnly: false, sensitive: false }, {}], isStdin: true };
    for (const name of ['localOnly', 'sensitive'] as const)
      assert.deepEqual(
        linesOf(lines, { [name]: true }).map((line) => line[name]),
        [true, true],
      );
    assert.equal(linesOf({ lines: [{ localOnly: true }], isStdin: true }, {})[0]?.localOnly, true);
  });

  it('has a line’s own prompt in the place of the one for all', () => {
    const lines: Batch = { lines: [{ promptFile: 'own' }, {}], isStdin: false };
    assert.deepEqual(
      linesOf(lines, { prompt: 'all' }).map(({ prompt, promptFile }) => [prompt, promptFile]),
      [
        [undefined, 'own'],
        ['all', undefined],
      ],
    );
  });

  it('is read from a file, in UTF-8 and UTF-16, with CR LF and empty lines', async () => {
    const text = '\uFEFF{"prompt":"one"}\r\n\r\n{"prompt":"two"}\r\n';
    const app = await project().open();
    for (const encoding of ['utf8', 'utf16le'] as const) {
      project().write('b.jsonl', Buffer.from(text, encoding));
      const { lines, isStdin } = await readBatchFile(app, 'b.jsonl', undefined);
      assert.deepEqual([lines, isStdin], [[{ prompt: 'one' }, { prompt: 'two' }], false], encoding);
    }
  });

  for (const [name, text, message] of [
    [
      'a file of a line is not there',
      '{"prompt":"a"}\n{"prompt":"b","file":"nope"}\n',
      /nope does not exist/,
    ],
    ['a line has no such field', '{"prompt":"a"}\n{"promt":"b"}\n', /line 2: 'promt' is no field/],
    ['a line is no JSON', '{"prompt":"a"}\n{\n', /line 2: this is no JSON/],
    ['a line is no object', '[]\n', /line 1: this is no JSON object/],
    ['there is no line', '\n', /holds no task/],
    [
      'two lines have one output',
      '{"prompt":"a","output":"x"}\n{"prompt":"b","output":"./x"}\n',
      /Two tasks/,
    ],
  ] as const)
    it(`adds nothing where ${name}`, async () => {
      await assert.rejects(batch(Buffer.from(text)), { code: 'usage', message });
      assert.deepEqual(await project().records(), []);
    });

  it('is not read for an agent from outside of its project', async () => {
    const app = await project().open({ environment: AS_AGENT });
    await assert.rejects(readBatchFile(app, '/etc/hostname', undefined), { code: 'not_allowed' });
  });

  it('is not read where it has no end', async () => {
    symlinkSync('/dev/zero', join(project().folder, 'endless'));
    await assert.rejects(readBatchFile(await project().open(), 'endless', undefined), {
      code: 'usage',
      message: /^The batch endless has no end/,
    });
  });

  it('that has taken stdin leaves nothing there for a line', async () => {
    await assert.rejects(batch(jsonLines({ prompt: 'p', file: '-' })), {
      code: 'usage',
      message: /Two things are to come from stdin/,
    });
  });
});
