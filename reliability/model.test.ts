/**
 * Random steps, one after the other, on a queue on the real file system and on a plain model of it. A failure prints the
 * shortest steps that fast-check found, with the seed and the path that lead there.
 */
import assert from 'node:assert/strict';
import fc from '../test/support/fast-check.ts';
import { DISK_MUTANTS, type DiskMutant, type DiskMutantName } from '../test/support/mutants/disk.ts';
import { exhaustive, publishFigures } from './figures.ts';
import { begin, commands } from './model/commands.ts';
import { Model } from './model/model.ts';
import { Real } from './model/real.ts';

const SEQUENCES = exhaustive ? 1000 : 30;
const LONGEST = 60;
/** Within so many sequences each planted fault must be found. */
const SEARCHED = 200;
const SEED = 1;

/** What has to be found, and the words of the disagreement that it has to lead to. */
const MUTANTS: readonly (readonly [DiskMutantName, RegExp])[] = [
  ['a retry that leaves B as it was', /went on after it had ended \(\w+\), and nobody retried it/],
  ['a claim that does not take the first', /\+ +id: 'task_\w+',\n- +id: 'task_/],
  ['a worker that does not see that it was fenced', /\+ 'settled'\n- 'fenced'/],
  ['an outcome that replaces the one before it', /\+ 'settled'\n- 'fenced'/],
  ['a permit that is not given back', /permit p \d is there 0 times/],
  ['a cancel that its owner is not told of', /whether the end of task_\w+ is asked\s+false !== true/],
  ['a due time that is not looked at', /\+ undefined\n- 'delayed'/],
];

const agreement = (steps: Map<string, number>, mutant: DiskMutant = (disk) => disk) =>
  fc.asyncProperty(fc.commands(commands, { maxCommands: LONGEST, size: 'max' }), async (sequence) => {
    const model = new Model();
    const real = await Real.make(model, mutant, steps);
    try {
      await begin(model, real);
      await fc.asyncModelRun(() => ({ model, real }), sequence);
    } finally {
      real.remove();
    }
  });

describe('model', function () {
  this.timeout(exhaustive ? 7_200_000 : 60_000);
  const found: string[] = [];
  let row: (string | number)[] | undefined;

  after(async () => {
    if (row === undefined) return;
    await publishFigures('model', {
      title: 'A model',
      about: `Random sequences of up to ${LONGEST} steps on a queue on the real file system and on a model, which is a map of tasks with rules of its own: adds (alone, in batches, with a key, with parents, for later), joins, claims with and without a permit, settlements of each kind, kills, workers that count as dead and continue, sweeps, cancels, retries, beats, leaves, and a clock that is set by up to two days in either direction. After each step every task has to be in the state that the model says, with its run, base, worker and outcomes; the next due time has to be that of the model; a claim has to have given the task that the model gives; and the census has to find nothing.`,
      command: 'npm run faults -- model',
      columns: [
        'Sequences',
        'Steps',
        'Adds',
        'Claims',
        'Settlements',
        'Late ones refused',
        'Kills and fences',
        'Sweeps',
        'Cancels',
        'Retries',
        'Clock jumps',
        'Disagreements',
        'Seconds',
      ],
      rows: [row],
      notes: found,
    });
  });

  it('agrees with the queue and its folders after each step', async () => {
    const steps = new Map<string, number>();
    const started = performance.now();
    await fc.assert(agreement(steps), { numRuns: SEQUENCES, seed: SEED });
    const done = (...kinds: string[]): number => kinds.reduce((sum, kind) => sum + (steps.get(kind) ?? 0), 0);
    const all = [...steps].reduce((sum, [kind, count]) => sum + (kind === 'late' ? 0 : count), 0);
    const kinds = [done('add'), done('claim'), done('settle'), done('late'), done('kill', 'fence')];
    kinds.push(done('sweep'), done('cancel'), done('retry'), done('clock'));
    assert.ok(
      kinds.every((count) => count > 0),
      'each was tried',
    );
    row = [SEQUENCES, all, ...kinds, 0, Math.round((performance.now() - started) / 1000)];
  });

  for (const [fault, words] of MUTANTS) {
    it(`finds ${fault}`, async () => {
      const options = { numRuns: SEARCHED, seed: SEED, endOnFailure: true };
      const { failed, numRuns, errorInstance } = await fc.check(
        agreement(new Map(), DISK_MUTANTS[fault]),
        options,
      );
      assert.ok(failed, `not in ${SEARCHED} sequences`);
      assert.match(errorInstance instanceof Error ? errorInstance.message : String(errorInstance), words);
      found.push(`Planted and found, in sequence ${numRuns}: ${fault}.`);
    });
  }
});
