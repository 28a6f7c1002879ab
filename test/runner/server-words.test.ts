import assert from 'node:assert/strict';
import { httpFailure } from '../../src/runner/connection/http-failure.ts';
import { type Meaning, meaningOfWords } from '../../src/runner/connection/server-words.ts';

const server = { kind: 'openai', url: 'http://127.0.0.1:1/v1', model: 'm' } as const;

/** Words as servers say them. */
const SAID: readonly (readonly [said: string, meaning: Meaning | undefined])[] = [
  ["This model's maximum context length is 4096 tokens. However, you requested 5000 tokens", 'overflow'],
  ['The decoder prompt (length 5120) is longer than the maximum model length of 4096.', 'overflow'],
  ['the request exceeds the available context size. try increasing the context size', 'overflow'],
  ['Input length (9000 tokens) exceeds the maximum allowed length (8192 tokens)', 'overflow'],
  ["The input (9000 tokens) is longer than the model's context length (8192 tokens).", 'overflow'],
  ['`inputs` must have less than 1024 tokens. Given: 2000', 'overflow'],
  ['Trying to keep the first 5000 tokens when context the overflows', 'overflow'],
  ['Prompt length 9000 is greater than max_seq_len 8192', 'overflow'],
  ['prompt is too long: 210000 tokens > 200000 maximum', 'overflow'],
  ['The model has crashed without additional information. (Exit code: 18446744072635812000)', 'crash'],
  ['Model unloaded.', 'crash'],
  ['Failed to load model "m". Error: insufficient system resources', 'crash'],
  ['llama runner process has terminated: exit status 2', 'crash'],
  ['CUDA error: out of memory', 'crash'],
  ['EngineCore encountered an issue. See stack trace for the root cause.', 'crash'],
  ['Loading model', 'loading'],
  ['Failed to initialize samplers: failed to parse grammar', 'grammar'],
  ["'response_format.type' must be 'json_schema' or 'text'", 'grammar'],
  ['Only user, assistant and tool roles are supported, got system.', 'system_role'],
  ['Conversation roles must alternate user/assistant/user/assistant/...', 'system_role'],
  ['System role not supported', 'system_role'],
  ["model 'm' not found, try pulling it first", 'missing'],
  ['registry.ollama.ai/library/m does not support tools', 'lacks'],
  ["'temperature' must be between 0 and 2", undefined],
  ['', undefined],
];

describe('the words of a server that fails', () => {
  for (const [said, meaning] of SAID) {
    it(`mean ${meaning ?? 'nothing known'}: ${said.slice(0, 50)}`, () =>
      assert.equal(meaningOfWords(said), meaning));
  }

  it('decide what becomes of the task, whatever the status', () => {
    const codeOf = (status: number, said: string) => {
      const { info, charged } = httpFailure(server, status, said, null);
      return [info.code, charged];
    };
    for (const status of [400, 422, 500, 503]) {
      assert.deepEqual(codeOf(status, 'maximum context length is 4096'), ['context_overflow', null]);
      assert.deepEqual(codeOf(status, 'Loading model'), ['endpoint_busy', null]);
    }
    for (const status of [400, 404, 500]) {
      assert.deepEqual(codeOf(status, 'The model has crashed.'), ['runner_unavailable', true]);
    }
    assert.deepEqual(codeOf(400, "'temperature' must be a number"), ['usage', null]);
    assert.deepEqual(codeOf(404, 'not found'), ['usage', null]);
  });
});
