/** From the end of a task, whose outcome and name are on the disk, to the end of the command that waits for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { openQueue } from '../src/queue/open.ts';
import { beat, budget, succeeded, worker } from '../test/support/builders.ts';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { commandTask, environment, ms, quantile, type Row, withHome } from './measure.ts';

const ROUNDS = 30;
/** By then the command waits, also on a busy machine; its pauses are as long as they get. */
const WAITING_MS = 2000;

export const wait = async (): Promise<Row[]> => {
  const program = await builtKoubou();
  return withHome(async (home, seal) => {
    const queue = openQueue({ home, seal });
    const member = await queue.join(worker());
    await member.renew(beat());
    const samples: number[] = [];
    for (let round = -2; round < ROUNDS; round += 1) {
      const [added] = await queue.add([commandTask()]);
      const claim = await member.claim(() => ({ take: true, permits: [] }));
      if (added === undefined || claim?.id !== added.id) throw new Error('the task was not given');
      const waiting = spawn(process.execPath, [program, 'wait', '--home', home, added.id], {
        env: environment(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(waiting, 'close');
      const told = once(waiting.stdout, 'data').then(() => performance.now());
      await delay(WAITING_MS + Math.random() * 100);
      await member.settle(claim, succeeded(claim, member), budget);
      const endedAt = performance.now();
      const late = Math.max(0, (await told) - endedAt);
      if (round >= 0) samples.push(late);
      await closed;
    }
    await member.leave();
    await queue.close();
    return [
      {
        what: 'end of a task to the line of koubou wait, p50',
        figure: ms(quantile(samples, 0.5)),
        target: '',
      },
      {
        what: 'end of a task to the line of koubou wait, worst',
        figure: ms(Math.max(...samples)),
        target: '<= 50 ms',
      },
    ];
  });
};
