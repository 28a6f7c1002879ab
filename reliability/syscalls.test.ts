import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { NodeDisk } from '../src/queue/files/disk/node-disk.ts';
import { createFileHome } from '../src/queue/files/layout/create-home.ts';
import { budgetOf } from '../test/support/builders.ts';
import { sign } from '../test/support/state.ts';
import { cannotTrace } from '../test/support/strace.ts';
import { openHealthy } from './crash/aftermath.ts';
import { scenarios } from './crash/scenarios.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { type Fault, type Ground, inject, type Point, trace } from './syscalls/inject.ts';
import { pointsOf, sample } from './syscalls/points.ts';

const SEED = 4;
/** As many as a small machine has cores, and one that waits. */
const AT_ONCE = 3;
const FAULTS: readonly Fault[] = ['SIGKILL', 'EIO', 'ENOSPC', 'EMFILE'];

interface Mutant {
  mutant: string;
  scenario: string;
  where: (point: Point) => boolean;
  found: RegExp;
}

const MUTANTS: readonly Mutant[] = [
  {
    mutant: 'a failed fsync of a folder that is taken for a good one',
    scenario: 'adding',
    where: ({ call, fault }) =>
      call.call === 'fsync' && call.what === 'HOME/tasks/pending' && fault === 'EIO',
    found: /an fsync failed, and nobody was told/,
  },
  {
    mutant: 'a failed rename that is taken for a good one',
    scenario: 'adding',
    where: ({ call, fault }) => call.call === 'rename' && fault === 'EIO',
    found: /is lost/,
  },
  {
    mutant: 'a copy in place of a rename',
    scenario: 'claiming',
    where: ({ call, fault }) => call.call === 'unlink' && fault === 'SIGKILL',
    found: /is in .* and in/,
  },
  {
    mutant: 'a process that cannot be looked at taken for one that is gone',
    scenario: 'sweeping up after dead workers',
    where: ({ call, fault }) => call.what === '/proc/#/stat' && fault === 'EMFILE',
    found: /a living worker has its task/,
  },
];

describe('syscalls', function () {
  this.timeout(exhaustive ? 3_600_000 : 120_000);
  const rows: Figures['rows'][number][] = [];
  const found: string[] = [];
  /** Kills of which it was not seen in which call they were. */
  let unseenKills = 0;
  let folder: string | undefined;
  let program: string;

  const remove = (): void => {
    if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true });
  };

  before(async function () {
    const why = cannotTrace();
    if (why !== null) {
      console.log(`    Not shown here: what a fault in each system call comes to (${why}).`);
      this.skip();
    }
    folder = fs.mkdtempSync(join(quickFolder(), 'koubou-syscalls-'));
    process.once('exit', remove);
    program = join(folder, 'act.mjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'syscalls/act.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      // What is imported is not what is run.
      define: { 'import.meta.main': 'false' },
      logLevel: 'error',
    });
  });

  after(async () => {
    remove();
    process.removeListener('exit', remove);
    const sum = (column: number): number => rows.reduce((total, row) => total + Number(row[column]), 0);
    await publishFigures('syscalls', {
      title: 'Every system call',
      about:
        'A process does one transition of the queue on the real file system, with its fsyncs, while `strace -e inject` puts a fault in the place of one of its system calls that concern the home or other processes: it is killed there, or gets EIO, ENOSPC (if the call can need room) or EMFILE (if it opens something). All calls get each fault, one at a time. After an error the process ends at once and, in a separate run, continues as a daemon does until everything is worked off. Then a healthy process sweeps, what was reported is compared with what is on the disk, everything is worked off, and the census is taken before and after.',
      command: 'npm run faults -- syscalls',
      columns: ['In the middle of', 'System calls', ...FAULTS, 'Bad'],
      rows:
        rows.length === 0
          ? []
          : [...rows, ['all', ...Array.from({ length: FAULTS.length + 2 }, (_, n) => sum(n + 1))]],
      notes: [
        ...found,
        unseenKills === 0
          ? 'The output of strace shows of every fault that it was in its call.'
          : `For ${unseenKills} kills the output of strace does not show in which call they were: the process had ended before strace could read the arguments. For all other faults it does.`,
        'These count as bad: a task or a permit lost or duplicated, a false error, an fsync whose failure was not reported, a living worker treated as dead, a task that waits forever, and everything else that the census finds.',
        'Stopping the children of a dead worker is left out here, because it reads about every process of the machine. The storms cover it.',
      ],
    });
  });

  const groundOf = async (name: string, mutant = ''): Promise<Ground> => {
    const scenario = scenarios.find((one) => one.name === name);
    if (scenario === undefined || folder === undefined) throw new Error(`there is no scenario ${name}`);
    const model = join(folder, `${name}-${mutant}`.replaceAll(' ', '-'));
    await createFileHome(model, { allowNetworkFs: false });
    sign(model);
    // Fills up what a home has ready.
    await openHealthy(model, { disk: new NodeDisk() }).sweep(budgetOf);
    const prepared = await scenario.prepare(openHealthy(model), model);
    return { folder, program, model, scenario, prepared, mutant };
  };

  const hurt = async (ground: Ground, points: readonly Point[]): Promise<string[]> => {
    const bad: string[] = [];
    const queue = [...points];
    const next = async (): Promise<void> => {
      for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
        const { wrong, seen } = await inject(ground, point);
        if (!seen && point.fault === 'SIGKILL') unseenKills += 1;
        const { call, fault, after } = point;
        if (wrong === null) continue;
        bad.push(`${fault} in ${call.call} ${call.nth} (${call.what}), and it ${after}: ${wrong}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    return bad;
  };

  for (const [nth, { name }] of scenarios.entries()) {
    it(`leave nothing lost, doubled or untrue when one fails in the middle of ${name}`, async () => {
      const ground = await groundOf(name);
      const calls = await trace(ground);
      const all = pointsOf(calls);
      const points = exhaustive ? all : sample(all, SEED, nth);
      const bad = await hurt(ground, points);
      const counts = FAULTS.map((fault) => points.filter((point) => point.fault === fault).length);
      rows.push([name, calls.length, ...counts, bad.length]);
      assert.deepEqual(bad, []);
    });
  }

  for (const { mutant, scenario, where, found: words } of MUTANTS) {
    it(`find ${mutant}`, async () => {
      const ground = await groundOf(scenario, mutant);
      const points = pointsOf(await trace(ground)).filter(where);
      assert.ok(points.length > 0, 'there is such a call');
      const bad = await hurt(ground, points);
      assert.ok(
        bad.some((one) => words.test(one)),
        bad.join('\n') || 'nothing was found',
      );
      found.push(
        `Planted: ${mutant} is found at ${bad.length} of the ${points.length} calls where it matters.`,
      );
    });
  }
});

// Each call is made as on any file system; in memory none of them waits for a device.
const quickFolder = (): string => {
  try {
    fs.accessSync('/dev/shm', fs.constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
};
