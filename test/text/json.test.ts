import assert from 'node:assert/strict';
import { isDeep, isModest, objectOf, parseModest, shapeOf } from '../../src/text/formats/json.ts';
import fc from '../support/fast-check.ts';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('JSON of others', () => {
  it('is read as JSON.parse reads it', () =>
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\n\t'), (text, space) => {
        assert.deepEqual(parseModest(space + text), JSON.parse(text));
      }),
    ));

  it('is measured without being parsed', () =>
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const { depth, values } = shapeOf(JSON.stringify(value, null, indent));
        assert.equal(depth, depthOf(value));
        assert.ok(values >= 1);
      }),
    ));

  it('counts nothing that stands in a string', () =>
    assert.deepEqual(shapeOf('["[[[{{{,,,\\"]]\\\\", 1]'), { depth: 1, values: 3 }));

  for (const [what, text] of Object.entries({
    'no JSON': 'hello',
    'half of it': '{"a":',
    nothing: '',
    'a word': '{x}',
    'very deep': '['.repeat(100_000) + ']'.repeat(100_000),
    'very many parts': `[${'1,'.repeat(200_000)}1]`,
  })) {
    it(`is none where it is ${what}`, () => assert.equal(parseModest(text), undefined));
  }

  it('may be long where it is one text', () => {
    const text = JSON.stringify({ text: '[{,'.repeat(500_000) });
    assert.equal(isModest(text), true);
    assert.notEqual(objectOf(text), undefined);
  });

  it('may be as deep as anybody writes it', () => {
    assert.equal(isDeep(shapeOf('['.repeat(200) + ']'.repeat(200))), false);
    assert.equal(isDeep(shapeOf('['.repeat(201) + ']'.repeat(201))), true);
  });
});
