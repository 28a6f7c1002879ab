import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { functionsIn } from './functions.ts';
import { MOST, medianOf, oversized } from './sizes.ts';

const src = join(import.meta.dirname, '../../src');

const lines = (count: number): string => '// one\n'.repeat(count);
const withBody = (before: string, count: number, after = '}\n'): string =>
  `${before}\n${'  work();\n'.repeat(count - 2)}${after}`;
/** `count` files of `folder`, none of them too long. */
const filesOf = (folder: string, count: number, text = lines(1)): [string, string][] =>
  Array.from({ length: count }, (_, at) => [`${folder}/file-${at}.ts`, text]);

/** Begins at its second line, behind the class. */
const inClass = (method: string, count: number): string => `class Thing {\n${withBody(method, count)}}\n`;

describe('the sizes of src', function () {
  this.timeout(60_000);

  it('are those that a reader can take in', () => {
    const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const sources = new Map(names.map((name) => [name, readFileSync(join(src, name), 'utf8')]));
    assert.ok(sources.size > 500, String(sources.size));
    assert.deepEqual(oversized(sources), []);
  });

  it('count every function of src that there is', () => {
    const text = readFileSync(join(src, 'queue/files/claim/candidates.ts'), 'utf8');
    const found = functionsIn(new Map([['candidates.ts', text]])).map(
      ({ line }) => text.split('\n')[line - 1],
    );
    for (const name of [
      'constructor(',
      'get trouble(',
      'async take<',
      '#tryTake<',
      'const yieldNowAndThen = ',
    ]) {
      assert.ok(
        found.some((line) => line?.includes(name)),
        name,
      );
    }
  });

  const planted: [name: string, sources: [string, string][], told: RegExp][] = [
    ['a file', [...filesOf('task', 2), ['task/id.ts', lines(MOST.file + 1)]], /^task\/id\.ts has 301 lines/],
    [
      'half of the files',
      filesOf('task', 3, lines(MOST.medianFile + 1)),
      /^half of the files have more than 71 lines/,
    ],
    [
      'half of the commands',
      [...filesOf('commands', 2, lines(MOST.medianCommand + 1)), ...filesOf('task', 2)],
      /^half of the commands have more than 41 lines/,
    ],
    [
      'half of the commands, those in folders of theirs as well',
      [...filesOf('commands/workers', 2, lines(MOST.medianCommand + 1)), ...filesOf('task', 2)],
      /^half of the commands have more than 41 lines/,
    ],
    ['a folder', filesOf('task', MOST.folder + 1), /^task holds 17 files/],
    ['a folder of a folder', filesOf('queue/files', MOST.folder + 1), /^queue\/files holds 17 files/],
    [
      'a folder of commands',
      filesOf('commands/workers', MOST.folder + 1),
      /^commands\/workers holds 17 files/,
    ],
  ];
  const functions: [name: string, text: string, line: number][] = [
    ['a function', withBody('function run() {', MOST.function + 1), 1],
    ['an arrow function', withBody('export const run = async () => {', MOST.function + 1, '};\n'), 1],
    ['a function without a name', withBody('run(function () {', MOST.function + 1, '});\n'), 1],
    ['a method', inClass('  async *#run() {', MOST.function + 1), 2],
    ['a constructor', inClass('  constructor() {', MOST.function + 1), 2],
    ['an accessor', inClass('  get run() {', MOST.function + 1), 2],
    [
      'a function whose text looks like its end',
      `const run = () => {\n${'  work(`\n};\n`);\n'.repeat(20)}};\n`,
      1,
    ],
    [
      'a function that holds others',
      `const run = () => {\n${'  const other = () => {\n    work();\n  };\n'.repeat(20)}};\n`,
      1,
    ],
  ];
  for (const [name, sources, told] of planted) {
    it(`would be told of: ${name}`, () => {
      const [first, ...rest] = oversized(new Map(sources));
      assert.match(first ?? 'nothing', told);
      assert.deepEqual(rest, []);
    });
  }
  for (const [name, text, line] of functions) {
    it(`would be told of: ${name}`, () => {
      const [first, ...rest] = oversized(new Map([['task/id.ts', text], ...filesOf('task', 2)]));
      assert.match(first ?? 'nothing', new RegExp(`^task/id\\.ts:${line} is a function of 6[12] lines`));
      assert.deepEqual(rest, []);
    });
  }

  it('may be the largest that are allowed', () => {
    const sources = new Map([
      ['task/id.ts', withBody('function run() {', MOST.function)],
      ['task/long.ts', lines(MOST.file)],
      ...filesOf('queue', MOST.folder, lines(MOST.medianFile)),
      ...filesOf('commands', MOST.folder + 1, lines(MOST.medianCommand)),
    ]);
    assert.deepEqual(oversized(sources), []);
  });

  it('have a median as everybody counts it', () => {
    assert.deepEqual([[3, 1, 2], [4, 1, 3, 2], [5], []].map(medianOf), [2, 2.5, 5, 0]);
  });
});
