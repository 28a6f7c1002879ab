/**
 * Run as a process: watches a queue as a daemon does, stands still when it is told to until HOME/go is there, and says
 * what it then came to see. A watcher beside it counts what the kernel told of.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { worker } from '../../test/support/builders.ts';
import { LightDisk } from '../../test/support/queue/disk.ts';
import { sealOf } from '../../test/support/state.ts';

const [home = '', count = ''] = process.argv.slice(2);
const say = (line: string): void => {
  fs.writeSync(1, `${line}\n`);
};
const queue = new FileQueue({ home, seal: sealOf(home), disk: new LightDisk() });
const member = await queue.join(worker());
const hint = queue.watch();
const told = new Set<string>();
const counting = fs.watch(join(home, 'tasks', 'pending'), (_, name) => told.add(String(name)));
// It begins to watch when somebody waits.
await hint.wait(1000);
say('watching');

for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'block') continue;
  say('blocked');
  while (!fs.existsSync(join(home, 'go'))) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  const seen = new Set<string>();
  const from = performance.now();
  // As a daemon: it looks when it is told to, or when its timer says so.
  while (performance.now() - from < 120_000) {
    await hint.wait(1000);
    await member.claim((task) => {
      seen.add(task.task_id);
      return { take: false, why: 'endpoint' };
    });
    if (seen.size === Number(count)) break;
  }
  say(JSON.stringify({ told: told.size, seen: seen.size, trouble: hint.trouble }));
  break;
}
counting.close();
await queue.close();
await member.leave();
