import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode, KoubouError } from '../../src/errors.ts';
import { gitOutput } from '../../src/git/git.ts';

/** As git says them, with a fault put into one of its system calls (reliability/commands). */
const SAID: readonly (readonly [words: string, code: ErrorCode])[] = [
  ["fatal: cannot lock ref 'x': Unable to create 'x.lock': No space left on device", 'disk_full'],
  ['error: unable to create temporary file: Disk quota exceeded', 'disk_full'],
  ['error: unable to create temporary file: Input/output error', 'git_failed'],
  ['fatal: unable to write new index file', 'git_failed'],
  ["fatal: cannot update ref 'x': couldn't write 'x.lock'", 'git_failed'],
  ['', 'git_failed'],
  ['error: object file .git/objects/ab/cd is empty', 'conflict'],
];

describe('a git that fails', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'koubou-git-'));
    for (const name of ['bin', 'folder']) mkdirSync(join(root, name));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  for (const [words, code] of SAID)
    it(`is ${code} where it says ${JSON.stringify(words)}`, async () => {
      writeFileSync(join(root, 'said'), words);
      writeFileSync(join(root, 'bin', 'git'), `#!/bin/sh\ncat ${root}/said >&2\nexit 128\n`, { mode: 0o755 });
      const place = { folder: join(root, 'folder'), environment: { PATH: `${root}/bin:/usr/bin:/bin` } };
      await assert.rejects(gitOutput(place, ['rev-parse', '--git-dir']), (error) => {
        assert.ok(error instanceof KoubouError);
        assert.equal(error.code, code);
        assert.ok(error.message.endsWith(words === '' ? 'exit code 128' : words));
        return true;
      });
    });

  it('is tried again, but where a person has to mend something', () => {
    assert.deepEqual(
      SAID.map(([, code]) => ERROR_CODES[code].retried),
      SAID.map(([, code]) => code !== 'conflict'),
    );
  });
});
