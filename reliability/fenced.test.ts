import assert from 'node:assert/strict';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { cannotMount } from '../test/support/mounts.ts';
import { buildMutant, type Edit } from '../test/support/mutants/source.ts';
import { type Unseen, type Way, writeOn } from './fenced/write-on.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';

const PLACES: readonly Unseen[] = exhaustive ? ['another boot', 'another pid namespace'] : ['another boot'];
const WAYS: readonly Way[] = exhaustive ? ['writes', 'removes', 'commits'] : ['writes'];
const SAID: Readonly<Record<Way, string>> = {
  writes: 'writes two files',
  removes: 'removes two files',
  commits: 'writes a file and commits all',
};

/** As it was before each run had a worktree of its own. */
const ONE_FOR_ALL: Edit = {
  file: 'worktree/record.ts',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of the source.
  from: '`${id}.r${run}`',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: likewise.
  to: '`${id}.r${Math.min(run, 1)}`',
};

describe('fenced', function () {
  this.timeout(exhaustive ? 1_800_000 : 120_000);
  const rows: Figures['rows'][number][] = [];
  const notes: string[] = [];

  before(async function () {
    const why = await cannotMount('unshare');
    if (why !== null) {
      console.log(`    Not shown here: what a fenced run writes that nobody can stop (${why}).`);
      this.skip();
    }
    await builtKoubou();
  });
  after(() =>
    publishFigures('fenced', {
      title: 'A fenced run that writes on',
      about:
        'A daemon of the built command line in another pid namespace, or with another boot id on the same home, begins a task in a worktree and falls silent (SIGSTOP). When it counts as dead, another daemon begins the task again. Nobody there can stop the agent of the first run, which now continues in its folder while the second run waits for it. Then the second run ends, and the silent daemon wakes up. The branch may contain what the second run made and nothing else, the census may find nothing, `koubou apply` has to bring over exactly that, and after `koubou discard` no worktree of either run may be left.',
      command: 'npm run faults -- fenced',
      columns: ['The silent daemon', 'Its agent', 'Runs', 'In the branch', 'Broken promises'],
      rows,
      notes,
    }),
  );

  for (const where of PLACES) {
    for (const way of WAYS) {
      it(`in ${where}, whose agent ${way}, gets nothing into the branch of the next run`, async () => {
        const { branch, attempts, faults } = await writeOn(where, way);
        rows.push([`in ${where}`, SAID[way], attempts, branch.replaceAll('\t', ' '), faults.length]);
        assert.deepEqual(faults, []);
        assert.equal(attempts, 2);
      });
    }
  }

  for (const way of WAYS) {
    it(`is found to get into the next run's branch where both have one worktree and it ${way}`, async () => {
      const { branch, faults } = await writeOn('another boot', way, await buildMutant(ONE_FOR_ALL));
      assert.match(faults.join('\n'), /the branch has/);
      notes.push(
        `Planted: one worktree for all runs of a task; where the agent ${SAID[way]}, the branch has ${branch.replaceAll('\t', ' ').replaceAll('\n', ', ') || 'nothing'}.`,
      );
    });
  }
});
