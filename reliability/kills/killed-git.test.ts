/** A git that somebody kills; reliability/git.test.ts does it at each of its system calls. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { put, Repository } from '../../test/support/git/repository.ts';

/** What git is asked, and the how manieth of these is killed before it does anything. */
const KILLS = [
  ['rev-parse', 1],
  ['update-ref', 1],
  ['write-tree', 1],
  ['write-tree', 2],
  ['update-ref', 2],
] as const;

describe('a git that is killed', () => {
  let repository: Repository;
  let bin: string;

  beforeEach(async () => {
    repository = await Repository.make();
    bin = mkdtempSync(join(tmpdir(), 'koubou-killed-'));
  });
  afterEach(async () => {
    rmSync(bin, { recursive: true });
    await repository.remove();
  });

  for (const [command, nth] of KILLS) {
    it(`as ${command} ${nth} of a task costs an attempt, and leaves no lock`, async () => {
      const refs = join(repository.folder, '.git', 'refs', 'heads', 'koubou');
      const program = `#!/bin/sh
case " $* " in *" ${command} "*)
  echo >> '${bin}/asked'
  if test $(wc -l < '${bin}/asked') = ${nth}; then
    for each; do case $each in refs/heads/koubou/*) mkdir -p '${refs}'; touch '${refs}'/\${each##*/}.lock; esac; done
    kill -9 $$
  fi
esac
PATH="\${PATH#*:}" exec git "$@"
`;
      writeFileSync(join(bin, 'git'), program, { mode: 0o755 });
      const environment = { PATH: [bin, process.env['PATH']].join(delimiter) };
      const options = { retries: 1, worktree: true };
      const record = await repository.ran(put('new.txt', 'new\n'), { options }, { environment });
      assert.equal(record.status, 'completed', record.result?.error?.message);
      assert.deepEqual(
        record.attempts.map(({ error }) => error?.code ?? null),
        ['git_killed', null],
      );
      assert.equal(repository.git('show', `koubou/${record.task_id}:new.txt`), 'new\n');
      const all = readdirSync(join(repository.folder, '.git'), { recursive: true, encoding: 'utf8' });
      assert.deepEqual(
        all.filter((name) => /\.lock$|^koubou-/.test(name)),
        [],
      );
      // Its worker lives on: no sweep takes what it left there for that of a dead one.
      const made = readdirSync(repository.rig.home.path('run')).filter((name) => name.endsWith('.tmp'));
      assert.deepEqual(made, []);
    });
  }
});
