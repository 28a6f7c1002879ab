/**
 * What servers say when they fail, and what it means whatever the status: a table of phrases with their sources. A phrase
 * is looked for in small letters; `*` stands for anything within the same message. Pure.
 */

export type Meaning =
  /** The prompt does not fit. */
  | 'overflow'
  /** The model, or the process that runs it, is gone or cannot be loaded: another try may find it there. */
  | 'crash'
  /** The model is being loaded, or the server has too much to do. */
  | 'loading'
  /** The server cannot make a grammar of the schema. */
  | 'grammar'
  /** The model's template knows no system role. */
  | 'system_role'
  /** The model cannot do what was asked of it. */
  | 'lacks'
  /** The server does not have the model. */
  | 'missing';

/** The first that fits counts. */
const TABLE: readonly (readonly [meaning: Meaning, phrases: readonly string[], source: string])[] = [
  [
    // First: such words often name the context that there was no memory for, and "error loading model" is not "loading".
    'crash',
    [
      'failed to load',
      'error loading model',
      'could not load model',
      'unable to load model',
      'loading was stopped',
      'insufficient system resources',
      'requires more system memory',
      'out of memory',
      'runner process has terminated',
      'before becoming healthy',
    ],
    'Ollama, LM Studio, LocalAI: https://github.com/ollama/ollama/issues/5958, https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/2190, https://github.com/mudler/LocalAI/issues/2692',
  ],
  [
    // Before the limits of a minute: what alone has more tokens than that never fits, however long it waits.
    'overflow',
    ['request too large for*tokens per min'],
    'OpenAI, Groq: https://github.com/vanna-ai/vanna-flask/issues/11, https://github.com/cottongeeks/podscript/issues/20',
  ],
  [
    // Before the words of size: a limit of tokens for a minute is none of the prompt.
    'loading',
    ['rate limit reached', 'rate_limit_exceeded', 'tokens per min (tpm): limit', 'within a given time frame'],
    'OpenAI, Llama API: https://platform.openai.com/docs/guides/error-codes, https://github.com/meta-llama/llama-models/issues/354',
  ],
  [
    'overflow',
    ['context_length_exceeded', 'maximum context length', 'context length', 'context window'],
    'OpenAI and its likes: https://platform.openai.com/docs/guides/error-codes',
  ],
  [
    'overflow',
    [
      'exceed_context_size_error',
      'context size',
      'input is too large to process',
      'exceed*context',
      'context shift is disabled',
    ],
    'llama.cpp, llama-box: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md, https://github.com/gpustack/gpustack/issues/1241',
  ],
  [
    'overflow',
    [
      'longer than the maximum model length',
      'maximum model length',
      'max_model_len',
      'prompt*is too long and exceeds',
      // What is left for the answer is less than nothing.
      'max_tokens must be at least 1',
    ],
    'vLLM: https://github.com/vllm-project/vllm/issues/12165, https://github.com/vllm-project/vllm/issues/13370',
  ],
  [
    'overflow',
    ['input length*exceeds', 'exceeds the maximum allowed length', 'is longer than the model'],
    'SGLang: https://github.com/sgl-project/sglang/blob/main/python/sglang/srt/managers/tokenizer_manager.py',
  ],
  [
    'overflow',
    ['inputs` must have less than', 'inputs` tokens + `max_new_tokens` must be'],
    'text-generation-inference: https://github.com/huggingface/text-generation-inference/blob/main/router/src/validation.rs',
  ],
  [
    'overflow',
    ['context the overflows', 'context overflow', 'tokens to keep from the initial prompt'],
    'LM Studio: https://github.com/earendil-works/pi/issues/5930',
  ],
  [
    'overflow',
    [
      'prompt length*greater than',
      'max_seq_len',
      'prompt length*exceed',
      'exceeds maximum input length',
      'job requires*pages',
      'max_num_tokens',
      'session_len',
      'context limit',
      'input length limit',
    ],
    'TabbyAPI, TensorRT-LLM, LMDeploy: https://github.com/SillyTavern/SillyTavern/issues/3543, https://github.com/theroyallab/tabbyAPI/issues/262',
  ],
  [
    'overflow',
    [
      'prompt is too long',
      'prompt too long',
      'input is too long',
      'reduce the length of the',
      'too many tokens',
      'maximum number of tokens allowed',
    ],
    'Anthropic, Gemini and gateways before them: https://docs.anthropic.com/en/api/errors',
  ],
  [
    'loading',
    [
      'loading model',
      'model is loading',
      'model is still loading',
      'still being loaded',
      'currently loading',
      'model is starting',
    ],
    'llama.cpp answers so with 503, others with 400: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md',
  ],
  [
    'loading',
    [
      'server busy',
      'is busy',
      'pending requests exceeded',
      'slot unavailable',
      'no slot available',
      'is overloaded',
      'is currently overloaded',
      'at capacity',
      'too many requests',
      'queue is full',
    ],
    'Ollama, llama.cpp, gateways: https://github.com/valentinfrlch/ha-llmvision/issues/648, https://github.com/ggml-org/llama.cpp/issues/3821, https://github.com/decolua/9router/issues/894',
  ],
  [
    'crash',
    ['model has crashed', 'model crashed', 'model is unloaded', 'model unloaded', 'model was unloaded'],
    'LM Studio: https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1347',
  ],
  [
    'crash',
    [
      'runner process no longer running',
      'unexpectedly stopped',
      'process exited',
      'waiting for llama runner',
      'unexpected eof',
      '/completion": eof',
      'channel error',
      // Of the process behind LocalAI.
      'rpc error: code = unavailable',
      'rpc error: code = canceled',
      'error reading from server',
    ],
    'Ollama, LM Studio, LocalAI: https://github.com/ollama/ollama/blob/main/llm/server.go, https://github.com/mudler/LocalAI/issues/2692',
  ],
  [
    'crash',
    [
      'cuda error',
      'cudamalloc',
      'cublas',
      'hip error',
      'rocm error',
      'outofmemory',
      'devicelost',
      'device lost',
      'metal::malloc',
      'command buffer',
      'compute error',
      'failed to decode',
      'unable to allocate',
      'insufficient memory',
      'not enough memory',
    ],
    'llama.cpp and whatever runs on a GPU: https://github.com/ggml-org/llama.cpp/issues/27309, https://github.com/ollama/ollama/issues/3430',
  ],
  [
    'crash',
    [
      'enginedeaderror',
      'engine is dead',
      'enginecore',
      'engine loop',
      'engine process failed',
      'loop has errored',
    ],
    'vLLM: https://docs.vllm.ai/en/latest/usage/troubleshooting/',
  ],
  [
    'grammar',
    [
      'parse grammar',
      'grammar',
      'initialize samplers',
      'guided decoding',
      'guided_json',
      'structured output',
    ],
    'llama.cpp, vLLM: https://github.com/ggml-org/llama.cpp/issues/27580',
  ],
  [
    'grammar',
    ['response_format', 'json_schema', 'json schema', 'unsupported schema', 'invalid schema'],
    'gateways without structured output: https://github.com/NousResearch/hermes-agent/pull/67349',
  ],
  [
    'system_role',
    ['system role', 'role*system', 'got system', 'system message', 'system prompt', 'roles must alternate'],
    'Gemma, Mistral: https://github.com/sgl-project/sglang/issues/892, https://github.com/anomalyco/opencode/issues/5034',
  ],
  [
    'missing',
    [
      'model_not_found',
      'model*not found',
      'model*does not exist',
      'model*not exist',
      'no model*loaded',
      'repository not found',
      'no such model',
      'unknown model',
      'real modelid',
      'no model id could be identified',
    ],
    'OpenAI, Ollama, LM Studio, llama-swap: https://github.com/ollama/ollama/blob/main/docs/api.md, https://github.com/mostlygeek/llama-swap/issues/921',
  ],
  [
    'lacks',
    ['does not support', 'not supported by this model', 'not supported by the model'],
    'Ollama: https://github.com/ollama/ollama/blob/main/server/routes.go',
  ],
];

/** What the words of a failing server mean; undefined: nothing that is known. */
export const meaningOfWords = (said: string): Meaning | undefined => {
  const small = said.toLowerCase();
  return TABLE.find(([, phrases]) => phrases.some((phrase) => holds(small, phrase)))?.[0];
};

/** The parts one after the other. */
const holds = (text: string, phrase: string): boolean => {
  let from = 0;
  for (const part of phrase.split('*')) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return true;
};
