import assert from 'node:assert/strict';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { buildMutant, type Edit } from '../test/support/mutants/source.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { showOldNames, type Where } from './names/old-names.ts';

const PLACES: readonly Where[] = ['waiting', 'in the hands of a worker', 'being made'];
const ALL: readonly (readonly Where[])[] = [...PLACES.map((place) => [place]), PLACES.slice(0, 2), PLACES];

/** Nobody takes an old name away, neither at the start nor when a task moves from one name of its file to another. */
const LEFT: readonly Edit[] = [
  {
    file: 'queue/files/layout/old-names.ts',
    from: 'if (facts === undefined || facts.links < 2) return;',
    to: 'if (facts === undefined || facts.links > 0) return;',
  },
  {
    file: 'queue/files/disk/moves.ts',
    from: 'await removeOldName(disk, from, to).catch(() => undefined);',
    to: '',
  },
];

const PLANTED: readonly { what: string; faults: readonly Edit[]; found: RegExp }[] = [
  {
    what: 'an old name that counts as the task, whatever its outcomes say',
    faults: [
      ...LEFT,
      {
        file: 'queue/files/claim/take.ts',
        from: 'if (await hasEnded(context, name)) {',
        to: 'if ((await hasEnded(context, name)) && name.run < 0) {',
      },
    ],
    found: /is in \w+ and in \w+|was run 2 times|koubou work ends with null/,
  },
  {
    what: 'an old name that is not removed',
    faults: LEFT,
    found: /lies in quarantine/,
  },
];

describe('names', function () {
  this.timeout(exhaustive ? 600_000 : 120_000);
  const rows: Figures['rows'][number][] = [];
  const notes: string[] = [];

  before(function () {
    if (process.platform === 'linux') return;
    console.log('    Not shown here: old names that come back after a loss of power (only on Linux).');
    this.skip();
  });
  after(() =>
    publishFigures('names', {
      title: 'Old names that come back',
      about:
        'After a loss of power btrfs may also show a renamed file under its old name. The built command line adds tasks (one with a key, one that fails) and does them. Then each task file is made to appear, as a second name (a hard link), where it was before: in the pending folder, in the folder of a worker that no longer exists, and in the folder of half-made files. `koubou status`, `koubou work --drain` and `koubou wait` have to end, no task may run again, and the census may find nothing.',
      command: 'npm run faults -- names',
      columns: ['Shown where it was', 'Old names', 'Broken promises'],
      rows,
      notes,
    }),
  );

  for (const places of exhaustive ? ALL : [PLACES]) {
    it(`that come back make nobody run a task again: ${places.join(', ')}`, async () => {
      const built = await builtKoubou();
      const { shown, faults } = await showOldNames(built, places, built);
      rows.push([places.join(', '), shown, faults.length]);
      assert.deepEqual(faults, []);
      assert.ok(shown > 0);
    });
  }

  // A sample has no time for a drain that never ends.
  for (const { what, faults, found } of exhaustive ? PLANTED : PLANTED.slice(1)) {
    it(`that come back are found to be minded where there is ${what}`, async () => {
      const planted = await buildMutant(...faults);
      const { faults: broken } = await showOldNames(await builtKoubou(), ['waiting'], planted);
      assert.match(broken.join('\n'), found);
      notes.push(`Planted: ${what}, found by ${broken.length} broken promises of the four tasks.`);
    });
  }
});
