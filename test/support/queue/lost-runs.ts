/** Runs that ended as if their worker had died, without the back-off that follows such a death. */

import { budget, failedWith, takeAll, worker } from '../builders.ts';
import { until } from '../until.ts';
import { type TestHome } from './home.ts';

/** Ends `losses` runs of the next task. */
export const loseWorkers = async (home: TestHome, losses: number): Promise<void> => {
  const queue = home.open({ randomBytes: seldomZero });
  const member = await queue.join(worker());
  for (let count = 0; count < losses; count += 1) {
    const claim = await until(async () => {
      await queue.sweepQuickly(() => budget);
      return member.claim(takeAll);
    }, 'the next run');
    await member.settle(claim, failedWith('worker_lost', claim, member), budget);
  }
  await member.leave();
  await queue.close();
};

let drawn = 0;

/** Different each time, as names are made of it, and nearly nothing as a fraction: no back-off. */
const seldomZero = (count: number): Uint8Array => {
  const bytes = Buffer.alloc(count);
  drawn += 1;
  bytes.writeUInt32BE(drawn, count - 4);
  return bytes;
};
