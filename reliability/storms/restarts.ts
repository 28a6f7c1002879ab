/** How soon tasks of a daemon that was killed begin again while another one lives. */
import type { Daemon } from '../../test/support/koubou/daemon.ts';
import { until } from '../../test/support/until.ts';
import type { Judged } from './judge.ts';
import type { Stage } from './stage.ts';

/** Each daemon has room for what the other one leaves. */
const AT_ONCE = 6;
/** The first run of a task outlives its daemon. */
const FIRST = 3000;

/** `restarts`: milliseconds from the kill to the begin of the next run, by the records, in rising order. */
export const measureRestarts = async (
  stage: Stage,
  kills: number,
): Promise<Judged & { restarts: number[] }> => {
  const { daemons, trace } = stage;
  const restarts: number[] = [];
  let alive: Daemon[] = [];
  const tasks: string[] = [];
  for (let killed = 0; killed < kills; killed += 1) {
    while (alive.length < 2) alive.push(await stage.start(3 * AT_ONCE));
    while (tasks.length < AT_ONCE) {
      tasks.push(await stage.addTask({ type: 'command', prompt: '', command: trace.command(0, 0.1, FIRST) }));
    }
    await until(() => tasks.every((id) => trace.began(id)), 'the begin of all tasks');
    const records = await Promise.all(tasks.map((id) => daemons.record(id)));
    const held = (daemon: Daemon): string[] =>
      records.filter(({ attempts }) => attempts[0]?.worker_id === daemon.workerId).map((one) => one.task_id);
    const [victim, survivor] = alive.sort((a, b) => held(b).length - held(a).length) as [Daemon, Daemon];
    const killedAt = Date.now();
    victim.kill('SIGKILL');
    await victim.ended;
    alive = [survivor];
    for (const id of held(victim)) {
      const { attempts } = await daemons.ended(id, 60_000);
      restarts.push(Date.parse(attempts[1]?.started_at ?? '') - killedAt);
      tasks.splice(tasks.indexOf(id), 1);
    }
    if ((killed + 1) % 20 === 0) console.log(`      ${killed + 1} kills, ${restarts.length} restarts`);
  }
  for (const daemon of alive) daemon.kill('SIGKILL');
  await Promise.all(alive.map(({ ended }) => ended));
  restarts.sort((a, b) => a - b);
  return { ...(await stage.drain()), restarts };
};
