import { systemClock } from '../../src/process/clock.ts';
import { MemoryQueue } from '../support/memory-queue/memory-queue.ts';
import { Store } from '../support/memory-queue/store.ts';
import { describeQueue } from './queue/describe.ts';

describeQueue('memory', async () => {
  let wallMs = 0;
  let steadyMs = 0;
  const clock = {
    ...systemClock,
    wallMs: () => systemClock.wallMs() + wallMs,
    steadyMs: () => systemClock.steadyMs() + steadyMs,
  };
  const store = new Store({ clock, random: Math.random });
  return {
    open: async () => new MemoryQueue(store),
    kill: async (member) => {
      const worker = store.workers.get(member.workerId);
      if (worker !== undefined) worker.isDead = true;
    },
    advance: (ms) => {
      wallMs += ms;
      // Who sets the wall clock back does not undo the time that went by.
      steadyMs += Math.max(0, ms);
    },
    // Its members look at each claim.
    lookAgain: () => undefined,
    cleanup: async () => store.remove(),
  };
});
