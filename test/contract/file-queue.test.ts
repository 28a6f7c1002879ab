import { lookDead } from '../helpers/queue-dead.ts';
import { makeHome } from '../helpers/queue-home.ts';
import { describeQueue } from './queue.ts';

describeQueue('files', async () => {
  const home = await makeHome();
  const monotonic = performance.now.bind(performance);
  let wallMs = 0;
  let monotonicMs = 0;
  performance.now = () => monotonic() + monotonicMs;
  return {
    open: async () => home.open({ nowMs: () => Date.now() + (monotonic() % 1) + wallMs }),
    kill: async (member) => lookDead(home.home, member.workerId),
    advance: (ms) => {
      wallMs += ms;
      // Who sets the wall clock back does not undo the time that went by.
      monotonicMs += Math.max(0, ms);
    },
    lookAgain: () => {
      monotonicMs += 2000;
    },
    cleanup: async () => {
      performance.now = monotonic;
      home.remove();
    },
  };
});
