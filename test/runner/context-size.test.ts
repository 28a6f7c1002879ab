import assert from 'node:assert/strict';
import { sizeContext } from '../../src/runner/model/context-size.ts';
import { estimateTokens, fewestTokens } from '../../src/task/tokens.ts';

describe('the estimate of tokens', () => {
  const holds = (text: string, tokens: number): void => {
    const { low, high } = estimateTokens(text);
    assert.ok(low <= tokens && tokens <= high, `${tokens} is not within ${low} to ${high}`);
  };

  it('holds for English, with ten tokens a sentence', () =>
    holds('The quick brown fox jumps over the lazy dog. '.repeat(100), 1000));
  it('holds for Japanese, with a token a character as with a token two', () => {
    const text = '吾輩は猫である。名前はまだ無い。'.repeat(100);
    holds(text, text.length);
    holds(text, text.length / 2);
  });
  it('holds for code, with a token a sign', () =>
    holds('const add = (a: number, b: number): number => a + b;\n'.repeat(100), 1800));
  it('is nothing for nothing', () => assert.deepEqual(estimateTokens(''), { low: 0, high: 0 }));
  it('has one lower end, by bytes', () =>
    assert.equal(estimateTokens('あ'.repeat(100)).low, fewestTokens(300)));
});

describe('the context to ask for', () => {
  const demand = { prompt: { low: 100, high: 400 }, answer: 4096, limit: 32_768, inUse: [] };

  it('takes few values', () => {
    assert.deepEqual(sizeContext(demand), { fits: true, tokens: 8192 });
    assert.deepEqual(sizeContext({ ...demand, prompt: { low: 2000, high: 4096 } }), {
      fits: true,
      tokens: 8192,
    });
    assert.deepEqual(sizeContext({ ...demand, prompt: { low: 2000, high: 4097 } }), {
      fits: true,
      tokens: 16_384,
    });
  });
  it('is never over the limit', () => {
    assert.deepEqual(sizeContext({ ...demand, limit: 5000 }), { fits: true, tokens: 5000 });
    assert.deepEqual(sizeContext({ ...demand, limit: 2048 }), { fits: true, tokens: 2048 });
  });
  it('keeps what is in use, if it is enough', () => {
    assert.deepEqual(sizeContext({ ...demand, inUse: [20_000, 8192] }), { fits: true, tokens: 20_000 });
    assert.deepEqual(sizeContext({ ...demand, inUse: [4096, 10_000] }), { fits: true, tokens: 10_000 });
    assert.deepEqual(sizeContext({ ...demand, inUse: [64_000] }), { fits: true, tokens: 8192 });
  });
  it('is none when even the lowest estimate does not fit', () => {
    assert.equal(sizeContext({ ...demand, prompt: { low: 32_768, high: 90_000 } }).fits, false);
    assert.equal(sizeContext({ ...demand, prompt: { low: 32_000, high: 90_000 } }).fits, true);
  });
});
