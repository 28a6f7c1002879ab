/** Whatever of a task holds a secret, the task is marked when it is added. */
import assert from 'node:assert/strict';
import { readBatchFile } from '../../../src/actions/delegate/batch.ts';
import { delegate } from '../../../src/actions/delegate/delegate.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import { projectForEach } from '../../support/app.ts';

const SECRET = 'the password is hunter2\n';

describe('delegate marks as sensitive what holds a secret,', () => {
  const project = projectForEach();
  beforeEach(() => {
    project().write('secret.txt', SECRET);
    project().write('plain.txt', 'plain\n');
    project().write('schema.json', JSON.stringify({ const: 'password: hunter2' }));
    project().write('utf16.txt', Buffer.from('\uFEFFpassword = hunter22-xK9!', 'utf16le'));
  });

  const marked = async (fields: Fields, stdin?: Uint8Array): Promise<boolean> => {
    await project().delegate(fields, { stdin });
    return (await project().only()).sensitive;
  };

  const key = ['lin', '_api_', 'aB3dE6gH9j'.repeat(4)].join('');
  for (const [where, fields, stdin] of [
    ['in words', { prompt: SECRET }],
    ['in a file with the prompt', { promptFile: 'secret.txt' }],
    ['on stdin', { promptFile: '-' }, SECRET],
    ['in a file', { prompt: 'p', files: ['secret.txt'] }],
    ['in a file on stdin', { prompt: 'p', files: ['-'] }, SECRET],
    ['in a schema', { prompt: 'p', schema: 'schema.json' }],
    ['and a key that only secretlint knows', { prompt: `Use ${key} here.` }],
  ] as const)
    it(where, async () =>
      assert.equal(await marked({ ...fields } as Fields, stdin && Buffer.from(stdin)), true),
    );

  it('in a file in UTF-16', async () =>
    assert.equal(await marked({ prompt: 'p', files: ['utf16.txt'] }), true));

  it('in one of many files', async () => {
    await project().delegate({ prompt: 'p' }, { each: '{secret,plain}.txt' });
    assert.deepEqual(
      (await project().records()).map(({ sensitive }) => sensitive),
      [false, true],
    );
  });

  it('in a line of a batch, whatever that says', async () => {
    const lines = [
      { prompt: SECRET, sensitive: false },
      { prompt: 'p' },
      { prompt: 'q', file: 'secret.txt' },
    ];
    const app = await project().open();
    const text = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));
    const batch = await readBatchFile(app, '-', text);
    await delegate({ fields: {}, batch, skipExisting: false }, app);
    assert.deepEqual(
      (await project().records()).map(({ sensitive }) => sensitive),
      [true, false, true],
    );
  });

  it('and what waits for a task that holds one', async () => {
    await project().delegate({ prompt: SECRET });
    await project().delegate({ prompt: 'Go on.', after: ['last'] });
    assert.deepEqual(
      (await project().records()).map(({ sensitive }) => sensitive),
      [true, true],
    );
  });

  it('and nothing else', async () =>
    assert.equal(await marked({ prompt: 'p', files: ['plain.txt'] }), false));
});
