/**
 * The tiny model's vocabulary: SentencePiece tokens with scores, so that llama.cpp's own tokenizer merges them.
 * Text costs about what it costs a real model (English 2 to 3 bytes a token, Japanese one token a character), because
 * callers size the context from an estimate, and a vocabulary of single bytes would overflow contexts a real one fits.
 */

/** llama.cpp's `tokenizer.ggml.token_type`. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

export type Token = { text: string; score: number; type: number };

/** SentencePiece's visible space. */
export const SPACE = '▁';

export const SPECIAL = {
  unknown: '<unk>',
  start: '<s>',
  turnStart: '<|im_start|>',
  turnEnd: '<|im_end|>',
} as const;

/** What the model can say, by part of speech; write-gguf.ts sets the weights so that one part follows another. */
export const SPEECH = {
  opening: ['The', 'A', 'One', 'Every', 'This', 'Another'],
  article: ['the', 'a', 'one', 'every', 'this', 'another'],
  adjective: ['quiet', 'old', 'small', 'patient', 'bright', 'careful', 'warm', 'simple', 'local', 'plain'],
  noun: [
    'smith',
    'workshop',
    'river',
    'hammer',
    'lantern',
    'model',
    'task',
    'queue',
    'answer',
    'garden',
    'letter',
  ],
  verb: ['keeps', 'finds', 'shapes', 'reads', 'follows', 'writes', 'holds', 'mends', 'carries', 'waits for'],
  link: ['near', 'beside', 'under', 'with', 'after', 'and'],
} as const;

/**
 * What it says at temperature 0: a walk over words that each occur once in it, so that the most likely next word is
 * never one said before, and greedy answers end as others do.
 */
export const GREEDY_PATH =
  'The old smith shapes a quiet answer with one patient hammer beside the warm river .'.split(' ');

/** Common in prompts; they only make tokens longer. */
const PROMPT_WORDS =
  'you are that have from will your what when which there please should only return json code file files function test write list string number value error object true false null const import export class user system assistant summary result short about into more been were they their would could';

const hiraganaToKatakana = Array.from({ length: 0x30ff - 0x3041 + 1 }, (_, index) =>
  String.fromCodePoint(0x3041 + index),
);

/** The 2,965 kanji of JIS X 0208's first level: rows 16 to 47 of EUC-JP, of which every Node has the table. */
function commonKanji(): string[] {
  const decoder = new TextDecoder('euc-jp');
  const bytes: number[] = [];
  for (let row = 0xb0; row <= 0xcf; row++) {
    for (let cell = 0xa1; cell <= (row === 0xcf ? 0xd3 : 0xfe); cell++) bytes.push(row, cell);
  }
  return Array.from(decoder.decode(Uint8Array.from(bytes)));
}

/** Every token, in the order of its id. */
export function vocabulary(): Token[] {
  const tokens: Token[] = [
    { text: SPECIAL.unknown, score: 0, type: TOKEN_TYPE.unknown },
    { text: SPECIAL.start, score: 0, type: TOKEN_TYPE.control },
    { text: SPECIAL.turnStart, score: 0, type: TOKEN_TYPE.control },
    { text: SPECIAL.turnEnd, score: 0, type: TOKEN_TYPE.control },
  ];
  for (let byte = 0; byte < 256; byte++) {
    tokens.push({
      text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
      score: 0,
      type: TOKEN_TYPE.byte,
    });
  }
  const normal = new Map<string, number>();
  // The tokenizer merges the pair with the highest score first: a word's prefixes outrank plain pairs of letters, and
  // longer ones outrank shorter, so that known words are put together from the left.
  const add = (text: string, score: number): void => {
    if (!normal.has(text)) normal.set(text, score);
  };
  const words = [...new Set([...Object.values(SPEECH).flat(), ...GREEDY_PATH, ...PROMPT_WORDS.split(' ')])];
  for (const word of words) {
    for (const text of [word, SPACE + word]) {
      const piece = text.replaceAll(' ', SPACE);
      for (let length = 2; length <= piece.length; length++) add(piece.slice(0, length), length - 100);
    }
  }
  for (let run = 2; run <= 16; run *= 2) add(SPACE.repeat(run), run - 100);
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  for (const first of [SPACE, ...letters]) for (const second of letters) add(first + second, -1000);
  for (const letter of letters) add(SPACE + letter.toUpperCase(), -1000);
  for (let code = 0x21; code < 0x7f; code++) add(String.fromCharCode(code), -2000);
  for (const character of [
    SPACE,
    ...'、 。 「 」 ・ ー （ ） ！ ？ ：'.split(' '),
    ...hiraganaToKatakana,
    ...commonKanji(),
  ])
    add(character, -2000);
  for (const [text, score] of normal) tokens.push({ text, score, type: TOKEN_TYPE.normal });
  return tokens;
}
