/** Many daemons that wait for work, and many tasks that come all at once: each is run once. */
import { until } from '../../test/support/until.ts';
import type { Judged } from './judge.ts';
import type { Stage } from './stage.ts';

export interface Crowd {
  workers: number;
  tasks: number;
  /** After which it is given up: a home in disorder may have no end. */
  maxSeconds: number;
}

export interface Crowded extends Judged {
  seconds: number;
  /** Daemons that got at least one of them, and the most that one of them got. */
  took: number;
  most: number;
}

export const crowd = async (stage: Stage, { workers, tasks, maxSeconds }: Crowd): Promise<Crowded> => {
  const { daemons, trace } = stage;
  const all = await Promise.all(Array.from({ length: workers }, () => stage.start(1)));
  const task = {
    type: 'command' as const,
    prompt: '',
    command: trace.command(0, 0),
    cwd: stage.path('programs'),
  };
  const from = performance.now();
  stage.ids.push(...(await daemons.addAll(Array.from({ length: tasks }, () => task))));
  let told = 0;
  const ended = await until(
    async () => {
      const { pending, in_progress, completed } = await daemons.queue.counts();
      if (completed >= told + 2000) {
        told = completed;
        console.log(`      ${completed} of ${tasks} tasks`);
      }
      return pending + in_progress === 0;
    },
    'the end of all tasks',
    maxSeconds * 1000,
  ).catch(() => false);
  const seconds = (performance.now() - from) / 1000;
  for (const daemon of all) daemon.kill(ended ? 'SIGTERM' : 'SIGKILL');
  const ends = await Promise.all(all.map(({ ended }) => ended));
  const judged = await stage.drain({ maxSeconds });
  judged.faults.push(
    ...ends.flatMap(({ code, stdout }) => (code === 0 ? [] : [`one ended with ${code}: ${stdout}`])),
  );
  judged.faults.push(
    ...judged.records.flatMap(({ task_id, attempts }) =>
      attempts.length === 1 ? [] : [`${task_id} was run ${attempts.length} times`],
    ),
  );
  const shares = new Map<string | null, number>();
  for (const { attempts } of judged.records) {
    const name = attempts[0]?.worker_id ?? null;
    shares.set(name, (shares.get(name) ?? 0) + 1);
  }
  return { ...judged, seconds, took: shares.size, most: Math.max(...shares.values()) };
};
