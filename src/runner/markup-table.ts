/** The markup of model families that servers leave in an answer, each with a source. Pure data. */

interface ThoughtFamily {
  open: readonly string[];
  close: readonly string[];
  /** Tags made of common words, which a person may ask for: then they are what was asked for. */
  common: boolean;
  /** Made of plain words: they count only at the very beginning, and where they do not end they are an answer. */
  plain?: true;
  source: string;
}

export const THOUGHTS: readonly ThoughtFamily[] = [
  {
    // DeepSeek R1, Qwen 3, GLM, MiniMax, Nemotron and others; templates often begin it, so the begin tag may be missing.
    open: ['<think>', '<Think>', '<THINK>'],
    close: ['</think>', '</Think>', '</THINK>'],
    common: false,
    source: 'https://docs.vllm.ai/en/v0.15.0/api/vllm/reasoning/deepseek_r1_reasoning_parser/',
  },
  {
    open: ['<thinking>', '<thought>', '<thoughts>', '<reasoning>'],
    close: ['</thinking>', '</thought>', '</thoughts>', '</reasoning>'],
    common: true,
    source: 'https://github.com/QwenLM/qwen-code/pull/6033',
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
    source: 'https://docs.vllm.ai/en/v0.20.2/api/vllm/reasoning/seedoss_reasoning_parser/',
  },
  {
    open: ['<|START_THINKING|>'],
    close: ['<|END_THINKING|>'],
    common: false,
    source: 'https://docs.vllm.ai/en/latest/api/vllm/reasoning/index.html (cohere_command_reasoning_parser)',
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
    open: ['<REASONING_SCRATCHPAD>'],
    close: ['</REASONING_SCRATCHPAD>'],
    common: false,
    source: 'https://github.com/NousResearch/hermes-agent/pull/8991 (Hermes)',
  },
  {
    open: ['Here is my thought process:', "Here's my thought process:"],
    close: ['Here is my response:', "Here's my response:"],
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
];

/** Around the answer of a model that thought before. */
export const WRAPPERS: ReadonlySet<string> = new Set([
  '<answer>',
  '</answer>',
  '<response>',
  '</response>',
  '<|begin_of_solution|>',
  '<|end_of_solution|>',
  '[END FINAL RESPONSE]',
]);

/** Around an answer or a part of it, whatever stood before; taken off wherever they are not quoted. */
export const FRAMES: ReadonlySet<string> = new Set([
  '<|START_RESPONSE|>',
  '<|END_RESPONSE|>',
  '<|open|>response<|sep|>',
  '<|close|>response<|sep|>',
  // GLM-4.5V: https://huggingface.co/zai-org/GLM-4.5V
  '<|begin_of_box|>',
  '<|end_of_box|>',
]);

/** https://github.com/openai/harmony/blob/main/docs/format.md */
export const HARMONY = {
  openers: new Set(['<|start|>', '<|channel|>', '<|constrain|>']),
  message: '<|message|>',
  closers: new Set(['<|end|>', '<|return|>', '<|call|>']),
  /** Ends the turn, not the message alone. */
  last: '<|return|>',
} as const;

/** Tokens that begin the turn of the model or of somebody else, by the chat templates of the families. */
export const START_TOKENS: ReadonlySet<string> = new Set([
  '<|im_start|>assistant\n',
  '<|im_start|>user\n',
  '<|im_start|>system\n',
  '<|im_start|>',
  '<|start_header_id|>',
  '<|header_start|>',
  '<|start_header_id|>assistant<|end_header_id|>\n\n',
  '<|start_header_id|>user<|end_header_id|>\n\n',
  '<start_of_turn>model\n',
  '<start_of_turn>user\n',
  '<|turn>model\n',
  '<|turn>user\n',
  '<|assistant|>',
  '<|user|>',
  '<｜Assistant｜>',
  '<｜User｜>',
  '<|header_start|>assistant<|header_end|>\n\n',
  '<|start_of_role|>assistant<|end_of_role|>',
  '<|im_assistant|>assistant<|im_middle|>',
  '<|open|>message<|sep|>',
  '[|assistant|]',
  '[|user|]',
  '<seed:bos>assistant\n',
  '<seed:bos>',
  '<bos>',
  '<|begin_of_text|>',
  '<｜begin▁of▁sentence｜>',
  '<|START_OF_TURN_TOKEN|>',
  '<|CHATBOT_TOKEN|>',
]);

/** Tokens that end a turn. */
export const END_TOKENS: ReadonlySet<string> = new Set([
  '<|im_end|>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<|return|>',
  '<|end_of_turn|>',
  '<end_of_turn>',
  '<turn|>',
  '<eos>',
  '</s>',
  '<|EOT|>',
  '<|eot|>',
  '<|eom|>',
  '<|eos|>',
  '<seed:eos>',
  '[e~[',
  '[EOS]',
  '[|endofturn|]',
  '<|close|>message<|sep|>',
  '<|end_of_msg|>',
  '<|observation|>',
  '<|END_OF_TURN_TOKEN|>',
  '<｜end▁of▁sentence｜>',
]);

/** Begins text that HTML strikes out; it ends as sequences of some models do. */
export const STRUCK = '<s>';

/** Whether it opens or closes something; what does neither is `token`. */
export type Marker = 'open' | 'close' | 'token';

export const MARKERS: ReadonlyMap<string, Marker> = new Map([
  [STRUCK, 'open' as const],
  ...[...START_TOKENS, ...END_TOKENS].map((text) => [text, 'token'] as const),
  ...[...HARMONY.openers, HARMONY.message, ...HARMONY.closers].map((text) => [text, 'token'] as const),
  ...THOUGHTS.flatMap(({ open }) => open.map((text) => [text, 'open'] as const)),
  ...THOUGHTS.flatMap(({ close }) => close.map((text) => [text, 'close'] as const)),
  ...[...WRAPPERS, ...FRAMES].map(
    (text) => [text, /^(<\/|\[END|<\|END|<\|end|<\|close)/.test(text) ? 'close' : 'open'] as const,
  ),
]);
