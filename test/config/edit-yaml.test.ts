import assert from 'node:assert/strict';
import { fillTemplate } from '../../src/config/edit-yaml.ts';

const TEMPLATE = `# head
a:
  # about b
  b: 1 # one
  c:
    d: x

    e: y # why

# about f
f: z
`;

describe('filling in a template', () => {
  it('changes the values it is given and nothing else', () => {
    const filled = fillTemplate(TEMPLATE, { values: { 'a.b': true, f: 'v' }, off: [] });
    assert.equal(filled, TEMPLATE.replace('b: 1', 'b: true').replace('f: z', 'f: v'));
  });

  it('quotes what would mean something else', () => {
    const filled = fillTemplate(TEMPLATE, { values: { f: 'a: b #c' }, off: [] });
    assert.equal(filled, TEMPLATE.replace('f: z', 'f: "a: b #c"'));
  });

  it('makes comments of the lines of a key, whatever value they were to have', () => {
    const filled = fillTemplate(TEMPLATE, { values: { 'a.c.d': 'new', f: 'v' }, off: ['a.c'] });
    assert.equal(
      filled,
      [
        '# head',
        'a:',
        '  # about b',
        '  b: 1 # one',
        '  # c:',
        '  #   d: x',
        '',
        '  #   e: y # why',
        '',
        '# about f',
        'f: v',
        '',
      ].join('\n'),
    );
  });

  it('does not pass over a key that the template lacks', () => {
    assert.throws(() => fillTemplate(TEMPLATE, { values: { 'a.x': 'v' }, off: [] }), /a\.x/);
    assert.throws(() => fillTemplate(TEMPLATE, { values: {}, off: ['x'] }), /x/);
  });
});
