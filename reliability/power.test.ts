import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { NodeDisk } from '../src/queue/files/disk/node-disk.ts';
import { cannotMount, Mounted } from '../test/support/mounts.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { cutPower, type Found, type Series } from './power/series.ts';

const KINDS = ['ext4', 'xfs'] as const;
/** Power cuts of one series, and how many series there are for each file system and each kind of cut. */
const CUTS = exhaustive ? 10 : 1;
const SERIES = exhaustive ? 2 : 1;
const BETWEEN = exhaustive ? ([300, 900] as const) : ([150, 300] as const);
const PLANTS = ['no fsync', 'files only', 'folders only'];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const total = ({ told }: Found): number => sum(Object.values(told));

describe('power', function () {
  this.timeout(exhaustive ? 7_200_000 : 120_000);
  const rows: Figures['rows'][number][] = [];
  const planted: string[] = [];

  before(async function () {
    const why = await cannotMount('xfs_io', 'unshare');
    if (why === null) return;
    console.log(`    Not shown here: that what was acknowledged outlives the loss of power (${why}).`);
    this.skip();
  });

  after(() =>
    publishFigures('power', {
      title: 'Loss of power',
      about:
        'Three processes with four users each add tasks (one, with a key, three at once), claim, settle, publish results, cancel and retry on a file system in an image. Each records what was promised to it in a file elsewhere, after the promise. In the middle of that `xfs_io -x -c shutdown` stops all writes to the device; then the image is unmounted and mounted again, as a machine does when it restarts, and a sweep with another boot id repairs the home. Every promise since the first cut is then compared with what is on the disk: tasks by the hash of their prompts, results by the hash of their bytes.',
      command: 'npm run faults -- power',
      columns: [
        'File system',
        'What the journal still got',
        'Cuts',
        'Acknowledged',
        'Adds',
        'Settled',
        'Cancels and retries',
        'Lost',
        'Torn',
        'Broken promises',
      ],
      rows,
      notes: [
        ...planted,
        'A cut keeps what the file system had passed to its device. A device that reports a flush without flushing can lose more; no software above it can detect that.',
        'An xfs that has shut down (6.18) reports that a folder is synced although the changes in it are lost; it then refuses everything else. koubou therefore makes one more system call after each fsync. Before it did, 1 of some 12,000 acknowledged was lost.',
        'ext4 is mounted with `commit=600`, so that nothing reaches the device merely because time passes.',
      ],
    }),
  );

  for (const kind of KINDS) {
    for (const flushed of exhaustive ? [false, true] : [false]) {
      const journal = flushed ? 'all that was done' : 'nothing more';
      it(`loses nothing that was acknowledged on ${kind}, the journal getting ${journal}`, async () => {
        const found: Found[] = [];
        for (let seed = 1; seed <= SERIES; seed += 1) {
          const series: Series = {
            kind,
            cut: flushed ? 'all' : 'nothing',
            disk: 'whole',
            cuts: CUTS,
            between: BETWEEN,
            seed,
          };
          found.push(await cutPower(series));
        }
        const lost = found.flatMap((one) => one.lost);
        const torn = found.flatMap((one) => one.torn);
        const broken = found.flatMap((one) => one.broken);
        const told = (...what: (keyof Found['told'])[]): number =>
          sum(found.flatMap((one) => what.map((name) => one.told[name])));
        const acknowledged = sum(found.map(total));
        rows.push([
          kind,
          journal,
          CUTS * SERIES,
          acknowledged,
          told('added'),
          told('settled'),
          told('cancelled', 'asked', 'retried'),
          lost.length,
          torn.length,
          broken.length,
        ]);
        assert.deepEqual({ lost, torn, broken }, { lost: [], torn: [], broken: [] });
        assert.ok(acknowledged >= (exhaustive ? 10_000 : 150), `only ${acknowledged} acknowledged`);
      });
    }
  }

  for (const kind of KINDS) {
    it(`takes no word of ${kind} for it that a folder is durable once it has given up`, async () => {
      const mounted = Mounted.make(kind, { megabytes: 300 });
      const { fsync } = fs;
      try {
        const folder = join(mounted.folder, 'folder');
        fs.mkdirSync(folder);
        spawnSync('sync', ['-f', mounted.folder]);
        fs.writeFileSync(join(mounted.folder, 'file'), '');
        fs.renameSync(join(mounted.folder, 'file'), join(folder, 'file'));
        // As where the device fails between two steps of another process.
        fs.fsync = ((descriptor: number, done: fs.NoParamCallback) => {
          mounted.cutPower(false);
          fsync(descriptor, done);
        }) as typeof fs.fsync;
        await assert.rejects(new NodeDisk().syncFolder(folder), { code: 'EIO' });
      } finally {
        fs.fsync = fsync;
        mounted.remove();
      }
    });
  }

  for (const disk of exhaustive ? PLANTS : PLANTS.slice(0, 1)) {
    it(`is found to lose what was acknowledged when a queue puts ${disk} on the device`, async () => {
      for (const kind of exhaustive ? KINDS : KINDS.slice(0, 1)) {
        const found = await cutPower({ kind, cut: 'nothing', disk, cuts: 20, between: BETWEEN, seed: 7 });
        const { lost, torn } = found;
        assert.ok(lost.length + torn.length > 0, `nothing of ${total(found)} was lost on ${kind}`);
        planted.push(
          `Planted: with ${disk === 'no fsync' ? disk : `fsync of ${disk}`} ${kind} lost ${lost.length} and tore ${torn.length} of ${total(found)}.`,
        );
      }
    });
  }
});
