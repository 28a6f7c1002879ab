import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { draftTask } from '../src/actions/delegate/draft.ts';
import { readBatch } from '../src/actions/delegate/fields.ts';
import { KoubouError } from '../src/errors.ts';
import { parseTaskFile } from '../src/task/record.ts';
import { census } from '../test/support/census/census.ts';
import type { DiskMutantName } from '../test/support/mutants/disk.ts';
import { seeded } from '../test/support/seeded.ts';
import { exhaustive, publishFigures } from './figures.ts';
import { looksAt, say } from './files/command-line.ts';
import { ownAll } from './files/lay-out.ts';
import { mutate } from './files/mutate.ts';
import { ODD_NAMES, putEverywhere } from './files/names.ts';
import { plantAt } from './files/planting.ts';
import { PLANTS, type Plant } from './files/plants.ts';
import { makeServedHome } from './files/served-home.ts';
import { makeStage, type Stage, type Target } from './files/stage.ts';
import { Tally } from './files/tally.ts';
import { HUNG, Watch } from './files/watch.ts';

const MUTANTS_A_HOME = 4;
const MUTANT_HOMES = exhaustive ? 5000 : 8;
const BATCHES = exhaustive ? 20_000 : 1000;
/** Of all pairs of a place and what can lie there, one in so many. */
const ONE_IN = exhaustive ? 1 : 127;

describe('files', function () {
  this.timeout(exhaustive ? 7_200_000 : 60_000);
  let stage: Stage;
  let watch: Watch;
  let baseline: ReadonlySet<string>;
  const tally = new Tally();

  before(async () => {
    stage = await makeStage();
    watch = await Watch.make(stage);
    if (watch.owner === null)
      console.log('    Not shown here: what files of other owners, and devices, do (only as root).');
    const inspect = (home: string): string[] =>
      census(home, { holders: stage.holders, retried: stage.retried }).faults;
    const { problems, clear } = await watch.judge(() => undefined, { inspect });
    assert.deepEqual(problems, [], 'of a home that nothing is wrong with');
    baseline = new Set(clear);
  });

  after(async () => {
    await watch.close();
    await publishFigures('files', tally.figures());
  });

  beforeEach(() => {
    tally.problems.length = 0;
  });

  const canLie = (plant: Plant, target: Target): boolean => {
    if (plant.needsRoot === true && watch.owner === null) return false;
    if (plant.leadsOut === true && target.mayLink) return false;
    // What lies where an outcome belongs is kept, and of a hard link nobody could say that it was.
    if (plant.onlyNew === true)
      return target.what.endsWith('of a task not yet run') && /\/run-1\.(?!json)/.test(target.path);
    const lies = stage.entries.find(({ path }) => path === target.path)?.bytes ?? null;
    return lies !== null || plant.isFile !== true || PLAIN.has(plant.what);
  };

  it('of every kind, wherever koubou looks for one of its own, hold up nobody and lead nowhere', async () => {
    const pairs = stage.targets.flatMap((target) =>
      PLANTS.filter((plant) => canLie(plant, target)).map((plant) => ({ target, plant })),
    );
    for (const [index, { target, plant }] of pairs.entries()) {
      if (index % ONE_IN !== 0) continue;
      if (exhaustive && index % 100 === 0) console.log(`    ${index} of ${pairs.length} places`);
      const verdict = await watch.judge(plantAt(target, plant, watch.owner), {
        lost: target.holdsTask ? target.task : null,
        mayWait: target.isShared,
      });
      tally.add(plant.group, `${target.what} <- ${plant.what}`, verdict, baseline);
    }
    assert.deepEqual(tally.problems, []);
  });

  it('with names that are none, in every folder, hold up nobody and lead nowhere', async () => {
    const sets = exhaustive ? ODD_NAMES.map((each) => [each]) : [ODD_NAMES];
    for (const names of sets) {
      for (const kind of ['file', 'folder'] as const) {
        const verdict = await watch.judge((home) => {
          for (const [, name] of names) putEverywhere(stage, home, name, kind);
          if (watch.owner !== null) ownAll(home, watch.owner);
        });
        tally.add(
          'a name that is none, in every folder',
          `${names.map(([what]) => what).join()} ${kind}`,
          verdict,
          baseline,
          names.length,
        );
      }
    }
    assert.deepEqual(tally.problems, []);
  });

  it('that were valid and changed a little hold up nobody and lead nowhere', async () => {
    const targets = stage.targets.filter(
      (each) => stage.entries.find(({ path }) => path === each.path)?.bytes,
    );
    for (let seed = 1; seed <= MUTANT_HOMES; seed += 1) {
      const random = seeded(seed);
      const how: string[] = [];
      if (exhaustive && seed % 200 === 0) console.log(`    ${seed * MUTANTS_A_HOME} mutants`);
      const verdict = await watch.judge((home) => {
        // A config that cannot be read ends everything else there would be to see, so it has its turn less often.
        const some = random() < 0.1 ? targets : targets.filter(({ path }) => !path.startsWith('config/'));
        for (let count = 0; count < MUTANTS_A_HOME; count += 1) {
          const target = some[Math.floor(random() * some.length)] as Target;
          const path = join(home, target.path);
          const mutant = mutate(random, fs.readFileSync(path));
          fs.rmSync(path);
          fs.writeFileSync(path, mutant.bytes);
          how.push(`${target.what}: ${mutant.how}`);
        }
        if (watch.owner !== null) ownAll(home, watch.owner);
      });
      tally.add(
        'a valid file, changed a little',
        `seed ${seed}: ${how.join(' | ')}`,
        verdict,
        baseline,
        MUTANTS_A_HOME,
      );
    }
    assert.deepEqual(tally.problems, []);
  });

  it('of a batch give tasks, or say which line is wrong', () => {
    const line = `${JSON.stringify({ prompt: 'p', file: 'a.md', labels: { a: 'b' }, priority: 3, retries: 1, context: { a: 1 }, after: ['last'], schema: { type: 'object' }, set: { x: 1 }, timeout: '10m', key: 'k' })}\n`;
    const original = Buffer.from(line.repeat(3));
    let refused = 0;
    for (let seed = 1; seed <= BATCHES; seed += 1) {
      const random = seeded(seed);
      const whole = random() < 0.5;
      const { bytes, how } = mutate(random, whole ? Buffer.from(line) : original);
      try {
        for (const fields of readBatch(bytes.toString(), 'the batch', 0)) {
          const task = draftTask(fields, { cwd: '/', createdBy: 'test', priority: 5 });
          parseTaskFile({ ...task, version: 1, task_id: 'x', created_at: 'now' });
        }
      } catch (error) {
        refused += 1;
        const isClear = error instanceof KoubouError && error.code === 'usage';
        if (!isClear)
          tally.problems.push(
            `batch, seed ${seed}, ${how}: ${error instanceof Error ? error.stack : String(error)}`,
          );
      }
    }
    tally.count('a line of a batch, changed a little', BATCHES, refused);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    assert.deepEqual(tally.problems, []);
  });

  it('of every kind at once leave every command with its words, and a daemon with its work', async () => {
    const served = await makeServedHome(stage, watch.owner !== null);
    try {
      const [shown] = stage.bystanders;
      const said = [];
      const looks = looksAt(shown?.id ?? '');
      for (const args of exhaustive ? looks : looks.slice(0, 2)) said.push(await say(served.home, ...args));
      said.push(await say(served.home, 'work', '--drain'));
      for (const args of looks) said.push(await say(served.home, ...args));
      for (const { problems } of said) tally.problems.push(...problems);
      tally.problems.push(...served.problems());
      tally.count('all kinds at once, under the built program', said.length, 0);
    } finally {
      await served.remove();
    }
    assert.deepEqual(tally.problems, []);
  });

  const plants: [mutant: DiskMutantName, target: string, plant: string, found: RegExp][] = [
    ['follows links to files', 'a pending task', 'a link to a file outside', /what lies outside was shown/],
    [
      'follows links to folders',
      'the results of a task not yet run',
      'a link to a folder outside',
      /outside was touched/,
    ],
    ['waits at a pipe', 'a pending task', 'a pipe', new RegExp(HUNG)],
    ['reads whatever size', 'a pending task', '100 MB, sparse', /the memory grew/],
    ['throws away what it cannot read', 'a pending task', 'nothing', /is nowhere/],
  ];
  for (const [mutant, what, which, found] of plants) {
    it(`are looked at well enough to find a queue that ${mutant}`, async () => {
      const target = stage.targets.find((each) => each.what === what);
      const plant = PLANTS.find((each) => each.what === which);
      assert.ok(target && plant, `${what} <- ${which}`);
      const spoil = plantAt(target, plant, watch.owner);
      const verdict = await watch.judge(spoil, {
        mutant,
        ...(mutant === 'waits at a pipe' ? { hangsAfterMs: 3000 } : {}),
      });
      assert.match(verdict.problems.join('\n'), found);
      tally.planted.push(mutant);
    });
  }
});

/** Where nothing or a folder lies one file is as good as another. */
const PLAIN = new Set(['nothing', 'null', '2 GB, sparse', 'a file that may not be read']);
