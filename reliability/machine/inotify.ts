/** A machine that has no inotify watch or instance left: the limits are lowered in a user namespace of the daemon's own. */
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import { Daemons } from '../../test/support/koubou/daemon.ts';
import { until } from '../../test/support/until.ts';

export interface WithoutInotify {
  /** What `koubou status` prints. */
  status: string;
  /** Tasks added one after the other to an idle daemon. */
  records: TaskRecord[];
  faults: string[];
}

export const lackInotify = async (lack: 'watches' | 'instances', count: number): Promise<WithoutInotify> => {
  const daemons = await Daemons.make();
  const script = `echo 0 > /proc/sys/user/max_inotify_${lack} && exec "$@"`;
  try {
    await daemons.start([], { under: ['unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh'] });
    const records: TaskRecord[] = [];
    for (let n = 0; n < count; n += 1) records.push(await daemons.ended(await daemons.shell(`echo ${n}`)));
    const ids = records.map((record) => record.task_id);
    await until(
      async () => ((await daemons.queue.workers())[0]?.notes.length ?? 0) > 0,
      'a note in its beat',
    );
    const status = (await daemons.koubou(['status'])).stdout;
    const holders = (await daemons.queue.workers()).map((worker) => worker.worker_id);
    const { faults } = census(daemons.home.home, { holders, acknowledged: ids });
    return { status, records, faults };
  } finally {
    await daemons.remove();
  }
};
