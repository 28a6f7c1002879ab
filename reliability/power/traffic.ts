/**
 * Run as a process: several users of a queue at once who add, settle, cancel and retry, until the file system fails
 * under them. Whatever was promised is written to a file elsewhere, after the promise: traffic.ts HOME SAID SEED DISK.
 */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { NodeDisk } from '../../src/queue/files/disk/node-disk.ts';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { publishOutput } from '../../src/verify/publish.ts';
import {
  budget,
  failedWith,
  newTask,
  noRetries,
  succeeded,
  takeAll,
  worker,
} from '../../test/support/builders.ts';
import { LightDisk } from '../../test/support/queue/disk.ts';
import { seeded } from '../../test/support/seeded.ts';
import { sealOf } from '../../test/support/state.ts';
import { type Acknowledged, sha256 } from './acknowledged.ts';

/** Users in one process share its fsyncs of a folder. */
const USERS = 4;

/** Puts folders on the device and not what lies in files. */
class FolderDisk extends LightDisk {
  readonly #real = new NodeDisk();

  override async syncFolder(path = ''): Promise<void> {
    await this.#real.syncFolder(path);
  }
}

/** Puts files on the device and not the folders that lead to them. */
class FileDisk extends NodeDisk {
  override async syncFolder(): Promise<void> {}
}

const DISKS = { whole: NodeDisk, 'no fsync': LightDisk, 'folders only': FolderDisk, 'files only': FileDisk };

const [home = '', said = '', seed = '1', kind = 'whole'] = process.argv.slice(2);
const out = fs.openSync(said, 'a');
const tell = (entry: Acknowledged): void => {
  fs.writeSync(out, `${JSON.stringify(entry)}\n`);
};
const queue = new FileQueue({ home, seal: sealOf(home), disk: new DISKS[kind as keyof typeof DISKS]() });

/** Some words and, often, several blocks of a disk. */
const text = (random: () => number): string => `${random()} `.repeat(Math.ceil(random() ** 3 * 1000));

const user = async (random: () => number, name: string): Promise<void> => {
  const member = await queue.join(worker());
  const waiting: string[] = [];
  const failed: { id: string; run: number }[] = [];
  const pick = <T>(list: T[]): T | undefined => list.splice(Math.floor(random() * list.length), 1)[0];

  const add = async (count: number): Promise<void> => {
    const tasks = Array.from({ length: count }, () =>
      newTask({
        prompt: text(random),
        priority: 1 + Math.floor(random() * 10),
        key: random() < 0.3 ? `${name} ${random()}` : null,
        not_before: random() < 0.1 ? new Date(Date.now() + 500).toISOString() : null,
        after: waiting.length > 0 && random() < 0.1 ? waiting.slice(-1) : [],
      }),
    );
    for (const [index, { id }] of (await queue.add(tasks)).entries()) {
      tell({ what: 'added', id, sha256: sha256(tasks[index]?.prompt ?? '') });
      waiting.push(id);
    }
  };
  const work = async (): Promise<void> => {
    const claim = await member.claim(takeAll);
    if (claim === undefined) return add(1);
    const result = text(random);
    fs.appendFileSync(claim.scratch.outputPath, result);
    const good = random() < 0.7;
    // A result that somebody asked to have in a file of his own, in a folder that is not there yet.
    const published = good && random() < 0.3 ? join(dirname(home), 'published', claim.id, 'result') : null;
    if (published !== null) await publishOutput(claim.scratch.outputPath, published, claim);
    const outcome = good ? succeeded(claim, member) : failedWith('exit_nonzero', claim, member);
    const settled = await member.settle(claim, outcome, random() < 0.5 ? budget : noRetries);
    if (settled.kind !== 'settled') throw new Error(`${claim.id} was taken away`);
    const { id, run } = claim;
    tell({ what: 'settled', id, run, state: settled.state, output: sha256(result), published });
    if (settled.state === 'failed') failed.push({ id, run });
  };
  const cancel = async (): Promise<void> => {
    const id = pick(waiting);
    if (id === undefined) return add(1);
    const { result } = await queue.cancel(id);
    if (result !== 'already_ended') tell({ what: result, id });
  };
  const retry = async (): Promise<void> => {
    const one = pick(failed);
    if (one === undefined) return work();
    tell({ what: 'retrying', id: one.id });
    await queue.retry(one.id);
    tell({ what: 'retried', ...one });
  };

  for (;;) {
    const choice = random();
    try {
      if (choice < 0.4) await add(1);
      else if (choice < 0.45) await add(3);
      else if (choice < 0.85) await work();
      else if (choice < 0.93) await cancel();
      else if (choice < 0.98) await retry();
      else await queue.sweep(() => budget);
    } catch (error) {
      // Somebody else was quicker.
      if (!(error instanceof KoubouError && (error.code === 'conflict' || error.code === 'no_such_task')))
        throw error;
    }
  }
};

const random = seeded(Number(seed));
try {
  await Promise.all(
    Array.from({ length: USERS }, (_, n) => user(seeded(random() * 2 ** 32), `${seed} ${n}`)),
  );
} catch (error) {
  fs.writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(3);
}
