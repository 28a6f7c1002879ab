import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../src/process/clock.ts';
import { closed } from '../../src/queue/closed.ts';
import { dayOf } from '../../src/task/id.ts';
import { newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { lookDead } from '../support/queue/dead.ts';
import { machineAhead, makeHome } from '../support/queue/home.ts';
import { describeQueue } from './queue/describe.ts';

describeQueue('files', async () => {
  const home = await makeHome();
  let wallMs = 0;
  let steadyMs = 0;
  const machine = machineAhead(() => steadyMs);
  return {
    open: async () =>
      closed(
        home.open({ machine, nowMs: () => systemClock.wallMs() + (systemClock.steadyMs() % 1) + wallMs }),
      ),
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

describe('an artifact of a queue of files', () => {
  it('lies where a person is told that it does', async () => {
    const home = await makeHome();
    const queue = home.open();
    const [added] = await queue.add([newTask()]);
    const { id } = added ?? { id: '' };
    const member = await queue.join(worker());
    const taken = await member.claim(takeAll);
    assert.ok(taken);
    writeFileSync(taken.scratch.outputPath, 'the answer');
    await member.settle(taken, succeeded(taken, member), noRetries);
    const path = home.path('results', dayOf(id), id, 'run-1.output');
    assert.equal((await queue.artifacts.find(id, null, 'output'))?.path, path);
    assert.equal((await queue.get(id))?.result?.output_path, path);
    assert.equal(readFileSync(path, 'utf8'), 'the answer');
    home.remove();
  });
});
