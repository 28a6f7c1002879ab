import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './named-tests.ts';

/** What is written as a path of the repository; NAME and * stand for any. */
const PATH = /`((?:src|test|reliability|bench|build|docs|templates)\/[^`\s]*)`/g;

const missing = (text: string): string[] =>
  [...text.matchAll(PATH)]
    .map(([, path = '']) => path)
    .filter((path) => !/NAME|\*/.test(path) && !existsSync(join(repository, path)));

describe('the paths that documents name', () => {
  const pages = globSync(['*.md', '{docs,src,test,reliability,bench}/**/*.md'], { cwd: repository }).filter(
    (name) => !/node_modules|CHANGELOG|docs\/decisions|test\/(fixtures|real)/.test(name),
  );

  it('are there', () => {
    assert.ok(pages.length > 40, String(pages.length));
    assert.deepEqual(
      pages.flatMap((name) =>
        missing(readFileSync(join(repository, name), 'utf8')).map((path) => `${name}: ${path}`),
      ),
      [],
    );
  });

  it('would be told of where one has moved', () => {
    assert.deepEqual(missing('see `src/errors.ts`, `src/NAME.ts` and `src/gone.ts`'), ['src/gone.ts']);
  });
});
