import assert from 'node:assert/strict';
import { MARKERS } from '../../src/runner/markup/markup-table.ts';
import { MarkupSplitter, type Part } from '../../src/runner/markup/model-markup.ts';
import { THOUGHTS } from '../../src/runner/markup/thought-table.ts';
import fc from '../support/fast-check.ts';

const split = (pieces: readonly string[], asked = ''): { answer: string; thinking: string } => {
  const splitter = new MarkupSplitter(asked);
  const seen = { answer: '', thinking: '' };
  const take = (parts: readonly Part[]): void => {
    for (const part of parts) {
      if (part.kind === 'retract') {
        seen.thinking += seen.answer;
        seen.answer = '';
      } else seen[part.kind] += part.text;
    }
  };
  for (const piece of pieces) take(splitter.push(piece));
  take(splitter.end());
  return seen;
};

/** Text of a model, and what of it is the answer. */
const MARKUP: Readonly<Record<string, readonly [text: string, answer: string]>> = {
  'no markup': ['Four.\n', 'Four.\n'],
  'space before an answer': ['\n  indented', '\n  indented'],
  'thoughts without a begin tag': ['The user wants a sum. That is easy.\n</think>\n\nFour.', 'Four.'],
  'thoughts without a begin tag, glued on': ['Easy.</think>Four.', 'Four.'],
  'thoughts that speak of their tag': ['Use <think> tags, then `</think>`.\n</think>\n\nFour.', 'Four.'],
  'thoughts within thoughts': ['<think>a<think>b</think>c</think>Four.', 'Four.'],
  'an end tag alone': ['</think>\n\nFour.', 'Four.'],
  'thoughts twice': ['<think>a</think>\n<think>b</think>\n\nFour.', 'Four.'],
  'an empty thought': ['<think>\n\n</think>\n\nFour.', 'Four.'],
  'thoughts that hold a fence': ['<think>\n```\nx\n```\n</think>\nFour.', 'Four.'],
  'thoughts in the middle': ['One.\n<think>\nTwo?\n</think>\nThree.', 'One.\n\nThree.'],
  'a tag without an end in the middle': ['One.\n<think>\nTwo.', 'One.\n<think>\nTwo.'],
  'thoughts alone': ['<think>Hm.', ''],
  'an answer in tags after thoughts': ['<think>Hm.</think>\n<answer>\nFour.\n</answer>', 'Four.\n'],
  Harmony: [
    '<|channel|>analysis<|message|>Sum.<|end|><|start|>assistant<|channel|>final<|message|>Four.<|return|>',
    'Four.',
  ],
  'Harmony from the first token': [
    '<|start|>assistant<|channel|>analysis<|message|>Sum.<|end|><|start|>assistant<|channel|>final<|message|>Four.',
    'Four.',
  ],
  'Harmony with a constrained answer': [
    '<|channel|>final <|constrain|>JSON<|message|>{"a":1}<|return|>',
    '{"a":1}',
  ],
  'Harmony without its tokens': ['analysisWe need a sum.assistantfinalFour.', 'Four.'],
  'words that only begin so': ['analysis of the market', 'analysis of the market'],
  'a word that only begins so, whole': ['analysis', 'analysis'],
  'a word that begins as Harmony and does not go on': ['analysisX of it', 'analysisX of it'],
  'Gemma 4': ['<|channel>thought\nHm.<channel|>Four.<turn|>', 'Four.'],
  'a start of turn': ['<|im_start|>assistant\nFour.<|im_end|>', 'Four.'],
  'the end of a turn, and spaces': ['Four.<|im_end|>\n', 'Four.'],
  'two ends of a turn': ['Four.<|eot_id|><|end_of_text|>', 'Four.'],
  'a turn of somebody else': ['Four.<|im_end|>\n<|im_start|>user\nAnd five?', 'Four.'],
  'an end of sequence': ['Quatre.</s>', 'Quatre.'],
  'tokens of a family that nobody listed': ['<|begin_reply|>Four.<|stop_reply|>', 'Four.'],
  'a turn of somebody else in words': ['Four.<|endoftext|>Human: And five?', 'Four.'],
  'such a turn behind a block of code': ['```\nx\n```\n<|endoftext|>Human: And five?', '```\nx\n```\n'],
  'such a turn alone': ['<|endoftext|>Human: And five?', ''],
};

/** Text that speaks of markup and is left whole. */
const QUOTED: readonly string[] = [
  'Thoughts end with `</think>`; the answer comes after it.',
  'Thoughts end with "</think>".',
  'Thoughts end with </think> and the answer follows.',
  'Use <think> tags.',
  'Use <think>…</think> tags.',
  '```xml\n<think>\nHm.\n</think>\n```\nis how it looks.',
  '~~~\n</think>\n~~~',
  'Split at `<|im_end|>`, then at `<|im_start|>user`.',
  'The token <|im_end|> ends a turn, </s> does it for others.',
  'if (text.includes("</think>")) return;',
  "const end = '</think>';",
  '„</think>“ und «</think>» und （</think>）',
  '- [THINK] is a tag of Mistral\n- so is [/THINK] then',
  '結果は「</think>」の後に来る。',
  'Turns are joined as `A<|endoftext|>Human: B`.',
  '```\nA<|endoftext|>Human: B\n```\n',
  'f"{answer}<|endoftext|>Human: {question}"',
  'It was <s>Ann</s>User: Bob.',
];

describe('the markup of a model', () => {
  for (const [what, [text, answer]] of Object.entries(MARKUP)) {
    it(`is taken off: ${what}`, () => assert.equal(split([text]).answer, answer));
  }

  for (const { open, close, plain, paired } of THOUGHTS) {
    it(`is ${open[0] ?? close[0]}`, () => {
      for (const tag of open) {
        for (const end of close.slice(open.length > 1 ? 0 : undefined)) {
          if (open.length === close.length && open.indexOf(tag) !== close.indexOf(end)) continue;
          assert.deepEqual(split([`${tag}Hm.${end}\n\nFour.`]), { answer: 'Four.', thinking: 'Hm.' });
          if (!plain && !paired) assert.equal(split([`Hm.\n${end}\n\nFour.`]).answer, 'Four.');
          assert.equal(split([`It is \`${tag}\` to \`${end}\`.`]).answer, `It is \`${tag}\` to \`${end}\`.`);
        }
      }
    });
  }

  for (const text of QUOTED) {
    it(`is text where it is spoken of: ${text.slice(0, 40).replaceAll('\n', ' ')}`, () =>
      assert.equal(split([text]).answer, text));
  }

  it('is what was asked for where the prompt names tags of common words', () => {
    const text = '<reasoning>Because.</reasoning>\n<answer>Four.</answer>';
    assert.equal(split([text], 'Answer in <reasoning> and <answer> tags.').answer, text);
    assert.equal(split([text]).answer, 'Four.');
    assert.equal(split(['<think>Hm.</think>Four.'], 'What is <think>?').answer, 'Four.');
    const xml = '<result>\n<reasoning>Because.</reasoning>\n</result>';
    assert.equal(split([xml], 'Answer in XML, with an element for your reasoning.').answer, xml);
    const wrapped = '<answer>Four.</answer>';
    assert.equal(split([`<think>Hm.</think>${wrapped}`], 'Put it in <answer> tags.').answer, wrapped);
    const template = 'The template:\n<think>\n{{ thoughts }}\n</think>\n{{ answer }}';
    assert.equal(split([template], 'A template with <think> and </think>.').answer, template);
    const tags = '<think> and </think> are tags.';
    assert.equal(split([tags], 'What are <think> and </think>?').answer, tags);
  });

  it('is no part of a text in JSON or HTML', () => {
    for (const text of [
      '{"a":"x</think>y","b":"<|im_end|>"}',
      '{\n  "a": "say \\"</think>\\" to it"\n}',
      '["</think>", "[/THINK]z"]',
      'It was <s>old</s>',
      '<p>It was <s>old</s></p>',
      '<s>old</s>',
    ]) {
      assert.equal(split([text]).answer, text);
      assert.equal(split(Array.from(text)).answer, text);
    }
  });

  it('is not lost: what is no answer are thoughts', () => {
    assert.deepEqual(split(['<think>a</think>\n<think>b</think>\n\nFour.']), {
      answer: 'Four.',
      thinking: 'ab',
    });
    assert.deepEqual(split(['Easy.\n</think>\n\nFour.']), { answer: 'Four.', thinking: 'Easy.\n' });
    assert.deepEqual(split(['Four.<|im_end|>\n<|im_start|>user\nFive?']), {
      answer: 'Four.',
      thinking: 'Five?',
    });
    assert.deepEqual(split(['analysisSum.assistantfinalFour.']), { answer: 'Four.', thinking: 'Sum.' });
  });

  it('is the same for every way in which a stream is cut', () => {
    const texts = [...Object.values(MARKUP).map(([text]) => text), ...QUOTED];
    for (const text of texts) {
      assert.deepEqual(
        split(Array.from({ length: text.length }, (_, at) => text[at] ?? '')),
        split([text]),
        text,
      );
    }
    const token = fc.oneof(
      fc.constantFrom(...MARKERS.keys()),
      fc.constantFrom(
        'a',
        ' ',
        '\n',
        '`',
        '```\n',
        '```js\n',
        'Four.',
        'analysis',
        'assistantfinal',
        '<',
        '<|',
        '"',
      ),
      fc.constantFrom(
        'assistantcommentary',
        'commentary to=',
        '<|custom|>',
        '<unused7>',
        '<THINK a="1">',
        '</think >',
      ),
      fc.constantFrom(
        '</think>\n',
        '\n</think>\n\n',
        '<think_a>',
        '</think_a>',
        '- ```\n',
        '<｜x▁y｜>',
        '.',
        ';',
      ),
    );
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 12 }),
        fc.array(fc.nat(20), { maxLength: 30 }),
        (tokens, cuts) => {
          const text = tokens.join('');
          const pieces: string[] = [];
          let at = 0;
          for (const cut of cuts) {
            pieces.push(text.slice(at, at + cut));
            at += cut;
          }
          assert.deepEqual(split([...pieces, text.slice(at)]), split([text]));
        },
      ),
      { seed: 20261127, numRuns: 3000 },
    );
  });

  it('takes time in proportion to the text, whatever it is', () => {
    const cost = (text: string): number => {
      const splitter = new MarkupSplitter('');
      const begin = process.cpuUsage().user;
      for (let at = 0; at < text.length; at += 4) splitter.push(text.slice(at, at + 4));
      splitter.end();
      return process.cpuUsage().user - begin;
    };
    const simple = ['<', '<|', ' ', 'analysisX', '`', '\n', '<think>', '</think>', '<|channel|>', 'a'];
    for (const unit of simple.concat([
      '<think ',
      '<div a ',
      '<|abc',
      '<｜a',
      '# ',
      '**',
      '[UNUSED_',
      '<|x|>',
      '```\n</think>\n\n',
      '<|end|>a',
    ])) {
      const [short, long] = [8192, 131_072].map((length) =>
        cost(unit.repeat(Math.ceil(length / unit.length)).slice(0, length)),
      );
      assert.ok((long ?? 0) < ((short ?? 0) + 5000) * 64, `${unit}: ${short} and ${long} us`);
    }
  });
});
