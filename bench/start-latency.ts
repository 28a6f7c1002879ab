/** From the call that adds a task to the start of its work by a daemon that was idle. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { openQueue } from '../src/queue/open.ts';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { until } from '../test/support/until.ts';
import { commandTask, environment, ms, quantile, type Row, withHome } from './measure.ts';

const ROUNDS = 60;

export const startLatency = async (): Promise<Row[]> => {
  const program = await builtKoubou();
  return withHome(async (home, seal) => {
    const daemon = spawn(process.execPath, [program, 'work', '--home', home, '--workers', '1'], {
      env: environment(),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const queue = openQueue({ home, seal });
    try {
      await until(async () => (await queue.workers()).length === 1, 'the daemon');
      const samples: number[] = [];
      for (let round = -3; round < ROUNDS; round += 1) {
        // Idle, and its watcher at rest.
        await delay(150 + Math.random() * 100);
        const start = Date.now();
        const [added] = await queue.add([commandTask()]);
        const record = await until(async () => {
          const found = await queue.get(added?.id ?? '');
          return found?.status === 'completed' && found;
        }, 'the task');
        if (round >= 0) samples.push(Date.parse(record.attempts[0]?.started_at ?? '') - start);
      }
      return [
        { what: 'add to start of work, p50', figure: ms(quantile(samples, 0.5)), target: '< 50 ms' },
        { what: 'add to start of work, p99', figure: ms(quantile(samples, 0.99)), target: '' },
      ];
    } finally {
      const ended = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await ended;
      await queue.close();
    }
  });
};
