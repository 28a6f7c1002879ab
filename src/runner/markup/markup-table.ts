/** The markup of model families that servers leave in an answer, each with a source. Pure data. */

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
  // The beginning of a sequence; a draft model may print it anywhere:
  // https://github.com/vllm-project/vllm-ascend/issues/9767
  '<bos>',
  '<|begin_of_text|>',
  '<｜begin▁of▁sentence｜>',
]);

/** Tokens that tokenizers keep free; a text never speaks of one by its number. */
export const RESERVED =
  /^(?:<(?:unused|reserved_|extra_id_)\d+>|\[UNUSED_TOKEN_\d+\]|<\|reserved_special_token_\d+\|>|<｜[^｜]*place▁holder[^｜]*｜>)$/;

/** Names of tokens that belong to a call of a tool: a call that was printed is judged as that, so they have to be seen. */
export const CALL_TOKEN = /tool|call|func|plugin|action|invoke|python|dsml|code_interp/i;

/** https://github.com/openai/harmony/blob/main/docs/format.md */
export const HARMONY = {
  openers: new Set(['<|start|>', '<|channel|>', '<|constrain|>']),
  message: '<|message|>',
  closers: new Set(['<|end|>', '<|return|>', '<|call|>']),
  /** Ends the turn, not the message alone. */
  last: '<|return|>',
} as const;

/** Who may have a turn. */
const ROLES = [
  'assistant',
  'user',
  'system',
  'tool',
  'human',
  'model',
  'ipython',
  'environment',
  'developer',
];

/** How families name who has the turn. The longer of two forms counts. */
const HEADERS: readonly ((role: string) => readonly string[])[] = [
  (role) => [`<|im_start|>${role}\n`, `<|im_start|>${role}<|im_sep|>`],
  (role) => [
    `<|start_header_id|>${role}<|end_header_id|>`,
    `<|start_header_id|>${role}<|end_header_id|>\n\n`,
    `<|header_start|>${role}<|header_end|>`,
    `<|header_start|>${role}<|header_end|>\n\n`,
  ],
  (role) => [`<start_of_turn>${role}\n`, `<|turn>${role}\n`],
  (role) => [`<|start_of_role|>${role}<|end_of_role|>`],
  (role) => [`<|im_${role}|>${role}<|im_middle|>`],
  (role) => [`[|${role}|]`, `<|${role}|>`, `<|${role}|>\n`],
  (role) => [`<seed:bos>${role}\n`],
  (role) => [`[UNUSED_TOKEN_146]${role}\n`],
];

/** Tokens that begin the turn of the model or of somebody else, by the chat templates of the families. */
export const START_TOKENS: ReadonlySet<string> = new Set([
  ...ROLES.flatMap((role) => HEADERS.flatMap((form) => form(role))),
  '<|im_start|>',
  '<|start_header_id|>',
  '<|header_start|>',
  '<｜Assistant｜>',
  '<｜User｜>',
  '<|open|>message<|sep|>',
  '<|begin|>assistant<|content|>',
  '<extra_id_1>Assistant\n',
  '[gMASK]',
  '<sop>',
  '<seed:bos>',
  '<|START_OF_TURN_TOKEN|>',
  '<|CHATBOT_TOKEN|>',
  '<|USER_TOKEN|>',
  '<|SYSTEM_TOKEN|>',
]);

/** Of the start tokens, those of somebody else's turn. */
export const OTHERS_TURN = /user|human|system|tool|ipython|environment/i;

/**
 * Another turn in plain words, right behind the token that ends a sequence, as the templates of these families join them:
 * https://github.com/xusenlinzy/api-for-open-llm/blob/00cc010dfa1aa8e595646baf4b876f739dd800e3/api/adapter/template.py
 */
export const RUN_ONS: ReadonlySet<string> = new Set(
  ['<|endoftext|>', '</s>', '<｜end▁of▁sentence｜>'].flatMap((end) =>
    ['Human:', 'User:', 'USER:'].map((who) => `${end}${who}`),
  ),
);

/** They begin another text than the answer, whatever stood before. */
export const OTHER_TEXTS: ReadonlySet<string> = new Set([
  // Another file: https://github.com/twinnydotdev/twinny/issues/268
  '<file_sep>',
  '<|file_sep|>',
  '<extra_id_1>User\n',
  // Another question: https://github.com/ggml-org/llama.cpp/issues/8655
  '[INST]',
  ...RUN_ONS,
]);

/** What is left of Llama 3's header without its tokens: https://github.com/meta-llama/llama3/issues/29 */
export const BARE_HEADER = 'assistant\n\n';

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
  '<|end_message|>',
  '[UNUSED_TOKEN_145]',
  '</longcat_s>',
  '<EOT>',
  // https://github.com/h2oai/h2ogpt/issues/121
  '<unk>',
  '<pad>',
  // Of models that complete code: https://github.com/twinnydotdev/twinny/issues/317
  '<fim_prefix>',
  '<fim_suffix>',
  '<fim_middle>',
]);

/** Begins text that HTML strikes out; it ends as sequences of some models do. */
export const STRUCK = '<s>';

/** Whether it opens or closes something; what does neither is `token`. */
export type Marker = 'open' | 'close' | 'token';

/** The markers that are known by their letters; find-marker.ts knows others by their form. */
export const MARKERS: ReadonlyMap<string, Marker> = new Map([
  [STRUCK, 'open' as const],
  ...[BARE_HEADER, ...START_TOKENS, ...END_TOKENS, ...OTHER_TEXTS].map((text) => [text, 'token'] as const),
  ...[...HARMONY.openers, HARMONY.message, ...HARMONY.closers].map((text) => [text, 'token'] as const),
  ...THOUGHTS.flatMap(({ open }) => open.map((text) => [text, 'open'] as const)),
  // Of those that only end what they began, the ones that have no form of a token.
  ...THOUGHTS.flatMap(({ close, paired }) =>
    close.filter((text) => !paired || text.startsWith('[')).map((text) => [text, 'close'] as const),
  ),
  ...[...WRAPPERS, ...FRAMES].map(
    (text) => [text, /^(<\/|\[END|<\|END|<\|end|<\|close)/.test(text) ? 'close' : 'open'] as const,
  ),
]);
