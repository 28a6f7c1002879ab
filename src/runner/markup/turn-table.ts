/** What begins and ends a turn in the chat templates of model families. Pure data. */

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
