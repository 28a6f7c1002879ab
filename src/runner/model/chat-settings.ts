/**
 * Settings of a task in the words of the server that gets them: one --set does for Ollama and for servers of OpenAI's kind.
 * What a dialect does not have is not sent, and said. Pure.
 */

export type Settings = Readonly<Record<string, unknown>>;

export interface ChatSettings {
  fields: Settings;
  /** Fields that say whether and how much to think. A server that refuses one is asked without it. */
  thinking: Settings;
  /** Names of what this dialect does not have. */
  notSent: readonly string[];
}

/** Of Ollama: other servers are told these when they start or load a model. */
const AT_LOADING = new Set(
  'num_ctx num_gpu num_thread num_batch num_keep main_gpu low_vram use_mmap use_mlock numa keep_alive vocab_only f16_kv'.split(
    ' ',
  ),
);

/**
 * For chat completions. vLLM, SGLang and llama.cpp read `chat_template_kwargs`
 * (https://github.com/QwenLM/Qwen3/discussions/1300; of DeepSeek's and Granite's templates the name is `thinking`), Ollama
 * and newer llama.cpp `reasoning_effort` (https://github.com/ollama/ollama/issues/14820,
 * https://github.com/ggml-org/llama.cpp/pull/26045). gpt-oss always thinks: the least is `low`.
 */
export const openAiSettings = (set: Settings, model: string): ChatSettings => {
  const { num_predict: most, think, repeat_penalty: repeat, ...rest } = set;
  const names = Object.keys(rest);
  const { chat_template_kwargs: asked, reasoning_effort: effort, ...others } = rest;
  const kept = Object.entries(others).filter(([name]) => !AT_LOADING.has(name));
  const thinking = {
    ...thinkingFields(think, model),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(asked === undefined ? {} : { chat_template_kwargs: asked }),
  };
  return {
    fields: {
      // Less than one means without a bound, as it is without the field.
      ...(most === undefined || Number(most) <= 0 ? {} : { max_tokens: most }),
      // llama.cpp and LM Studio have the one name, vLLM and SGLang the other; each passes over what it does not know.
      ...(repeat === undefined ? {} : { repeat_penalty: repeat, repetition_penalty: repeat }),
      ...Object.fromEntries(kept),
    },
    thinking,
    notSent: names.filter((name) => AT_LOADING.has(name)),
  };
};

const thinkingFields = (think: unknown, model: string): Settings => {
  if (think === undefined) return {};
  const alwaysThinks = /gpt-?oss/i.test(model);
  if (think === false) {
    if (alwaysThinks) return { reasoning_effort: 'low' };
    return {
      reasoning_effort: 'none',
      chat_template_kwargs: { enable_thinking: false, thinking: false },
    };
  }
  const on = alwaysThinks ? {} : { chat_template_kwargs: { enable_thinking: true, thinking: true } };
  return think === true ? on : { ...on, reasoning_effort: think };
};

/**
 * Which of the fields the server will not have, by its words; empty: it speaks of something else.
 * https://github.com/vllm-project/semantic-router/issues/1901, https://github.com/ollama/ollama/issues/12561
 */
export const refusedFields = (said: string, names: readonly string[]): readonly string[] => {
  const named = names.filter((name) => said.includes(name));
  if (named.length > 0 || !names.includes('reasoning_effort')) return named;
  return /\b(?:think|thinking|reasoning)\b.{0,80}(?:support|invalid)/i.test(said) ? ['reasoning_effort'] : [];
};

/** Whether the words refuse fields without naming one: https://github.com/vllm-project/vllm/pull/10463 */
export const refusesUnknown = (said: string): boolean =>
  /(?:unrecognized|unknown|unexpected|unsupported|extra)\b.{0,40}\b(?:argument|parameter|field|propert|input|key)/i.test(
    said,
  );

/** For Ollama: the same settings, where a task has them in the words of the others. */
export const ollamaSettings = (set: Settings): Settings => {
  const { max_tokens: most, max_completion_tokens: whole, reasoning_effort: effort, ...rest } = set;
  const { repetition_penalty: repeat, ...others } = rest;
  const bound = whole ?? most;
  return {
    ...(bound === undefined ? {} : { num_predict: bound }),
    ...(effort === undefined ? {} : { think: effort === 'none' || effort === 'minimal' ? false : effort }),
    ...(repeat === undefined ? {} : { repeat_penalty: repeat }),
    ...others,
  };
};
