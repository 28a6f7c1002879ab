import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { buildMutant, type Edit } from '../test/support/mutants/source.ts';
import { seeded } from '../test/support/seeded.ts';
import { cannotTrace } from '../test/support/strace.ts';
import { Killer, type Point } from './commands/killer.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { faultsOf } from './git/project.ts';

const SAMPLED = 5;

/** Gits that move refs, whose locks nobody can remove who does not know whose they were. */
const MOVES_REFS = /^(?:update-ref|symbolic-ref)/;

const PLANTED: readonly { what: string; faults: readonly Edit[]; retries: number; found: RegExp }[] = [
  {
    what: 'a killed git that counts as a mistake of the user',
    faults: [
      {
        file: 'git/git.ts',
        from: "new KoubouError('git_killed', `git",
        to: "new KoubouError('usage', `git",
      },
    ],
    retries: 1,
    found: /it ended as failed, its runs with usage/,
  },
  {
    what: 'locks of a killed git that are not removed',
    faults: [
      {
        file: 'worktree/locks.ts',
        from: '  const own = ownGitFolder(record);\n',
        to: '  if (record !== undefined) return;\n  const own = ownGitFolder(record);\n',
      },
    ],
    retries: 0,
    found: /\.lock is left/,
  },
];

describe('git', function () {
  this.timeout(exhaustive ? 7_200_000 : 240_000);
  const rows: Figures['rows'][number][] = [];
  const notes: string[] = [];
  let outside: string;
  let killer: Killer;
  let built: string;
  let all: Point[];

  before(async function () {
    const why = cannotTrace();
    if (why !== null) {
      console.log(`    Not shown here: what a git leaves that is killed (${why}).`);
      this.skip();
    }
    outside = mkdtempSync(join(tmpdir(), 'koubou-git-'));
    killer = new Killer(outside);
    built = await builtKoubou();
    killer.trace();
    assert.deepEqual(await faultsOf(built, killer, 0), []);
    all = killer.points();
    assert.ok(all.length > 50, `${all.length} points`);
  });
  after(async () => {
    if (outside !== undefined) rmSync(outside, { recursive: true });
    if (rows.length > 0) await publishFigures('git', figures(rows, notes));
  });

  /** Of each point with something wrong, what that is. */
  const killAt = async (
    points: readonly Point[],
    { program, retries, hit }: { program: string; retries: number; hit?: (point: Point) => void },
  ): Promise<string[]> => {
    const bad: string[] = [];
    for (const point of points) {
      killer.kill(point);
      const found = await faultsOf(program, killer, retries);
      const where = `${point.command} (git ${point.git}), ${point.call} ${point.nth}`;
      if (found.length > 0) bad.push(`${where}: ${found.join('; ')}`);
      if (killer.killed) hit?.(point);
    }
    return bad;
  };

  const movesRefs = (): Point[] => {
    const points = all.filter(({ command }) => MOVES_REFS.test(command));
    return exhaustive ? points : points.filter(({ call }) => call === 'rename').slice(0, 2);
  };

  it('that is killed costs an attempt, and leaves the repository whole', async () => {
    const random = seeded(7);
    const chosen = exhaustive
      ? all
      : Array.from({ length: SAMPLED }, () => all[Math.floor(random() * all.length)] as Point);
    const counts = new Map<string, number>();
    const hit = ({ command }: Point): void => {
      counts.set(command, (counts.get(command) ?? 0) + 1);
    };
    assert.deepEqual(await killAt(chosen, { program: built, retries: 1, hit }), []);
    assert.ok(counts.size > 0);
    for (const [command, count] of [...counts].sort(([one], [other]) => one.localeCompare(other)))
      rows.push([command, count, 0]);
  });

  it('that is killed in the last attempt leaves the repository whole, too', async () => {
    assert.deepEqual(await killAt(movesRefs(), { program: built, retries: 0 }), []);
  });

  // A sample has no time for more.
  for (const { what, faults, retries, found } of exhaustive ? PLANTED : PLANTED.slice(0, 1)) {
    it(`finds ${what}`, async () => {
      const points = movesRefs();
      const bad = await killAt(points, { program: await buildMutant(...faults), retries });
      const kinds = bad.filter((each) => found.test(each));
      assert.ok(kinds.length > 0, `of ${points.length}: ${bad.join('\n')}`);
      notes.push(
        `Planted: ${what}, found at ${kinds.length} of ${points.length} calls of gits that move refs.`,
      );
    });
  }
});

const figures = (rows: Figures['rows'], notes: readonly string[]): Figures => ({
  title: 'A git that is killed',
  about:
    'The built command line does one task in a worktree, whose agent commits and leaves changes, again and again, each time in a new repository. Each time strace kills one of the gits that koubou starts, at one of the system calls with which it changes something. The task may lose an attempt (`git_killed`) and has to complete in the next. Then the user’s `git fsck --full --strict`, `git worktree list`, `git log --all` and `git gc` have to succeed, the branch has to contain the work, no lock and no half-made file may be left in the repository, and the census may find nothing. Gits that move refs are also killed in the last attempt of a task, which then fails.',
  command: 'npm run faults -- git',
  columns: ['git', 'Kills', 'Not as promised'],
  rows,
  notes: [
    ...notes,
    "What git's data guarantees: when a task has completed, its branch is on the device with every object, ref and folder that it needs, also what the agent committed with its own git. Before that, git's record of the worktree exists whole or not at all; a loss of power may leave objects empty that the agent's git made, and koubou removes those before the next run.",
  ],
});
