import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { draftTask } from '../../../src/actions/delegate/draft.ts';
import { expandEach, refuseEqualOutputs } from '../../../src/actions/delegate/expand.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';

const expandOne = (fields: Fields, path: string) => expandEach(fields, [path], '/p')[0] as Fields;
const drafted = (all: Fields[]) =>
  all.map((fields) => draftTask(fields, { cwd: '/p', createdBy: 'cli', priority: 5 }));

describe('a task for each file', () => {
  const names: [path: string, filled: string][] = [
    ['/p/docs/a.md', 'docs/a.md|docs|a.md|a|md'],
    ['/p/a.tar.gz', 'a.tar.gz|.|a.tar.gz|a.tar|gz'],
    ['/p/Makefile', 'Makefile|.|Makefile|Makefile|'],
    ['/p/.env', '.env|.|.env|.env|'],
    ['/q/a.md', '../q/a.md|../q|a.md|a|md'],
    ['/p/日本語/文書.txt', '日本語/文書.txt|日本語|文書.txt|文書|txt'],
    ['/p/two\nlines.md', 'two\nlines.md|.|two\nlines.md|two\nlines|md'],
    ['/p/-rf.md', './-rf.md|.|-rf.md|-rf|md'],
    ['/p/{name}.md', '{name}.md|.|{name}.md|{name}|md'],
    ['/p/$&$1.md', '$&$1.md|.|$&$1.md|$&$1|md'],
  ];
  for (const [path, filled] of names) {
    it(`has the names of ${JSON.stringify(path)}`, () => {
      assert.equal(expandOne({ prompt: '{file}|{dir}|{name}|{stem}|{ext}' }, path).prompt, filled);
    });
  }

  it('fills in prompt, output, expect and the words of a program, and leaves other braces', () => {
    const prompt = 'of {file}: {"a": {x}} {}';
    const {
      output,
      expect,
      prompt: filled,
    } = expandOne({ prompt, output: 'out/{stem}.txt', expect: ['{dir}/{stem}.o'] }, '/p/src/a.c');
    assert.deepEqual([filled, output, expect], ['of src/a.c: {"a": {x}} {}', 'out/a.txt', ['src/a.o']]);
    const { command, files } = expandOne(
      { type: 'command', command: ['gcc', '{file}', '{}'] },
      '/p/src/a b.c',
    );
    assert.deepEqual([command, files], [['gcc', 'src/a b.c', '{}'], undefined]);
  });

  it('sees names from the folder it works in', () => {
    assert.equal(expandOne({ prompt: '{file}', cwd: 'sub' }, '/p/sub/a.md').prompt, 'a.md');
  });

  it('has its file before all others', () => {
    assert.deepEqual(expandOne({ prompt: 'p', files: ['style.md'] }, '/p/a.md').files, [
      '/p/a.md',
      'style.md',
    ]);
  });

  it('has a key of its own', () => {
    assert.equal(expandOne({ prompt: 'p', key: 'nightly' }, '/p/a.md').key, 'nightly:a.md');
  });

  for (const name of ["it's", 'a b', '$(touch pwned)', '`x`', '"', '\\', 'new\nline', '日本', ';', '*']) {
    it(`gives a check the name ${JSON.stringify(name)} as one word`, () => {
      const { check = '' } = expandOne({ prompt: 'p', check: `printf %s {file}` }, `/p/${name}`);
      assert.equal(spawnSync('sh', ['-c', check], { encoding: 'utf8' }).stdout, name);
    });
  }

  it('never puts a name into the program of a shell', () => {
    const fields: Fields = { type: 'command', command: ['/bin/bash', '-ec', 'wc -l {file}'] };
    assert.throws(() => expandOne(fields, '/p/a'), { code: 'usage', hint: /"\$1"/ });
    const words = ['sh', '-c', 'wc -l "$1"', 'sh', '{file}'];
    assert.equal(expandOne({ type: 'command', command: words }, '/p/a').command?.at(-1), 'a');
  });
});

describe('outputs', () => {
  const each = (output: string) =>
    drafted(expandEach({ prompt: 'p', output }, ['/p/a/x.md', '/p/b/x.md'], '/p'));

  it('that are equal are refused, however they are written', () => {
    assert.throws(() => refuseEqualOutputs(each('out/{stem}.txt')), {
      message: /Two tasks would write \/p\/out\/x\.txt/,
    });
    const twice = drafted([
      { prompt: 'p', output: 'x' },
      { prompt: 'p', output: 'y/../x' },
    ]);
    assert.throws(() => refuseEqualOutputs(twice), { code: 'usage' });
  });

  it('that differ, and none at all, are fine', () => {
    refuseEqualOutputs(each('out/{dir}/{stem}.txt'));
    refuseEqualOutputs(drafted([{ prompt: 'p' }, { prompt: 'q' }]));
  });
});
