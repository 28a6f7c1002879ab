/** A disk on which each change takes long: nobody who only waits for it may be taken for dead. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import { type Daemon, Daemons } from '../../test/support/koubou/daemon.ts';
import { until } from '../../test/support/until.ts';

export interface OnSlowDisk {
  records: TaskRecord[];
  /** Workers that others took for dead. */
  reaped: string[];
  seconds: number;
  faults: string[];
}

/** Every fsync and rename of the daemon takes so long; for as long, others look whether it lives. */
export const slowDown = async (delaySeconds: number, forSeconds: number): Promise<OnSlowDisk> => {
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const daemons = await Daemons.make();
  const delay = `delay_exit=${delaySeconds * 1_000_000}`;
  const strace = ['strace', '-D', '-f', '-qqq', '-o', '/dev/null', '-e', 'trace=fsync,rename'];
  const from = performance.now();
  try {
    const tasks = 2;
    const ids = [
      await daemons.shell(`echo >> ${outside}/began; while ! test -e ${outside}/go; do sleep 0.1; done`),
    ];
    await daemons.start(['--workers', '2'], { under: [...strace, '-e', `inject=fsync,rename:${delay}`] });
    await until(
      () => existsSync(join(outside, 'began')),
      'the start of the task',
      60_000 * delaySeconds + 60_000,
    );
    for (let n = 0; n < tasks; n += 1) ids.push(await daemons.shell(`echo ${n}`));
    // One who can look at its process, and one who hears its beats only.
    const others = await Promise.all([
      daemons.start(),
      daemons.start([], { under: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] }),
    ]);
    await until(
      () => performance.now() - from > forSeconds * 1000,
      'the end of the look',
      forSeconds * 1000 + 60_000,
    );
    writeFileSync(join(outside, 'go'), '');
    const records = await Promise.all(ids.map((id) => daemons.ended(id, 600_000)));
    const reaped = others.flatMap((daemon: Daemon) =>
      daemon.events().flatMap((event) => (event.event === 'workers_reaped' ? event.workers : [])),
    );
    const holders = (await daemons.queue.workers()).map((worker) => worker.worker_id);
    const { faults } = census(daemons.home.home, { acknowledged: ids, holders, working: true });
    return { records, reaped, seconds: (performance.now() - from) / 1000, faults };
  } finally {
    await daemons.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};
