import assert from 'node:assert/strict';
import { buildMutant, type Edit } from '../test/support/mutants/source.ts';
import { cutInPlace } from './device/in-place.ts';
import { cannotLose, type Kept, type OnDisk } from './device/losing-mount.ts';
import { cutWorktrees, type WorktreeSeries } from './device/worktrees.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { cutPower } from './power/series.ts';

const KINDS: readonly OnDisk[] = ['ext4', 'xfs', 'btrfs'];
const KEPT: readonly Kept[] = ['none', 'some'];
const SAID: Readonly<Record<Kept, string>> = { none: 'nothing', some: 'some, in any order' };

/** In a sample each family of promises is cut once on one file system: where each was seen to break. */
const SAMPLE = { queue: [['btrfs', 'some']], worktrees: [['ext4', 'none']] } as const;
const ALL = KINDS.flatMap((kind) => KEPT.map((kept) => [kind, kept] as const));
const CUTS = exhaustive ? { queue: 6, worktrees: 2 } : { queue: 1, worktrees: 1 };
const BETWEEN = exhaustive ? ([200, 600] as const) : ([150, 250] as const);
const COMPLETED = exhaustive ? ([6, 16] as const) : ([3, 5] as const);

const IN_PLACE = { cuts: 3, tasks: 5, seed: 11 };

/** git as it is without being told otherwise, and nobody who does it in its place. */
const FORGETFUL: readonly Edit[] = [
  {
    file: 'git/bounds.ts',
    from: "['core.fsync=all', 'core.fsyncMethod=fsync', 'core.fsyncObjectFiles=true']",
    to: "['core.fsync=none']",
  },
  { file: 'process/sync.ts', from: 'await file.sync();', to: '' },
];

describe('device', function () {
  this.timeout(exhaustive ? 7_200_000 : 120_000);
  const rows: Figures['rows'][number][] = [];
  const planted: string[] = [];

  before(async function () {
    const why = await cannotLose();
    if (why === null) return;
    console.log(`    Not shown here: what a disk loses that was not told to flush (${why}).`);
    this.skip();
  });

  after(() =>
    publishFigures('device', {
      title: 'A disk that loses what it was not told to flush',
      about:
        'A block device of our own (a file that FUSE serves, with a loop device over it) keeps in its memory what was written since the last flush. At a power cut it drops that, or some of it has reached the medium in any order. Each call to the device then fails, every process on it is killed, the medium is mounted again, and commands run with another boot id. Queue: the three processes with four users each of the section on the loss of power. In the folder itself: agents work in the folder of a person, and the power fails when the last task has completed; each file has to be there, and the branch where it was. Worktrees: two daemons of the built command line, whose agents commit with their own git in every third task, two people who delegate, and one who applies and discards. Then a drain has to complete every task; neither the census nor git (`fsck`, `log --all`, `for-each-ref`, `status`, `worktree list`) may find anything; each branch must have what its task made; and `koubou apply` must bring it over, also what was applied before the cut.',
      command: 'npm run faults -- device',
      columns: [
        'File system',
        'What was not flushed and got there',
        'What was done',
        'Cuts',
        'Acknowledged',
        'Lost or torn',
        'Broken promises',
      ],
      rows,
      notes: planted,
    }),
  );

  for (const [kind, kept] of exhaustive ? ALL : SAMPLE.queue) {
    it(`that gets ${SAID[kept]} loses nothing that a queue acknowledged on ${kind}`, async () => {
      const series = { kind, cut: kept, disk: 'whole', cuts: CUTS.queue, between: BETWEEN, seed: 3 };
      const { lost, torn, broken, told } = await cutPower(series);
      const acknowledged = Object.values(told).reduce((sum, one) => sum + one, 0);
      rows.push([
        kind,
        SAID[kept],
        'queue',
        CUTS.queue,
        acknowledged,
        lost.length + torn.length,
        broken.length,
      ]);
      assert.deepEqual({ lost, torn, broken }, { lost: [], torn: [], broken: [] });
      assert.ok(acknowledged >= CUTS.queue * BETWEEN[0], `only ${acknowledged} acknowledged`);
    });
  }

  const worktrees = async (over: Partial<WorktreeSeries>): ReturnType<typeof cutWorktrees> =>
    cutWorktrees({ kind: 'ext4', kept: 'none', cuts: CUTS.worktrees, between: COMPLETED, seed: 5, ...over });

  for (const [kind, kept] of exhaustive ? ALL : SAMPLE.worktrees) {
    it(`that gets ${SAID[kept]} leaves git and the work of agents whole on ${kind}`, async () => {
      const { added, completed, applied, faults } = await worktrees({ kind, kept });
      const what = `worktrees: ${added} added, ${completed} completed, ${applied} applied`;
      rows.push([kind, SAID[kept], what, CUTS.worktrees, added + completed + applied, 0, faults.length]);
      assert.deepEqual(faults, []);
      assert.ok(completed >= CUTS.worktrees * COMPLETED[0], `only ${completed} completed`);
    });
  }

  // A sample has no time for it.
  for (const [kind, kept] of exhaustive ? ALL : []) {
    it(`that gets ${SAID[kept]} keeps what agents did in a folder of a person on ${kind}`, async () => {
      const { completed, faults } = await cutInPlace({ kind, kept, ...IN_PLACE });
      const what = `in the folder itself: ${completed} completed`;
      rows.push([kind, SAID[kept], what, IN_PLACE.cuts, completed, 0, faults.length]);
      assert.deepEqual(faults, []);
    });
  }

  it('is found to lose what a queue does not flush', async () => {
    const { lost, torn, told } = await cutPower({
      kind: 'btrfs',
      cut: 'none',
      disk: 'no fsync',
      cuts: 3,
      between: BETWEEN,
      seed: 7,
    });
    assert.ok(lost.length + torn.length > 0, `nothing of ${JSON.stringify(told)} was lost`);
    planted.push(`Planted: with no fsync a queue on btrfs lost ${lost.length} and tore ${torn.length}.`);
  });

  // A sample has no time for it.
  if (!exhaustive) return;
  it('is found to lose what git does not flush', async () => {
    const program = await buildMutant(...FORGETFUL);
    const { faults, completed } = await worktrees({ program, cuts: 3 });
    const unreadable = faults.filter((fault) => /branch cannot be read|has not what it made/.test(fault));
    assert.ok(unreadable.length > 0, `of ${completed} completed: ${faults.join('\n')}`);
    planted.push(
      `Planted: if nothing that git writes is flushed, branches of completed tasks, of which there were ${completed}, could not be read in ${unreadable.length} checks.`,
    );
  });

  it('is found to lose what an agent left in the folder itself', async () => {
    const program = await buildMutant(...FORGETFUL);
    const { faults, completed } = await cutInPlace({ kind: 'ext4', kept: 'none', ...IN_PLACE, program });
    assert.match(faults.join('\n'), /what task_\w+ made is not there/);
    assert.match(faults.join('\n'), /git (?:fsck|log)|the branch is not where it was/);
    planted.push(
      `Planted: if the work in the folder itself is not flushed, ${faults.length} faults were found after the first cut, when ${completed} tasks had completed.`,
    );
  });
});
