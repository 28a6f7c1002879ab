import assert from 'node:assert/strict';
import { selectionOf } from '../../src/cli/flags/named-tasks.ts';

describe('the tasks that a command is given', () => {
  const reading = (text: string) => ({ readStdin: async () => Buffer.from(text) });
  const unread = { readStdin: async () => assert.fail('nothing is to be read') };

  it('reads ids from stdin for -, the first word of each line', async () => {
    const text = 'task_3 failed\n\n  task_1\ntask_3\n';
    const { references } = await selectionOf(reading(text), ['task_2', '-', 'last'], {});
    assert.deepEqual(references, ['task_2', 'task_3', 'task_1', 'task_3', 'last']);
    await assert.rejects(selectionOf(reading(' \n'), ['-'], {}), {
      code: 'usage',
      message: /no ids on stdin/,
    });
  });

  it('reads nothing where nothing asks for it, so that the loop of a shell keeps its input', async () => {
    const labels = { k: 'v' };
    for (const references of [[], ['last'], ['a3xz', 'k8mq']]) {
      assert.deepEqual(await selectionOf(unread, references, {}), { references, labels: {} });
    }
    assert.deepEqual(await selectionOf(unread, ['-'], labels), { references: ['-'], labels });
  });
});
