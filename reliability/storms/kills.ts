/** Daemons that are killed at random moments, from before they have joined until they are in the middle of work. */
import type { Launched } from '../../test/support/koubou/daemon.ts';
import { seeded } from '../../test/support/seeded.ts';
import { until } from '../../test/support/until.ts';
import type { Judged } from './judge.ts';
import type { Stage } from './stage.ts';

/** Of this many, one is killed at a time. */
const ALIVE = 3;
const BACKLOG = 16;
const BETWEEN_MS = [30, 650] as const;

export interface KillStorm {
  kills: number;
  seed: number;
}

export const killAtRandom = async (stage: Stage, { kills, seed }: KillStorm): Promise<Judged> => {
  const { daemons } = stage;
  const random = seeded(seed);
  const alive: Launched[] = [];
  for (let killed = 0; killed < kills; killed += 1) {
    while (alive.length < ALIVE)
      alive.push(await daemons.launch(['--workers', '4'], { program: stage.program }));
    const { pending, in_progress } = await daemons.queue.counts();
    if (pending + in_progress < BACKLOG) await stage.add(BACKLOG);
    // On a slow machine few would ever come to work.
    if (killed % 2 === 0) {
      await until(async () => (await daemons.queue.counts()).in_progress > 0, 'a task that runs');
    }
    const [least, most] = BETWEEN_MS;
    const at = performance.now() + least + random() * (most - least);
    await until(() => performance.now() > at, 'a random moment');
    const [victim] = alive.splice(Math.floor(random() * alive.length), 1);
    victim?.kill('SIGKILL');
    await victim?.ended;
    if ((killed + 1) % 50 === 0) console.log(`      ${killed + 1} kills, ${stage.ids.length} tasks`);
  }
  for (const daemon of alive) daemon.kill('SIGKILL');
  await Promise.all(alive.map(({ ended }) => ended));
  return stage.drain({ mayGiveUp: true });
};
