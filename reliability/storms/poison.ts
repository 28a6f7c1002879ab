/** A task that kills its worker each time is given up after its attempts, and the others are done. */
import { WORKER_LOST_BUDGET } from '../../src/route/plan.ts';
import { loseWorkers } from '../../test/support/queue/lost-runs.ts';
import type { Judged } from './judge.ts';
import type { Stage } from './stage.ts';

/** `deaths`: how many of them happen; those before are played, so that nobody waits for their back-off. */
export const poison = async (stage: Stage, deaths: number): Promise<Judged> => {
  const { daemons } = stage;
  const id = await daemons.shell('kill -9 $PPID', { priority: 10 });
  const played = WORKER_LOST_BUDGET + 1 - deaths;
  await loseWorkers(daemons.home, played);
  await stage.add(20);
  let killed = 0;
  while ((await daemons.record(id)).status !== 'failed' && killed <= deaths) {
    const daemon = await daemons.launch(['--drain', '--workers', '4'], { program: stage.program });
    if ((await daemon.ended).code === null) killed += 1;
  }
  const judged = await stage.drain();
  const { status, attempts, result } = await daemons.record(id);
  const code = result?.error?.code;
  if (
    status !== 'failed' ||
    code !== 'worker_lost' ||
    attempts.length !== played + deaths ||
    killed !== deaths
  ) {
    judged.faults.push(
      `the poison is ${status} (${code}) after ${attempts.length} runs and ${killed} deaths`,
    );
  }
  return judged;
};
