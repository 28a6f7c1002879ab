import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PromptCounts } from '../../src/runner/model/prompt-counts.ts';
import { leastTokens } from '../../src/task/tokens.ts';
import { KINDS, type Kind, MEASURED, TOKENIZERS, textOf } from '../support/prompt-texts.ts';

const prose = 'The quick brown fox jumps over the lazy dog, and nobody knows why it should do so. '.repeat(
  120,
);
const code = 'export const settledOutcome = (claimedTask: TaskFile): Promise<RunOutcome> => {};\n'.repeat(
  120,
);
const table = `| ${' '.repeat(40)}name | ${'-'.repeat(60)} |\n`.repeat(300);
const japanese = '工房の仕事を手伝ってください。ファイルを読んで要約します。'.repeat(120);

/**
 * Tokens as counted by tokenizers in use: about 1.2 a word of English prose with its signs, 0.6 to 0.7 a Japanese letter
 * (o200k, Qwen 3), one for a run of spaces or dashes.
 */
const counted = {
  prose: prose.split(' ').length * 1.2,
  code: 120 * 22,
  table: 300 * 6,
  japanese: japanese.length * 0.62,
};
const texts = { prose, code, table, japanese };

describe('the least count of a real text', () => {
  const countsAfter = (learned: Kind | null, tokenizer: number): PromptCounts => {
    const counts = new PromptCounts();
    for (let nth = 0; learned !== null && nth < 6; nth += 1) {
      counts.learn('m', `${nth} ${textOf(learned)}`, MEASURED[learned][tokenizer] ?? 0);
    }
    return counts;
  };
  const boundOf = (kind: Kind, learned: Kind | null, tokenizer: number): number =>
    countsAfter(learned, tokenizer).bound('m', `again ${textOf(kind)}`).tokens;

  for (const [at, name] of TOKENIZERS.entries()) {
    it(`is no more than ${name} counts, whatever was learned before`, () => {
      for (const kind of KINDS) {
        for (const learned of [null, ...KINDS]) {
          const bound = boundOf(kind, learned, at);
          const honest = MEASURED[kind][at] ?? 0;
          assert.ok(bound <= honest, `${kind} after ${learned}: ${bound} of ${honest}`);
        }
      }
    });
  }

  for (const at of [0, 2]) {
    it(`is more than ${TOKENIZERS[at]} counts of a half, with nothing learned`, () => {
      for (const kind of [
        'prose',
        'code',
        'python',
        'japanese',
        'chinese',
        'german',
        'table',
        'json',
        'csv',
      ] as const) {
        assert.ok(boundOf(kind, null, at) > (MEASURED[kind][at] ?? 0) / 2, kind);
      }
    });
  }

  for (const at of [0, 1, 2]) {
    it(`is more than ${TOKENIZERS[at]} counts of two thirds, once its counts are known`, () => {
      for (const kind of [
        'prose',
        'code',
        'python',
        'japanese',
        'chinese',
        'korean',
        'table',
        'json',
        'log',
      ] as const) {
        assert.ok(boundOf(kind, kind, at) > (MEASURED[kind][at] ?? 0) * 0.65, kind);
      }
    });
  }

  it('is more than Llama 2 counts of a half, once its counts are known', () => {
    for (const kind of KINDS) assert.ok(boundOf(kind, kind, 3) > MEASURED[kind][3] / 2, kind);
  });
});

describe('the least count of a prompt', () => {
  for (const name of ['prose', 'code', 'table', 'japanese'] as const) {
    it(`is not more than an honest count of ${name}`, () => {
      assert.ok(leastTokens(texts[name]) <= counted[name], `${leastTokens(texts[name])} of ${counted[name]}`);
    });
    it(`is more than a count of half of ${name}`, () => {
      const { tokens } = new PromptCounts().bound('m', texts[name]);
      assert.ok(tokens > counted[name] / 2, `${tokens} of ${counted[name]}`);
    });
  }

  it('allows for what the server had from an earlier prompt, where it counts only what is new', () => {
    const counts = new PromptCounts();
    counts.learn('m', `${prose}Sum it up.`, leastTokens(prose) * 1.2);
    const { tokens, allowsForCache } = counts.bound('m', `${prose}Name the largest number.`);
    assert.ok(allowsForCache);
    // What is compared is cut into pieces, so that a part of what was there may count as new.
    assert.ok(tokens < 100, String(tokens));
    assert.equal(counts.bound('other', `${prose}Name it.`).allowsForCache, false);
  });

  it('allows for nothing where the server counts a prompt whole that it knew', () => {
    const counts = new PromptCounts();
    for (const question of ['Sum it up.', 'Name it.']) {
      counts.learn('m', prose + question, leastTokens(prose) * 1.2);
    }
    assert.equal(counts.bound('m', `${prose}And now?`).allowsForCache, false);
  });

  it('is remembered by the next process, and by none that finds garbage', () => {
    const folder = mkdtempSync(join(tmpdir(), 'koubou-counts-'));
    try {
      const file = join(folder, 'run', 'counts.json');
      new PromptCounts(file).learn('m', `${prose}Sum it up.`, leastTokens(prose) * 1.2);
      assert.ok(new PromptCounts(file).bound('m', `${prose}Name it.`).allowsForCache);
      for (const garbage of ['', '{', '[]', '{"m":{"ratios":"x"}}']) {
        writeFileSync(file, garbage);
        assert.equal(new PromptCounts(file).bound('m', `${prose}Name it.`).allowsForCache, false);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('learns from honest counts, so that a third that is missing is found', () => {
    const counts = new PromptCounts();
    const honest = (text: string): number => Math.round(leastTokens(text) * 1.48);
    for (let nth = 0; nth < 6; nth += 1) counts.learn('m', `${nth} ${code}`, honest(code));
    const { tokens } = counts.bound('m', `again: ${code}`);
    assert.ok(tokens > (honest(code) - 1) * 0.66, `${tokens} of ${honest(code)}`);
  });

  it('is not driven up by dense data', () => {
    const counts = new PromptCounts();
    for (let nth = 0; nth < 9; nth += 1) counts.learn('m', `${nth} ${prose}`, leastTokens(prose) * 5);
    assert.ok(counts.bound('m', `x ${prose}`).tokens < leastTokens(prose) * 1.15);
  });
});
