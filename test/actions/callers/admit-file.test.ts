import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findsWithin, leavesByPattern, placeWithin } from '../../../src/actions/callers/admit-file.ts';
import type { Caller } from '../../../src/app/caller.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';
import { asCaller } from '../../support/as-caller.ts';

describe('a file that an agent may have read', () => {
  const folder = temporaryFolder();
  const inside = (...names: string[]) => join(folder(), 'project', ...names);
  const project = { has: (path: string) => path === inside() || path.startsWith(`${inside()}/`) };
  const agent = asCaller('contributor');
  const granted: Caller = { ...agent, rights: { may: ['files_outside'], commands: [] } };
  beforeEach(() => {
    mkdirSync(inside());
    writeFiles(folder(), { 'project/a.txt': 'a', 'secret.txt': 'x' });
  });
  const placed = (path: string, caller = agent) => placeWithin(path, project, caller, 'Nothing was added.');

  it('lies in the project, where its links lead', () => {
    symlinkSync('a.txt', inside('link'));
    assert.equal(placed(inside('a.txt')), inside('a.txt'));
    assert.equal(placed(inside('link')), inside('a.txt'));
    assert.equal(placed(inside('to', 'come')), inside('to', 'come'));
  });

  it('lies nowhere else, and whether it is there is not told', () => {
    symlinkSync('../secret.txt', inside('out'));
    for (const path of [inside('out'), join(folder(), 'secret.txt'), join(folder(), 'none')])
      assert.throws(() => placed(path), {
        code: 'not_allowed',
        message: `An agent may not have files read that lie outside of this project: ${path}. Nothing was added.`,
        hint: /^Pipe in what you may read yourself: --file - or --prompt-file -\. A person allows it/,
      });
  });

  it('lies anywhere where the config says so; then no place is kept for it', () => {
    assert.equal(placed(join(folder(), 'secret.txt'), granted), undefined);
    assert.equal(placed(inside('a.txt'), granted), inside('a.txt'));
  });

  it('is not found by a pattern that leads out behind a wildcard, or begins elsewhere', () => {
    for (const [pattern, leaves] of [
      ['*.md', false],
      ['../*.md', false],
      ['a/../*.md', false],
      ['*/../../x', true],
      ['*/{a,..}/x', true],
      ['a..b/*..*', false],
    ] as const)
      assert.equal(leavesByPattern(pattern), leaves, pattern);
    const finds = (pattern: string) => findsWithin(pattern, inside(), project);
    assert.deepEqual(['*.txt', 'sub/**', '../*.txt', '/etc/*', '*/../../secret.txt'].map(finds), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
