import assert from 'node:assert/strict';
import { PromptCounts } from '../../src/runner/model/prompt-counts.ts';
import {
  type Judged,
  judgeCount,
  type PromptCount,
  withVerdict,
} from '../../src/runner/model/prompt-verdict.ts';
import { leastOf } from '../../src/task/tokens.ts';
import { KINDS, type Kind, MEASURED, TOKENIZERS, textOf } from '../support/prompt-texts.ts';

/** A server with a tokenizer that makes of each text of a kind what a real one made of the kind's sample. */
class CountingServer {
  chats: string[] = [];
  readonly #perLeast: number;
  readonly #template: number;

  constructor(kind: Kind, tokenizer: number, template = 40) {
    this.#perLeast = (MEASURED[kind][tokenizer] ?? 0) / leastOf(textOf(kind)).tokens;
    this.#template = template;
  }

  count(text: string): number {
    return Math.round(leastOf(text).tokens * this.#perLeast) + this.#template;
  }

  readonly chat = async (text: string): Promise<number> => {
    this.chats.push(text);
    return this.count(text);
  };
}

const judged = (asked: Partial<PromptCount> & { text: string; counted: number | null }): Promise<Judged> =>
  judgeCount({
    counts: new PromptCounts(),
    name: 'm',
    context: null,
    tokenize: async () => null,
    chat: async () => null,
    ...asked,
  });

const isRefused = async (asked: Parameters<typeof judged>[0]): Promise<boolean> =>
  (asked.counted ?? 0) < (await judged(asked)).tokens;

describe('whether a server read all of a prompt, with nothing known of its model', () => {
  for (const [at, name] of TOKENIZERS.entries()) {
    it(`is seen by what ${name} counts, of every kind of text`, async () => {
      for (const kind of KINDS) {
        const text = textOf(kind);
        const server = new CountingServer(kind, at);
        const whole = server.count(text);
        assert.equal(await isRefused({ text, counted: whole, chat: server.chat }), false, `${kind}: honest`);
        const half = Math.round(whole / 2);
        assert.equal(await isRefused({ text, counted: half, chat: server.chat }), true, `${kind}: half`);
      }
    });
  }

  it('costs nothing where the count leaves no doubt', async () => {
    for (const kind of [
      'prose',
      'code',
      'python',
      'japanese',
      'chinese',
      'german',
      'table',
      'json',
    ] as const) {
      const server = new CountingServer(kind, 2);
      await judged({ text: textOf(kind), counted: server.count(textOf(kind)), chat: server.chat });
      assert.deepEqual(server.chats, [], kind);
    }
  });

  it('costs two small chats where it does, once for a model and a script', async () => {
    const counts = new PromptCounts();
    const server = new CountingServer('korean', 0);
    const text = textOf('korean');
    const counted = server.count(text);
    const first = await judged({ counts, text, counted, chat: server.chat });
    assert.equal(first.by, 'sample');
    assert.equal(server.chats.length, 2);
    assert.ok(server.chats.every((each) => each.length < text.length / 2));
    const second = await judged({ counts, text: `Once more: ${text}`, counted, chat: server.chat });
    assert.equal(second.by, 'estimate');
    assert.equal(server.chats.length, 2);
    // What was learned of it finds the half of the next one.
    assert.ok(await isRefused({ counts, text: `And again: ${text}`, counted: counted / 2 }));
  });

  it('is seen in a text of several kinds', async () => {
    const text = `${textOf('prose')}${textOf('korean')}`;
    // One of old: half a token more than a letter of Hangul, and about four letters of English.
    const chat = async (asked: string): Promise<number> => {
      const hangul = asked.match(/[\uac00-\ud7af]/g)?.length ?? 0;
      return Math.round(hangul * 1.5 + (asked.length - hangul) / 4) + 40;
    };
    const whole = await chat(text);
    assert.equal(await isRefused({ text, counted: whole, chat }), false);
    assert.equal(await isRefused({ text, counted: Math.round(whole / 2), chat }), true);
  });

  it('is asked of the tokenizer first, where there is one', async () => {
    const server = new CountingServer('korean', 3);
    const text = textOf('korean');
    const tokenize = async (): Promise<number> => server.count(text);
    const { by, tokens } = await judged({ text, counted: 7000, tokenize, chat: server.chat });
    assert.equal(by, 'tokenizer');
    assert.ok(tokens > 13_000);
    assert.deepEqual(server.chats, []);
  });

  it('is left open where the server says nothing, and an honest count stands', async () => {
    const text = textOf('korean');
    assert.equal((await judged({ text, counted: 7000 })).by, 'estimate');
    assert.equal(await isRefused({ text, counted: 7000 }), false);
    assert.equal((await judged({ text, counted: null })).by, 'estimate');
    assert.equal((await judged({ text, counted: 7000, chat: async () => 26 })).by, 'estimate');
  });

  it('is no question of a short prompt', async () => {
    const server = new CountingServer('korean', 3);
    await judged({ text: '짧은 글입니다. '.repeat(8), counted: 30, chat: server.chat });
    assert.deepEqual(server.chats, []);
  });

  it('honest counts that seem too few are asked about before they are refused', async () => {
    // Some text of which the least is wrong: its model makes one token of two.
    const text = textOf('prose');
    const half = async (asked: string): Promise<number> => Math.round(leastOf(asked).tokens / 2) + 40;
    assert.equal(await isRefused({ text, counted: await half(text), chat: half }), false);
    assert.equal(await isRefused({ text, counted: await half(text) }), true);
  });

  it('learns nothing of a prompt that was cut', async () => {
    const counts = new PromptCounts();
    const server = new CountingServer('korean', 3);
    const text = textOf('korean');
    for (let nth = 0; nth < 6; nth += 1) {
      const asked = `${nth} ${text}`;
      const counted = Math.round(server.count(asked) / 2);
      assert.ok(await isRefused({ counts, text: asked, counted, chat: server.chat }), String(nth));
    }
  });

  it('keeps its arithmetic', async () => {
    const server = new CountingServer('korean', 3, 0);
    const text = textOf('korean');
    const verdict = await judged({ text, counted: 7000, chat: server.chat });
    const { prompt } = withVerdict({ input_tokens: 7000, output_tokens: 1 }, verdict);
    const { letters = 0, tokens = 0, whole = 0 } = prompt?.sample ?? {};
    assert.equal(prompt?.counted, 7000);
    assert.equal(prompt?.by, 'sample');
    assert.equal(prompt?.least, Math.floor(whole * 0.85));
    assert.ok(letters > 2900 && letters < 3100, String(letters));
    assert.ok(Math.abs((whole * letters) / text.length - tokens) < tokens / 10);
  });
});

describe('a count that fills a context', () => {
  it('is asked about, whatever is known of the model', async () => {
    const counts = new PromptCounts();
    const server = new CountingServer('prose', 0);
    const text = textOf('prose').repeat(2);
    for (let nth = 0; nth < 6; nth += 1) counts.learn('m', `${nth} ${text}`, server.count(text));
    const honest = await judged({ counts, text, counted: 4096, context: 4096, chat: server.chat });
    assert.equal(honest.by, 'sample');
    assert.ok(honest.tokens <= 4096, String(honest.tokens));
  });
});
