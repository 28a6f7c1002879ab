/** Durable adds over the least that durability costs: write, fsync, rename, fsync of the folder. */
import fs from 'node:fs';
import { join } from 'node:path';
import { openQueue } from '../src/queue/open.ts';
import { commandTask, median, perSecond, type Row, times, withHome } from './measure.ts';

const ROUNDS = 20;
const IN_A_ROUND = 25;
const BATCH = 500;
const AT_ONCE = 64;

export const add = (): Promise<Row[]> =>
  withHome(async (home, seal) => {
    const queue = openQueue({ home, seal });
    const task = commandTask();
    const content = `${JSON.stringify({ version: 1, task_id: 'task_20250101_000000_000000_0000', ...task, created_at: new Date().toISOString() })}\n`;
    // The same folders: where a folder lies on the disk decides what a new file in it costs.
    const raw = { tmp: join(home, 'tasks', 'tmp'), pending: join(home, 'tasks', 'pending') };
    let written = 0;
    const addRaw = (): void => {
      const name = `raw-${String((written += 1)).padStart(8, '0')}`;
      const file = fs.openSync(join(raw.tmp, name), 'wx', 0o600);
      fs.writeSync(file, content);
      fs.fsyncSync(file);
      fs.closeSync(file);
      fs.renameSync(join(raw.tmp, name), join(raw.pending, name));
      const folder = fs.openSync(raw.pending, 'r');
      fs.fsyncSync(folder);
      fs.closeSync(folder);
    };
    const timed = async (action: () => Promise<unknown> | void): Promise<number> => {
      const start = performance.now();
      await action();
      return performance.now() - start;
    };
    const samples = {
      raw: [] as number[],
      serial: [] as number[],
      atOnce: [] as number[],
      batch: [] as number[],
    };
    // All kinds in turn: what the file system is busy with meanwhile (freeing what was deleted) meets all alike.
    for (let round = -1; round < ROUNDS; round += 1) {
      const keep = (into: number[], took: number): void => {
        if (round >= 0) into.push(took);
      };
      for (let count = 0; count < IN_A_ROUND; count += 1) {
        keep(samples.raw, await timed(addRaw));
        keep(samples.serial, await timed(() => queue.add([task])));
      }
      const all = (): Promise<unknown> =>
        Promise.all(Array.from({ length: AT_ONCE }, () => queue.add([task])));
      keep(samples.atOnce, await timed(all));
      keep(samples.batch, await timed(() => queue.add(Array.from({ length: BATCH }, () => task))));
    }
    await queue.close();
    const rate = {
      raw: 1 / median(samples.raw),
      serial: 1 / median(samples.serial),
      atOnce: AT_ONCE / median(samples.atOnce),
      batch: BATCH / median(samples.batch),
    };
    return [
      { what: 'raw write+fsync+rename+fsync', figure: perSecond(rate.raw, 1), target: '' },
      {
        what: 'durable add, one after the other, over raw',
        figure: `${times(rate.serial / rate.raw)} (${perSecond(rate.serial, 1)})`,
        target: '>= 0.7x',
      },
      {
        what: `durable add, ${AT_ONCE} at once, over one after the other`,
        figure: `${times(rate.atOnce / rate.serial)} (${perSecond(rate.atOnce, 1)})`,
        target: '>= 3x (later)',
      },
      {
        what: `add of ${BATCH} at once, over one after the other`,
        figure: `${times(rate.batch / rate.serial)} (${perSecond(rate.batch, 1)})`,
        target: '>= 3x (later)',
      },
    ];
  });
