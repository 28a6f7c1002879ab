/** How fast a daemon runs programs that do nothing, without the time it takes to start and to end. */
import { spawnSync } from 'node:child_process';
import { openQueue } from '../src/queue/open.ts';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { commandTask, environment, perSecond, type Row, withHome } from './measure.ts';

const TASKS = 400;

export const drain = async (): Promise<Row[]> => {
  const program = await builtKoubou();
  const rows: Row[] = [];
  for (const workers of [1, 4]) {
    await withHome(async (home, seal) => {
      const queue = openQueue({ home, seal });
      const run = (): number => {
        const start = performance.now();
        const args = [program, 'work', '--drain', '--home', home, '--workers', `${workers}`];
        const { status, stderr } = spawnSync(process.execPath, args, { env: environment() });
        if (status !== 0) throw new Error(String(stderr));
        return performance.now() - start;
      };
      run();
      const empty = run();
      await queue.add(Array.from({ length: TASKS }, () => commandTask()));
      const took = run() - empty;
      const { completed } = await queue.counts();
      if (completed !== TASKS) throw new Error(`${completed} of ${TASKS} completed`);
      await queue.close();
      rows.push({
        what: `drain of \`true\`, ${workers} at a time`,
        figure: perSecond(TASKS, took),
        target: '(for orientation)',
      });
    });
  }
  return rows;
};
