/** Power cuts in the middle of traffic, one after the other on one home, and what is left after each. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileHome } from '../../src/queue/files/layout/create-home.ts';
import { census } from '../../test/support/census/census.ts';
import { Mounted } from '../../test/support/mounts.ts';
import { seeded } from '../../test/support/seeded.ts';
import { sign } from '../../test/support/state.ts';
import { until } from '../../test/support/until.ts';
import { inAnotherBoot } from '../another-boot.ts';
import { type Kept, LosingMount, type OnDisk } from '../device/losing-mount.ts';
import { type Acknowledged, type Damage, damage, readAcknowledged } from './acknowledged.ts';

export interface Series {
  kind: OnDisk;
  /**
   * What still gets to the medium. Of the file system (not btrfs): `nothing`, or `all` that was done before the cut,
   * fsynced or not. Of a disk's own cache: `none` or `some` of what was not flushed.
   */
  cut: FileSystemCut | Kept;
  /** One of those of traffic.ts. */
  disk: string;
  cuts: number;
  /** Acknowledgements before a cut, at least and at most. */
  between: readonly [least: number, most: number];
  seed: number;
}

type FileSystemCut = 'nothing' | 'all';

type Promised = Exclude<Acknowledged['what'], 'retrying'>;

export interface Found extends Damage {
  /** What was acknowledged before the cuts, by what it was. */
  told: Record<Promised, number>;
  /** Promises that the census found broken. */
  broken: string[];
}

const PROCESSES = 3;
const program = (name: string): string => fileURLToPath(import.meta.resolve(name));

export const cutPower = async (series: Series): Promise<Found> => {
  const random = seeded(series.seed);
  const outside = mkdtempSync(join(tmpdir(), 'koubou-power-'));
  const said = join(outside, 'said');
  writeFileSync(said, '');
  const disk = await diskFor(series);
  const traffic: ChildProcess[] = [];
  try {
    const home = join(disk.folder, 'home');
    await createFileHome(home, { allowNetworkFs: false });
    sign(home);
    mkdirSync(join(disk.folder, 'published'));
    // The home was made long ago.
    spawnSync('sync', ['-f', disk.folder]);
    const found: Found = {
      lost: [],
      torn: [],
      broken: [],
      told: { added: 0, settled: 0, cancelled: 0, asked: 0, retried: 0 },
    };
    for (let cut = 0; cut < series.cuts && found.lost.length + found.torn.length === 0; cut += 1) {
      const before = readAcknowledged(said).length;
      const more = series.between[0] + Math.floor(random() * (series.between[1] - series.between[0]));
      const ends = Array.from({ length: PROCESSES }, () => {
        const seed = String(Math.floor(random() * 2 ** 31));
        const child = spawn(process.execPath, [program('./traffic.ts'), home, said, seed, series.disk], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        traffic.push(child);
        let words = '';
        child.stderr.setEncoding('utf8').on('data', (chunk: string) => (words += chunk));
        return once(child, 'close').then(() => words);
      });
      await until(
        () => {
          if (traffic.some(({ exitCode }) => exitCode !== null)) return true;
          return lines(said) - before >= more;
        },
        'the traffic',
        120_000,
      );
      const early = traffic.some(({ exitCode }) => exitCode !== null);
      await disk.cutPower(Math.floor(random() * 2 ** 31));
      for (const child of traffic) child.kill('SIGKILL');
      const words = await Promise.all(ends);
      traffic.length = 0;
      if (early) throw new Error(`the traffic ended before the power was cut: ${words.join('\n')}`);
      await disk.remount();
      recover(home, outside);
      const told = readAcknowledged(said);
      const retried = told.flatMap(({ what, id }) => (what === 'retrying' ? [id] : []));
      const after = census(home, { retried });
      found.broken.push(...after.faults.map((fault) => `cut ${cut}: ${fault}`));
      const { lost, torn } = damage(home, after, told);
      found.lost.push(...lost);
      found.torn.push(...torn);
      for (const { what } of told.slice(before)) if (what !== 'retrying') found.told[what] += 1;
    }
    return found;
  } finally {
    for (const child of traffic) child.kill('SIGKILL');
    disk.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};

interface PowerDisk {
  folder: string;
  cutPower(seed: number): void | Promise<unknown>;
  remount(): Promise<void>;
  remove(): void;
}

const diskFor = async ({ kind, cut }: Pick<Series, 'kind' | 'cut'>): Promise<PowerDisk> => {
  if (cut === 'none' || cut === 'some') {
    const disk = await LosingMount.make(kind);
    return {
      folder: disk.folder,
      cutPower: (seed) => disk.cutPower(cut, seed),
      remount: async () => {
        await disk.unmount();
        await disk.mount();
      },
      remove: () => disk.removeNow(),
    };
  }
  if (kind === 'btrfs') throw new Error('btrfs cannot be shut down');
  // Nothing reaches the device by the time that goes by.
  const disk = Mounted.make(kind, { megabytes: 1024, options: kind === 'ext4' ? 'commit=600' : 'rw' });
  return {
    folder: disk.folder,
    cutPower: () => disk.cutPower(cut === 'all'),
    remount: async () => {
      await disk.unmount();
      disk.mount();
    },
    remove: () => disk.remove(),
  };
};

const lines = (path: string): number =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;

const recover = (home: string, outside: string): void => {
  const [file = '', ...args] = inAnotherBoot(outside, [process.execPath, program('./recover.ts'), home]);
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the home cannot be worked in after the cut: ${stderr}`);
};
