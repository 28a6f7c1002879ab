/**
 * Writes the tiny model: a GGUF file with llama's architecture that llama.cpp loads and runs as any other, of which the
 * weights are set by hand. Random weights would speak bytes; these speak sentences, end them, close what JSON opens
 * under a grammar, and never begin a tool call by themselves.
 *
 * How: one number of every embedding is a constant, so that its output weight is a token's bias; one is set for each
 * class of token (article, noun, digit ...), so that its output weights are what may follow that class; one for each
 * step of the greedy path. The layers add small random weights, so that what was said before moves the answer a little.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { encodeGguf, metadata, type Tensor } from './gguf-file.ts';
import { GREEDY_PATH, SPACE, SPECIAL, SPEECH, TOKEN_TYPE, type Token, vocabulary } from './vocabulary.ts';

export const CONTEXT_LIMIT = 32_768;
const WIDTH = 64;
const LAYERS = 2;
const HEADS = 4;
const FEED_FORWARD = 128;

type Class =
  | keyof typeof SPEECH
  | 'period'
  | 'quote'
  | 'digit'
  | 'value'
  | 'open'
  | 'close'
  | 'comma'
  | 'letter'
  | 'other';
const CLASSES: readonly Class[] = [
  ...(Object.keys(SPEECH) as (keyof typeof SPEECH)[]),
  'period',
  'quote',
  'digit',
  'value',
  'open',
  'close',
  'comma',
  'letter',
  'other',
];

/**
 * What follows what, in logits over NEVER. Free text only ever takes the first entry of each (the sentence, then its
 * end); the lower ones matter where a grammar forbids those above, as inside a JSON string.
 */
const END = 'end';
const FOLLOWS: Record<Class, Partial<Record<Class | typeof END, number>>> = {
  other: { opening: 24, quote: 14, value: 10, digit: 12, close: 9, letter: 6 },
  opening: { adjective: 22, noun: 20.5, letter: 6, quote: 10 },
  article: { adjective: 22, noun: 20.5, letter: 6, quote: 10 },
  adjective: { noun: 24, letter: 6, quote: 10 },
  noun: { verb: 20, link: 19.5, period: 22, letter: 6, quote: 10 },
  verb: { article: 24, letter: 6, quote: 10 },
  link: { article: 24, letter: 6, quote: 10 },
  period: { [END]: 26, quote: 18, close: 12, letter: 6 },
  quote: { opening: 24, close: 16, comma: 14, value: 8, letter: 6 },
  digit: { close: 18, comma: 17, [END]: 16, digit: 8 },
  value: { close: 18, comma: 17, [END]: 16, letter: 6 },
  open: { quote: 16, opening: 12, value: 12, digit: 12, close: 8, open: 7, letter: 6 },
  close: { [END]: 26, close: 18, comma: 17 },
  comma: { quote: 16, opening: 12, value: 12, digit: 12, open: 7, letter: 6 },
  letter: { letter: 12, quote: 12, period: 10 },
};
/** Over every other token, so that no temperature in use reaches one that FOLLOWS does not name. */
const NEVER = -24;

function classOf(token: Token, classByWord: ReadonlyMap<string, Class>): Class {
  const word = classByWord.get(token.text);
  if (word !== undefined) return word;
  if (token.type === TOKEN_TYPE.normal && /^[a-z]{1,2}$/.test(token.text)) return 'letter';
  if (/^[0-9]$/.test(token.text)) return 'digit';
  const punctuation: Record<string, Class> = {
    '.': 'period',
    '"': 'quote',
    ',': 'comma',
    '{': 'open',
    '[': 'open',
    ':': 'open',
    '}': 'close',
    ']': 'close',
  };
  return punctuation[token.text] ?? 'other';
}

function classesByWord(): Map<string, Class> {
  const classes = new Map<string, Class>([
    ['true', 'value'],
    ['false', 'value'],
    ['null', 'value'],
  ]);
  for (const [name, words] of Object.entries(SPEECH)) {
    // Only an opening stands without its space: it begins the answer.
    for (const word of words)
      classes.set(name === 'opening' ? word : SPACE + word.replaceAll(' ', SPACE), name as Class);
  }
  return classes;
}

/** mulberry32: small, seeded, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 - 0.5;
  };
}

function tensors(tokens: readonly Token[]): Tensor[] {
  const random = seeded(20_240_601);
  const noise = (length: number, scale: number): Float32Array =>
    Float32Array.from({ length }, () => random() * scale);
  const wordClasses = classesByWord();
  const classes = tokens.map((token) => classOf(token, wordClasses));
  const end = tokens.findIndex((token) => token.text === SPECIAL.turnEnd);
  const path = GREEDY_PATH.map((word, index) =>
    tokens.findIndex((token) => token.text === (index === 0 || word === '.' ? word : SPACE + word)),
  );

  const CONSTANT = 0;
  const classDimension = (name: Class): number => 1 + CLASSES.indexOf(name);
  const pathDimension = (step: number): number => 1 + CLASSES.length + step;
  const embedding = noise(tokens.length * WIDTH, 0.02);
  const output = noise(tokens.length * WIDTH, 0.3);
  // Before the output an embedding is scaled to a mean square of 1: with a constant and a class of size 1 both, each
  // comes out as about sqrt(WIDTH / 2), by which the logits are divided here.
  const gain = Math.sqrt(WIDTH / 2);
  const PATH_SIZE = 0.1;
  const GREEDY_LEAD = 3;
  for (const [id, name] of classes.entries()) {
    embedding[id * WIDTH + CONSTANT] = 1;
    for (const other of CLASSES) embedding[id * WIDTH + classDimension(other)] = other === name ? 1 : 0;
    output[id * WIDTH + CONSTANT] = NEVER / gain;
    for (const before of CLASSES) {
      const follows = id === end ? FOLLOWS[before][END] : FOLLOWS[before][name];
      output[id * WIDTH + classDimension(before)] = (follows ?? 0) / gain;
    }
  }
  for (const [step, id] of path.entries()) {
    embedding[id * WIDTH + pathDimension(step)] = PATH_SIZE;
    const next = path[step + 1];
    if (next !== undefined) output[next * WIDTH + pathDimension(step)] = GREEDY_LEAD / PATH_SIZE / gain;
  }
  const first = path[0] ?? 0;
  output[first * WIDTH + classDimension('other')] = (24 + GREEDY_LEAD / 2) / gain;

  const ones = (): Float32Array => new Float32Array(WIDTH).fill(1);
  const square = (name: string): Tensor => ({
    name,
    shape: [WIDTH, WIDTH],
    data: noise(WIDTH * WIDTH, 0.05),
  });
  const layers = Array.from({ length: LAYERS }, (_, layer): Tensor[] => [
    { name: `blk.${layer}.attn_norm.weight`, shape: [WIDTH], data: ones() },
    square(`blk.${layer}.attn_q.weight`),
    square(`blk.${layer}.attn_k.weight`),
    square(`blk.${layer}.attn_v.weight`),
    square(`blk.${layer}.attn_output.weight`),
    { name: `blk.${layer}.ffn_norm.weight`, shape: [WIDTH], data: ones() },
    {
      name: `blk.${layer}.ffn_gate.weight`,
      shape: [WIDTH, FEED_FORWARD],
      data: noise(WIDTH * FEED_FORWARD, 0.05),
    },
    {
      name: `blk.${layer}.ffn_up.weight`,
      shape: [WIDTH, FEED_FORWARD],
      data: noise(WIDTH * FEED_FORWARD, 0.05),
    },
    {
      name: `blk.${layer}.ffn_down.weight`,
      shape: [FEED_FORWARD, WIDTH],
      data: noise(WIDTH * FEED_FORWARD, 0.05),
    },
  ]);
  return [
    { name: 'token_embd.weight', shape: [WIDTH, tokens.length], data: embedding },
    { name: 'output_norm.weight', shape: [WIDTH], data: ones() },
    { name: 'output.weight', shape: [WIDTH, tokens.length], data: output },
    ...layers.flat(),
  ];
}

function metadataPairs(tokens: readonly Token[]): Buffer[] {
  const { integer, float, string, boolean, strings, floats, integers } = metadata;
  const id = (name: string): number => tokens.findIndex((token) => token.text === name);
  return [
    string('general.architecture', 'llama'),
    string('general.name', 'koubou tiny'),
    integer('llama.context_length', CONTEXT_LIMIT),
    integer('llama.embedding_length', WIDTH),
    integer('llama.block_count', LAYERS),
    integer('llama.feed_forward_length', FEED_FORWARD),
    integer('llama.attention.head_count', HEADS),
    integer('llama.rope.dimension_count', WIDTH / HEADS),
    float('llama.attention.layer_norm_rms_epsilon', 1e-5),
    string('tokenizer.ggml.model', 'llama'),
    strings(
      'tokenizer.ggml.tokens',
      tokens.map((token) => token.text),
    ),
    floats(
      'tokenizer.ggml.scores',
      tokens.map((token) => token.score),
    ),
    integers(
      'tokenizer.ggml.token_type',
      tokens.map((token) => token.type),
    ),
    integer('tokenizer.ggml.bos_token_id', id(SPECIAL.start)),
    integer('tokenizer.ggml.eos_token_id', id(SPECIAL.turnEnd)),
    integer('tokenizer.ggml.eot_token_id', id(SPECIAL.turnEnd)),
    integer('tokenizer.ggml.unknown_token_id', id(SPECIAL.unknown)),
    boolean('tokenizer.ggml.add_bos_token', true),
    boolean('tokenizer.ggml.add_space_prefix', false),
  ];
}

/** Writes the model to `path`: about 3 MB, byte for byte the same each time. */
export function writeGguf(path: string): void {
  const tokens = vocabulary();
  writeFileSync(path, encodeGguf(metadataPairs(tokens), tensors(tokens)));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = process.argv[2];
  if (path === undefined) throw new Error('Usage: node test/real/write-gguf.ts PATH');
  writeGguf(path);
}
