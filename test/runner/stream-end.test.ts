import assert from 'node:assert/strict';
import { calledTools, streamEnd } from '../../src/runner/connection/stream-end.ts';

describe('the end of a stream', () => {
  it('is whole only for the ends on the list of its dialect', () => {
    for (const said of ['stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn', 'STOP', null]) {
      assert.equal(streamEnd('openai', said, []).kind, 'whole', String(said));
    }
    assert.equal(streamEnd('ollama', 'stop', []).kind, 'whole');
    assert.equal(streamEnd('ollama', null, []).kind, 'whole');
  });

  it('is not whole for what servers end requests with of their own accord', () => {
    const others = [
      'abort', // https://github.com/vllm-project/vllm/issues/57082
      'content_filter',
      'error',
      'cancelled',
      'safety',
      'insufficient_system_resource', // https://docs.rs/openai-interface/0.12.0/openai_interface/chat/enum.FinishReason.html
      'repetition',
      'timeout',
      'null',
      'what nobody has heard of',
    ];
    for (const said of others) {
      assert.deepEqual(streamEnd('openai', said, []), { kind: 'other', said });
    }
    for (const said of ['load', 'unload', 'abort']) assert.equal(streamEnd('ollama', said, []).kind, 'other');
  });

  it('is cut at a limit of any name', () => {
    for (const said of ['length', 'max_tokens', 'model_length']) {
      assert.equal(streamEnd('openai', said, []).kind, 'cut');
    }
    assert.equal(streamEnd('ollama', 'length', []).kind, 'cut');
  });

  it('is a call where a tool was called, whatever the server says of it', () => {
    for (const dialect of ['openai', 'ollama'] as const) {
      assert.deepEqual(streamEnd(dialect, 'stop', ['read_file']), { kind: 'call', said: 'read_file' });
    }
    for (const said of ['tool_calls', 'function_call']) {
      assert.deepEqual(streamEnd('openai', said, []), { kind: 'call', said });
    }
  });

  it('finds the tools of either protocol, and trips over nothing', () => {
    assert.deepEqual(calledTools({ tool_calls: [{ function: { name: 'a' } }, {}, null] }), [
      'a',
      'a tool',
      'a tool',
    ]);
    assert.deepEqual(calledTools({ function_call: { name: 'b' } }), ['b']);
    for (const nothing of [
      undefined,
      null,
      {},
      { tool_calls: null },
      { tool_calls: [] },
      { tool_calls: 'x' },
    ]) {
      assert.deepEqual(calledTools(nothing), []);
    }
  });
});
