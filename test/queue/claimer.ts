/** Run as a process: claims and completes until nothing is left, and says what it took. */
import fs from 'node:fs';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { budget, succeeded, takeAll, worker } from '../support/builders.ts';
import { LightDisk } from '../support/queue/disk.ts';
import { sealOf } from '../support/state.ts';

const [home = '', gate = ''] = process.argv.slice(2);
const queue = new FileQueue({ home, seal: sealOf(home), disk: new LightDisk() });
const member = await queue.join(worker());
fs.writeFileSync(`${gate}.${process.pid}`, '');
// All begin in the same moment.
while (!fs.existsSync(gate)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
const taken: string[] = [];
while ((await queue.counts()).pending > 0) {
  for (;;) {
    const claim = await member.claim(takeAll);
    if (claim === undefined) break;
    taken.push(`${claim.id} ${claim.run}`);
    await member.settle(claim, succeeded(claim, member), budget);
  }
}
await member.leave();
fs.writeSync(1, taken.join('\n'));
