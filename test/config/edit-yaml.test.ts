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

  it('puts lines before a key, as comments those that are off', () => {
    const value = { kind: 'agent', model: 'm:20b' };
    const lines = [
      { name: 'x', value, on: true },
      { name: 'z', value, on: false },
    ];
    const filled = fillTemplate(TEMPLATE, { values: {}, off: ['a.b'], added: { before: 'a.c', lines } });
    const written = '  x: { kind: agent, model: m:20b }\n  # z: { kind: agent, model: m:20b }\n';
    assert.equal(
      filled,
      TEMPLATE.replace('  b: 1 # one', '  # b: 1 # one').replace('  c:\n', `${written}  c:\n`),
    );
  });

  it('does not pass over a key that the template lacks', () => {
    assert.throws(() => fillTemplate(TEMPLATE, { values: { 'a.x': 'v' }, off: [] }), /a\.x/);
    assert.throws(() => fillTemplate(TEMPLATE, { values: {}, off: ['x'] }), /x/);
    const added = { before: 'a.y', lines: [] };
    assert.throws(() => fillTemplate(TEMPLATE, { values: {}, off: [], added }), /a\.y/);
  });
});
