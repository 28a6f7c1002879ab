/** Tables of the documentation whose rows name the test that holds them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const repository = dirname(dirname(import.meta.dirname));

export const pageText = (page: string): string => readFileSync(join(repository, 'docs', page), 'utf8');

/** The rows of all tables of a page, without their heads. */
export const tableRows = (text: string, head: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith(`| ${head} |`) && !line.startsWith('| --- |'))
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '')));

/** What a cell names: `file: "title"`. A name without a folder lies in the one that is given. */
export const namedTest = (cell: string, folder = ''): { file: string; title: string } => {
  const [, file = '', title = ''] = /^(\S+\.ts): "(.+)"$/.exec(cell) ?? [];
  return { file: file.includes('/') || file === '' ? file : join(folder, file), title };
};

/** Fails unless a test with that title, or one that begins or ends so where a test fills it in, stands in the file. */
export const assertNamedTest = (cell: string, folder = ''): void => {
  const { file, title } = namedTest(cell, folder);
  assert.notEqual(file, '', cell);
  const path = join(repository, file);
  assert.ok(existsSync(path), path);
  assert.ok(
    titlesIn(file).some((each) => each.includes(title)),
    `${file} has no "${title}"`,
  );
};

/** The titles of the tests in a file, as they are written there. */
export const titlesIn = (file: string): string[] =>
  [...readFileSync(join(repository, file), 'utf8').matchAll(/\bit\(\s*(['"`])((?:\\.|(?!\1).)+)\1/g)].map(
    ([, , title = '']) => title.replaceAll(/\\(['"`])/g, '$1'),
  );
