/** A task for each of many files. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type DelegateRequest, delegate } from '../../../src/actions/delegate/delegate.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import { projectForEach } from '../../support/app.ts';

describe('delegate, for each of many files,', () => {
  const project = projectForEach();
  beforeEach(() => {
    for (const name of ['docs/b.md', 'docs/a.md', 'docs/文.md', 'docs/c.txt', 'docs/sub.md/x'])
      project().write(name, 'x');
  });

  const each = async (fields: Fields, over: Partial<DelegateRequest> = {}) =>
    delegate({ fields, each: 'docs/*.md', skipExisting: false, ...over }, await project().open());
  const within = (...names: string[]) => names.map((name) => join(project().folder, name));

  it('adds a task a file in their order, with a label for all', async () => {
    const { added, batch, skipped } = await each({
      prompt: 'Summarise {file} in {"n": 3}',
      output: 'out/{stem}.txt',
    });
    const records = await project().records();
    assert.deepEqual(
      added.map(({ id }) => id),
      records.map(({ task_id }) => task_id),
    );
    assert.deepEqual(
      records.map(({ prompt, options, files, labels }) => [prompt, options.output, files[0]?.path, labels]),
      ['a', 'b', '文'].map((stem) => [
        `Summarise docs/${stem}.md in {"n": 3}`,
        ...within(`out/${stem}.txt`, `docs/${stem}.md`),
        { batch },
      ]),
    );
    assert.match(batch ?? '', /^\w{8}$/);
    assert.equal(skipped, 0);
  });

  it('keeps the label of a batch that has one', async () => {
    assert.equal((await each({ prompt: 'x', labels: { batch: 'mine' } })).batch, 'mine');
  });

  it('leaves out what has its output already, and not what is empty', async () => {
    project().write('out/a.txt', 'done');
    project().write('out/b.txt', '');
    const missing = () => each({ prompt: 'x', output: 'out/{stem}.txt' }, { skipExisting: true });
    const { added, skipped } = await missing();
    assert.deepEqual([added.length, skipped], [2, 1]);
    for (const stem of ['b', '文']) project().write(`out/${stem}.txt`, 'done');
    const again = await missing();
    assert.deepEqual([again.added, again.skipped], [[], 3]);
  });

  it('may be repeated under a key', async () => {
    const first = await each({ prompt: 'x {file}', key: 'nightly' });
    const again = await each({ prompt: 'x {file}', key: 'nightly' });
    assert.deepEqual(
      again.added,
      first.added.map(({ id }) => ({ id, existed: true })),
    );
    assert.equal(again.batch, first.batch);
    assert.equal((await project().records()).length, 3);
  });

  it('takes a name with letters of patterns as it is', async () => {
    for (const name of ['[1]*.md', '1x.md']) project().write(name, 'x');
    await each({ prompt: 'x' }, { each: '[1]*.md' });
    assert.deepEqual(
      (await project().only()).files.map(({ path }) => path),
      within('[1]*.md'),
    );
  });

  for (const [name, fields, over, message] of [
    ['no file fits', { prompt: 'x' }, { each: '*.nope' }, /No file fits .*'\*\.nope'/],
    ['outputs are equal', { prompt: 'x', output: 'one.txt' }, {}, /Two tasks would write/],
    ['no output says what is finished', { prompt: 'x' }, { skipExisting: true }, /none is named/],
    [
      'an output would lead out of the folder before the names',
      { prompt: 'x', cwd: 'docs/sub.md', output: 'out/{file}' },
      {},
      /'out\/\{file\}' would lead out of .*sub\.md\/out for .*a\.md/,
    ],
  ] as const)
    it(`adds nothing where ${name}`, async () => {
      await assert.rejects(each({ ...fields }, over), { code: 'usage', message });
      assert.deepEqual(await project().records(), []);
    });

  it('names every bad file, and adds nothing', async () => {
    for (const name of ['good.txt', 'also.txt']) project().write(name, 'text');
    project().write('latin.txt', Buffer.from('größe', 'latin1'));
    project().write('zero.txt', 'a\0b');
    const bad = (message: RegExp) =>
      assert.rejects(each({ prompt: 'x' }, { each: '*.txt' }), { code: 'usage', message });
    await bad(/^2 files cannot be attached: .*latin\.txt.*zero\.txt.* Nothing was added\.$/);
    for (let nth = 0; nth < 12; nth += 1) project().write(`bad-${nth}.txt`, 'a\0b');
    await bad(/^14 files cannot be attached: .*and 4 more/);
    assert.deepEqual(await project().records(), []);
  });
});
