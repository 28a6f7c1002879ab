import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { buildMutant, type Edit } from '../test/support/mutants/source.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { howLate, type Who } from './wait/late.ts';

const WAITS = exhaustive ? 15 : 1;
const WHO: readonly Who[] = [
  'a worker that is there',
  'a worker that it starts',
  'a worker that takes 3 s to start',
];
const CASES = (['wait', 'delegate --wait'] as const).flatMap((command) =>
  WHO.map((who) => [command, who] as const),
);
const SAMPLE = [['delegate --wait', 'a worker that takes 3 s to start']] as const;
/** The promise; a busy machine that only runs a sample says nothing of speed. */
const MOST_MS = exhaustive ? 50 : 2000;

/** As it was: a pause is four times as long as the look before it, and starting a worker is a part of the look. */
const LOOKS_WHILE_IT_STARTS: Edit = {
  file: 'actions/wait/wait.ts',
  from: 'await (this.#ahead === undefined ? sleep : Promise.race([sleep, this.#ahead]));',
  to: `const fromMs = this.#waitedMs;
      await Promise.all([sleep, this.#ahead]);
      const tookMs = this.#waitedMs - fromMs;
      if (tookMs > 20 * PAUSE_MS) await this.#clock.sleep(tookMs * REST_FACTOR, signal);`,
};

describe('wait', function () {
  this.timeout(exhaustive ? 1_800_000 : 120_000);
  const rows: Figures['rows'][number][] = [];
  const notes: string[] = [];

  after(() =>
    publishFigures('wait', {
      title: 'A wait that comes back',
      about: `The built command line adds a task of 0.3 s and waits for it, either with a worker present or without one; in the latter case the wait starts a worker, which may take long to start, as on a busy machine. From the moment at which the task is in the folder of its final state, with its outcome on the disk, to the output line of the command, at most ${MOST_MS} ms may pass in the median. \`bench/\` measures the same with a worker that is present.`,
      command: 'npm run faults -- wait',
      columns: ['Command', 'Done by', 'Waits', 'Median', 'Longest', 'Broken promises'],
      rows,
      notes: [
        ...notes,
        `Measured at a load average of ${loadavg()[0]?.toFixed(0)}; the longest waits are those of a busy machine.`,
      ],
    }),
  );

  for (const [command, who] of exhaustive ? CASES : SAMPLE) {
    it(`comes back soon after the end: koubou ${command}, done by ${who}`, async () => {
      const { late, faults } = await howLate(command, who, WAITS, await builtKoubou());
      const [median, longest] = [0.5, 1].map((share) => at(late, share));
      rows.push([`koubou ${command}`, who, late.length, `${median} ms`, `${longest} ms`, faults.length]);
      assert.deepEqual(faults, []);
      assert.ok((median ?? Number.NaN) <= MOST_MS, `after ${late.map(Math.round).join(', ')} ms`);
    });
  }

  it('is found to come back late where it rests for as long as its worker took to start', async () => {
    const program = await buildMutant(LOOKS_WHILE_IT_STARTS);
    const { late } = await howLate('delegate --wait', 'a worker that takes 3 s to start', 1, program);
    assert.ok(at(late, 1) > 5000, `after ${at(late, 1)} ms`);
    notes.push(
      `Planted: a wait that sleeps four times as long as its worker took to start returns after ${at(late, 1)} ms.`,
    );
  });
});

const at = (late: readonly number[], share: number): number =>
  Math.round(late.toSorted((a, b) => a - b)[Math.ceil(late.length * share) - 1] ?? Number.NaN);
