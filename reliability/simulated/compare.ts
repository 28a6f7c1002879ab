/** The simulated file system and the real one, side by side. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disk, unlessCode } from '../../src/queue/files/disk/disk.ts';
import { NodeDisk } from '../../src/queue/files/disk/node-disk.ts';
import { seeded } from '../../test/support/seeded.ts';
import { SimulatedDisk } from '../../test/support/simulated/disk.ts';
import { World } from '../../test/support/simulated/world.ts';

const STEPS = 60;

/** Does the same to both and compares what they say, over few names so that they meet. */
export const compareWithReal = async (seed: number): Promise<void> => {
  const random = seeded(seed);
  const root = fs.mkdtempSync(join(tmpdir(), 'koubou-simulated-'));
  try {
    const real = new NodeDisk();
    real.keepTo(root);
    const world = new World(random);
    const simulated = new SimulatedDisk(world, world.start());
    await simulated.makeFolder('/top');
    const name = (): string =>
      ['a', 'b', 'c'.repeat(random() < 0.05 ? 256 : 1)][Math.floor(random() * 3)] as string;
    const path = (): string => Array.from({ length: 1 + Math.floor(random() * 3) }, name).join('/');
    for (let step = 0; step < STEPS; step += 1) {
      const [one, two] = [path(), path()];
      const call = CALLS[Math.floor(random() * CALLS.length)] as Call;
      const said = await Promise.all([
        answer(() => call(real, join(root, one), join(root, two))),
        answer(() => call(simulated, `/top/${one}`, `/top/${two}`)),
      ]);
      assert.deepEqual(said[1], said[0], `seed ${seed}, step ${step}: ${String(call)} ${one} ${two}`);
    }
  } finally {
    fs.rmSync(root, { recursive: true });
  }
};

type Call = (disk: Disk, one: string, two: string) => Promise<unknown>;

const CALLS: readonly Call[] = [
  (disk, one) => disk.create(one, 'text', false),
  (disk, one) => disk.create(one, 'longer text', false),
  (disk, one) => disk.makeFolder(one),
  (disk, one) => disk.makeFolder(one),
  (disk, one, two) => disk.rename(one, two),
  (disk, one, two) => disk.rename(one, two),
  async (disk, one, two) => {
    // Both may be wrong at once, and which one is looked at first is nobody's promise.
    if (await unlessCode(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'], () => disk.link(one, two))) return 'linked';
    return 'nothing is there, or nowhere to put it';
  },
  (disk, one) => disk.unlink(one),
  (disk, one) => disk.removeFolder(one),
  (disk, one) => disk.list(one),
  (disk, one) => disk.syncFolder(one),
  async (disk, one) => (await disk.read(one, 8)).toString(),
  async (disk, one) => {
    const facts = await disk.facts(one);
    return facts?.kind === 'file' ? { size: facts.size, links: facts.links } : facts?.kind;
  },
];

const answer = async (action: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await action();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
};
