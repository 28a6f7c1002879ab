import assert from 'node:assert/strict';
import { readCodexEvent } from '../../src/runner/codex/events.ts';

const item = (fields: object): string => JSON.stringify({ type: 'item.completed', item: fields });

describe('an event of Codex', () => {
  it('names the conversation, and says that a turn is complete or has failed', () => {
    assert.deepEqual(readCodexEvent('{"type":"thread.started","thread_id":"t1"}'), { session: 't1' });
    assert.deepEqual(readCodexEvent('{"type":"turn.completed","usage":{}}'), { completed: true });
    assert.deepEqual(readCodexEvent('{"type":"turn.failed","error":{"message":"no"}}'), { failed: 'no' });
  });

  it("carries a server's words out of the JSON that they are wrapped in", () => {
    const message = JSON.stringify({ error: { message: 'model is gone' } });
    assert.equal(readCodexEvent(JSON.stringify({ type: 'error', message })).warning, 'model is gone');
  });

  it('shows a command without the shell around it, its output and how it ended', () => {
    const command = {
      type: 'command_execution',
      command: "/bin/bash -lc 'npm test'",
      aggregated_output: 'a\nb\n',
    };
    assert.deepEqual(readCodexEvent(item({ ...command, exit_code: 0 })), { log: '$ npm test\na\nb' });
    const { log, trouble } = readCodexEvent(item({ ...command, exit_code: 2 }));
    assert.equal(log, '$ npm test\na\nb\n[exit 2]');
    assert.equal(trouble?.message, 'A command of the model failed: `npm test`: b.');
  });

  it('keeps the end of what a command printed', () => {
    const output = Array.from({ length: 5000 }, (_, at) => `line ${at}`).join('\n');
    const { log = '' } = readCodexEvent(
      item({ type: 'command_execution', command: 'seq', aggregated_output: output, exit_code: 0 }),
    );
    assert.ok(log.length < 3000 && log.endsWith('line 4999'));
  });

  it('lists the files that changed', () => {
    const changes = [
      { path: '/a', kind: 'add' },
      { path: '/b', kind: 'update' },
      { path: '/c', kind: 'delete' },
    ];
    const { log } = readCodexEvent(item({ type: 'file_change', changes, status: 'completed' }));
    assert.equal(log, 'files changed:\n+ /a\n~ /b\n- /c');
  });

  it('that warns of a local model is passed over, another warning is not', () => {
    assert.deepEqual(
      readCodexEvent(item({ type: 'error', message: 'Model metadata for `m` not found. Defaulting …' })),
      {},
    );
    assert.equal(readCodexEvent(item({ type: 'error', message: 'careful' })).warning, 'careful');
  });

  it('that nobody knows, or that is none, says nothing', () => {
    for (const line of ['', 'x', '[]', 'null', '{}', '{"type":"item.completed"}', '{"type":"new.thing"}']) {
      assert.deepEqual(readCodexEvent(line), {});
    }
  });
});
