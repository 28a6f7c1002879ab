import assert from 'node:assert/strict';
import { linear, patternOf } from '../../src/judge/patterns.ts';
import fc from '../support/fast-check.ts';

/** What may stand in a pattern with the flag `u`, good or not: most of them make one when put together. */
const PIECES = [
  `a b Z 0 9 _ - , : = ! & ~ # / @ " ' é 字 😀`,
  '. ^ $ | * + ? *? {2} {1,} {0,3} ( ) (?: (?<n> [ ] [^ && [a-z] [^\\s] [\\w-] [+-] [-a] [a-] [!-~] [^] []',
  '\\d \\D \\w \\W \\s \\S \\b \\B \\n \\t \\v \\0 \\x41 \\u0042 \\u{1F600} \\ud83d\\ude00 \\p{L} \\P{Lu} \\p{Nd}',
  '\\. \\- \\/ \\\\ \\] \\^ (?=a) (?!b) (?<=a) \\1 \\cA \\p{Script=Greek}',
].flatMap((line) => [' ', ...line.split(' ')]);
const LETTERS = Array.from('abZ09_-,:=! \n\r\t\v\0\u00a0\u2028\ufeff\ud83dAB]^\\./é字😀');

const javascript = (source: string): RegExp | undefined => {
  try {
    return new RegExp(source, 'u');
  } catch {
    return undefined;
  }
};

describe('a pattern on the linear engine', () => {
  it('means what it means in JavaScript, whatever it is made of', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 }),
        fc.array(fc.array(fc.constantFrom(...LETTERS), { maxLength: 8 }), { minLength: 5, maxLength: 5 }),
        (pieces, texts) => {
          const source = pieces.join('');
          const own = javascript(source);
          const other = own === undefined ? undefined : linear(source);
          if (own === undefined || other === undefined) return;
          compared += 1;
          for (const letters of texts) {
            const text = letters.join('');
            // V8 looks between the two halves of a letter as well, where ECMAScript has no place: \B is there.
            if (source.includes('\\B') && /[\u{10000}-\u{10ffff}]/u.test(text)) continue;
            assert.equal(other.test(text), own.test(text), `/${source}/u on ${JSON.stringify(text)}`);
          }
        },
      ),
      { numRuns: 20_000 },
    );
    assert.ok(compared > 3000, `only ${compared} were compared`);
  });

  const everyday = [
    '^[A-Z]{2}-\\d{4}$',
    '^\\S+@\\S+\\.\\S+$',
    '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:Z|[+-]\\d{2}:\\d{2})$',
    '^https?://[^\\s/$.?#].[^\\s]*$',
    "^[\\p{L}\\p{M}' .-]+$",
    '^#(?:[0-9a-fA-F]{3}){1,2}$',
    '^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
    '^(?<year>\\d{4})/(?<month>0[1-9]|1[0-2])$',
    '^[\\w.+-]+$',
    '[\\u3040-\\u30ff\\u4e00-\\u9fff]',
  ];
  for (const source of everyday) it(`takes ${source}`, () => assert.notEqual(linear(source), undefined));

  for (const source of ['^(?=.*\\d).{8,}$', '(?<!a)b', '^(a)\\1$', '\\p{Script=Greek}', '^.{1,5000}$']) {
    it(`leaves ${source} to JavaScript`, () => {
      assert.equal(linear(source), undefined);
      assert.ok(patternOf(source, 'u') instanceof RegExp);
    });
  }

  it('refuses what is no pattern, as JavaScript does', () => {
    assert.throws(() => patternOf('(', 'u'), SyntaxError);
  });
});
