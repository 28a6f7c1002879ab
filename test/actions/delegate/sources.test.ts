import assert from 'node:assert/strict';
import { wantsStdin } from '../../../src/actions/delegate/delegate.ts';
import { Sources, type Stdin } from '../../../src/actions/delegate/sources.ts';
import type { Queue } from '../../../src/queue/queue.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import { asCaller } from '../../support/as-caller.ts';

const wants = (fields: Fields, lines?: Fields[], isStdin = false): boolean =>
  wantsStdin({ fields, skipExisting: false, batch: lines && { lines, isStdin } });

describe('what comes in beside a request', () => {
  const sources = (stdin: Stdin) =>
    new Sources({
      app: { cwd: '/', queue: {} as Queue, caller: asCaller('owner') },
      stdin,
      admitFile: () => undefined,
    });
  const bytes = Buffer.from('{"type": "object"}\n');

  it('is the prompt, a file of it, or the schema', async () => {
    assert.equal((await sources({ bytes }).complete({ promptFile: '-' })).prompt, '{"type": "object"}');
    assert.deepEqual(await sources({ bytes }).complete({ files: ['-', 'a'], prompt: 'p' }), {
      files: ['a'],
      prompt: '<file name="stdin">\n{"type": "object"}\n</file>\n\np',
    });
    assert.deepEqual((await sources({ bytes }).complete({ schema: '-' })).schema, { type: 'object' });
  });

  it('is the same for each of many tasks', async () => {
    const shared = sources({ bytes });
    const first = await shared.complete({ promptFile: '-' });
    assert.deepEqual(await shared.complete({ promptFile: '-' }), first);
  });

  it('is for one thing, and not for what was read from it already', async () => {
    const twice = { code: 'usage', message: /^Two things are to come from stdin.* Nothing was added\.$/ };
    await assert.rejects(sources({ bytes }).complete({ promptFile: '-', files: ['-'] }), twice);
    await assert.rejects(sources({ bytes, takenFor: 'The batch' }).complete({ files: ['-'] }), twice);
  });

  it('is refused where nothing came in, or what is no text', async () => {
    await assert.rejects(sources({}).complete({ promptFile: '-' }), {
      code: 'usage',
      message: 'The prompt is to come from stdin, and nothing came in. Nothing was added.',
    });
    await assert.rejects(sources({ bytes: Buffer.of(0xff, 0xff) }).complete({ promptFile: '-' }), {
      code: 'usage',
      message: /^The prompt on stdin is not UTF-8 text/,
    });
  });

  it('is asked for only where something is to come from it', () => {
    for (const fields of [{ promptFile: '-' }, { files: ['a', '-'] }, { schema: '-' }]) {
      assert.equal(wants(fields), true, JSON.stringify(fields));
      assert.equal(wants({}, [{}, fields]), true, 'in a line of a batch');
      assert.equal(wants({}, [fields], true), false, 'a batch on stdin has taken it');
    }
    for (const fields of [{}, { prompt: '-' }, { promptFile: 'a', files: ['b'], schema: {} }]) {
      assert.equal(wants(fields), false, JSON.stringify(fields));
    }
    assert.equal(wants({ prompt: 'p', promptFile: '-' }), false, 'two prompts are refused unread');
    assert.equal(wants({ promptFile: '-' }, [{ prompt: 'own' }]), false, 'each line has its own');
  });
});
