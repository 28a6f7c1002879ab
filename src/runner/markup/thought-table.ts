/** How model families mark their thoughts, each with a source. Pure data. */

export interface ThoughtFamily {
  open: readonly string[];
  close: readonly string[];
  /** Tags made of common words, which a person may ask for: then they are what was asked for. */
  common: boolean;
  /** Made of plain words: they count only at the very beginning, and where they do not end they are an answer. */
  plain?: true;
  /** Its end also ends what are no thoughts: without its begin it tells nothing. */
  paired?: true;
  source: string;
}

/** Words that stand alone on a line are also written as a heading or bold. */
const decorated = (words: readonly string[]): string[] =>
  words.flatMap((each) => [each, `**${each}**`, `# ${each}`, `## ${each}`, `### ${each}`]);

export const THOUGHTS: readonly ThoughtFamily[] = [
  {
    // DeepSeek R1, Qwen 3, GLM, MiniMax, Nemotron and others; templates often begin it, so the begin tag may be missing.
    open: ['<think>'],
    close: ['</think>'],
    common: false,
    source: 'https://docs.vllm.ai/en/v0.15.0/api/vllm/reasoning/deepseek_r1_reasoning_parser/',
  },
  {
    open: ['<thinking>', '<thought>', '<thoughts>', '<reasoning>', '<scratchpad>'],
    close: ['</thinking>', '</thought>', '</thoughts>', '</reasoning>', '</scratchpad>'],
    common: true,
    source: 'https://github.com/QwenLM/qwen-code/pull/6033',
  },
  {
    open: ['<antthinking>', '<redacted_thinking>'],
    close: ['</antthinking>', '</redacted_thinking>'],
    common: false,
    source: 'https://github.com/larksuite/openclaw-lark/issues/488',
  },
  {
    open: ['<mm:think>'],
    close: ['</mm:think>'],
    common: false,
    source: 'https://github.com/NousResearch/hermes-agent/pull/62680',
  },
  {
    open: ['[THINK]'],
    close: ['[/THINK]'],
    common: false,
    source: 'https://docs.vllm.ai/en/v0.10.0/api/vllm/reasoning/index.html (mistral_reasoning_parser)',
  },
  {
    open: ['◁think▷'],
    close: ['◁/think▷'],
    common: false,
    source: 'https://huggingface.co/moonshotai/Kimi-VL-A3B-Thinking',
  },
  {
    open: ['<seed:think>'],
    close: ['</seed:think>'],
    common: false,
    source:
      'https://github.com/vllm-project/vllm/blob/0172203d888c3cc8b5c9c78253a5cf45225a289b/vllm/reasoning/seedoss_reasoning_parser.py',
  },
  {
    open: ['<|START_THINKING|>'],
    close: ['<|END_THINKING|>'],
    common: false,
    source:
      'https://github.com/vllm-project/vllm/blob/01e4fce07423dafcc832600ba05159fb28dc1126/vllm/reasoning/cohere_command_reasoning_parser.py',
  },
  {
    open: ['<|begin_of_thought|>'],
    close: ['<|end_of_thought|>'],
    common: false,
    source: 'https://huggingface.co/NovaSky-AI/Sky-T1-32B-Preview',
  },
  {
    open: ['<|channel>thought\n', '<|channel>thought'],
    close: ['<channel|>'],
    common: false,
    source: 'https://docs.vllm.ai/en/latest/api/vllm/reasoning/index.html (gemma4_reasoning_parser)',
  },
  {
    open: ['<|open|>think<|sep|>'],
    close: ['<|close|>think<|sep|>'],
    common: false,
    source: 'https://github.com/pwilkin/llama.cpp/pull/20 (Kimi K3)',
  },
  {
    open: ['<reasoning_scratchpad>'],
    close: ['</reasoning_scratchpad>'],
    common: false,
    source: 'https://github.com/NousResearch/hermes-agent/pull/8991 (Hermes)',
  },
  {
    open: decorated(['Here is my thought process:', "Here's my thought process:"]),
    close: decorated(['Here is my response:', "Here's my response:"]),
    common: true,
    plain: true,
    source: 'https://github.com/vllm-project/vllm/pull/14202 (Granite 3.2)',
  },
  {
    // The thoughts have no begin.
    open: [],
    close: ['[BEGIN FINAL RESPONSE]'],
    common: false,
    source: 'https://huggingface.co/ServiceNow-AI/Apriel-1.5-15b-Thinker',
  },
  {
    open: ['<unused94>thought\n', '<unused94>'],
    close: ['<unused95>'],
    common: false,
    source: 'https://huggingface.co/google/medgemma-27b-text-it',
  },
  {
    open: ['<|content_thinking|>'],
    close: ['<|end_message|>', '<|content_text|>'],
    common: false,
    paired: true,
    source: 'https://github.com/ai-dynamo/dynamo/pull/12510 (Inkling)',
  },
  {
    open: ['<|thinking|>'],
    close: ['<|/thinking|>', '</|thinking|>'],
    common: false,
    source: 'https://github.com/sbenodiz/ai_agent_ha/pull/49',
  },
  {
    open: ['<|think|>'],
    close: ['<|/think|>', '<|end|>'],
    common: false,
    paired: true,
    source:
      'https://github.com/UpstageAI/vllm/blob/c9a05e077cd82df8cab4f729396c178c29c81aa8/vllm/reasoning/solar_open_reasoning_parser.py',
  },
  {
    open: ['<|inner_prefix|>'],
    close: ['<|inner_suffix|>'],
    common: false,
    source:
      'https://github.com/vllm-project/vllm/blob/23232cfa63ab164461fdd81097825af996ad1337/vllm/reasoning/apertus_reasoning_parser.py',
  },
  {
    open: ['<|think:start|>'],
    close: ['<|think:end|>'],
    common: false,
    source:
      'https://github.com/vllm-project/vllm/blob/c6cdf9111e439b070e6650c53aa9d8787af5808b/vllm/reasoning/solar_open2_reasoning_parser.py',
  },
  {
    open: ['<|plamo:begin_think:plamo|>'],
    close: ['<|plamo:end_think:plamo|>'],
    common: false,
    source:
      'https://github.com/vllm-project/vllm/blob/3febd5208df5efd59d643cfdbe0509a26984ccdb/vllm/reasoning/plamo3_reasoning_parser.py',
  },
  {
    // By the effort that was asked for.
    open: ['<ifm|think>', '<ifm|think_fast>', '<ifm|think_faster>'],
    close: ['</ifm|think>', '</ifm|think_fast>', '</ifm|think_faster>'],
    common: false,
    source:
      'https://github.com/vllm-project/vllm/blob/90fb4adca2def7d949bca2abb7887b712a00dca4/vllm/reasoning/k2_horizon_reasoning_parser.py',
  },
  {
    // Tokens that other vocabularies keep free: an end alone tells nothing.
    open: ['[unused16]'],
    close: ['[unused17]'],
    common: false,
    paired: true,
    source:
      'https://github.com/vllm-project/vllm/blob/4ade7b8d2b108b252b1c0d26c7e003d129fcd606/vllm/reasoning/pangu_reasoning_parser.py',
  },
  {
    open: ['<|im_start|>think\n', '<|im_start|>think'],
    close: ['<|im_start|>answer\n', '<|im_start|>answer'],
    common: false,
    source: 'https://github.com/simplescaling/s1/issues/107',
  },
  {
    open: ['/think\n'],
    close: ['<|im_start|>assistant\n'],
    common: true,
    plain: true,
    paired: true,
    source: 'https://github.com/vllm-project/vllm/pull/44171 (HyperCLOVA X)',
  },
  {
    // The prompt, said again.
    open: ['[INST]'],
    close: ['[/INST]'],
    common: true,
    source: 'https://github.com/meta-llama/llama/issues/705',
  },
  {
    open: ['<<SYS>>', '[SYSTEM_PROMPT]'],
    close: ['<</SYS>>', '[/SYSTEM_PROMPT]'],
    common: true,
    source: 'https://github.com/ggml-org/llama.cpp/issues/3475',
  },
];

/**
 * Names of the same tag with something before or behind them: `<seed:think>`, `<longcat_think>`, `<think_fast>`; Doubao adds
 * letters by chance. Each is ended by the tag of its own name.
 */
export const THINK_NAME = /^(?:\w{1,24}[:_])?think(?:[_-][\w-]{1,24})?$/;
