import { closed } from '../../src/queue/closed.ts';
import { lookDead } from '../helpers/queue-dead.ts';
import { machineAhead, makeHome } from '../helpers/queue-home.ts';
import { describeQueue } from './queue/describe.ts';

describeQueue('files', async () => {
  const home = await makeHome();
  let wallMs = 0;
  let steadyMs = 0;
  const machine = machineAhead(() => steadyMs);
  return {
    open: async () =>
      closed(home.open({ machine, nowMs: () => Date.now() + (performance.now() % 1) + wallMs })),
    kill: async (member) => lookDead(home.home, member.workerId),
    advance: (ms) => {
      wallMs += ms;
      // Who sets the wall clock back does not undo the time that went by.
      steadyMs += Math.max(0, ms);
    },
    lookAgain: () => {
      steadyMs += 2000;
    },
    cleanup: async () => {
      home.remove();
    },
  };
});
