import assert from 'node:assert/strict';
import { extract } from '../../src/judge/extract.ts';
import { extractOf } from '../../src/task/extract.ts';

const fenced = (content: string, word = ''): string => `\`\`\`${word}\n${content}\n\`\`\``;

describe('what is taken out of an answer', () => {
  it('is what stands in the fence around all of it', () => {
    for (const what of ['fence', 'code', 'json'] as const) {
      for (const around of [(text: string) => text, (text: string) => `\n${text}\n\n`]) {
        assert.deepEqual(extract(around(fenced('{"a":1}', 'json')), what), {
          kind: 'taken',
          text: '{"a":1}\n',
        });
      }
    }
  });

  it('is the one block among words, where that was asked for', () => {
    const answer = `Here it is:\n\n${fenced('let a = 1;', 'js')}\n\nIt sets a.`;
    assert.deepEqual(extract(answer, 'code'), { kind: 'taken', text: 'let a = 1;\n' });
    assert.deepEqual(extract(answer, 'fence'), { kind: 'same' });
    assert.deepEqual(extract(`Well:\n${fenced('{}')}\n${fenced('no json')}`, 'json'), {
      kind: 'taken',
      text: '{}\n',
    });
  });

  it('is nothing of an answer that is bare already', () => {
    assert.deepEqual(extract('let a = 1;\n', 'code'), { kind: 'same' });
    assert.deepEqual(extract('{"a": 1}', 'json'), { kind: 'same' });
  });

  it('is not guessed where several could be meant, or none', () => {
    assert.deepEqual(extract(`${fenced('a')}\nor\n${fenced('b')}`, 'code'), { kind: 'unclear', blocks: 2 });
    assert.deepEqual(extract('No.', 'json'), { kind: 'unclear', blocks: 0 });
    const two = `${fenced('# a\n')}\n${fenced('# b')}`;
    assert.deepEqual(extract(two, 'fence'), { kind: 'same' }, 'a text that begins and ends with a block');
  });

  it('keeps a shorter fence in a longer one, and a block that does not end', () => {
    assert.deepEqual(extract(`Text\n~~~~\n~~~\na\n~~~\n~~~~\n`, 'code'), {
      kind: 'taken',
      text: '~~~\na\n~~~\n',
    });
    assert.deepEqual(extract('Text\n```py\nprint(1)', 'code'), { kind: 'taken', text: 'print(1)\n' });
  });

  it('is decided by the task', () => {
    const of = (options: Record<string, unknown>, type: 'general' | 'command' = 'general') =>
      extractOf({ type, options });
    assert.equal(of({}), null);
    assert.equal(of({ output: '/a/report.md' }), null);
    assert.equal(of({ output: '/a/calc.PY' }), 'fence');
    assert.equal(of({ schema: {} }), 'fence');
    assert.equal(of({ extract: 'code', output: '/a/report.md' }), 'code');
    assert.equal(of({ output: '/a/x.json' }, 'command'), null);
  });
});
