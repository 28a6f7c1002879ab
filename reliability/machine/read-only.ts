/** A file system that becomes read-only under a daemon that works, as one does that has found an error, and back. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import { Daemons } from '../../test/support/koubou/daemon.ts';
import type { Ended } from '../../test/support/koubou/koubou.ts';
import { type FileSystem, Mounted } from '../../test/support/mounts.ts';
import { until } from '../../test/support/until.ts';

export interface AfterReadOnly {
  refused: Ended;
  status: Ended;
  /** What the daemon told of it. */
  notes: string[];
  /** Whether it was still the same daemon in the end. */
  survived: boolean;
  /** The task that ran and ended meanwhile, and those that waited. */
  tasks: TaskRecord[];
  faults: string[];
}

export const becomeReadOnly = async (kind: FileSystem, program?: string): Promise<AfterReadOnly> => {
  const disk = Mounted.make(kind, { megabytes: 300 });
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const daemons = await Daemons.make('', disk.folder);
  const run = program === undefined ? {} : { program };
  try {
    // A file that is open for writing would hold the file system as it is.
    const running = await daemons.shell(
      `exec >/dev/null 2>&1; touch ${outside}/began; while ! test -e ${outside}/go; do sleep 0.05; done; touch ${outside}/ended`,
    );
    const waiting = await Promise.all([1, 2, 3].map((n) => daemons.shell(`echo ${n}`)));
    const daemon = await daemons.start(['--workers', '1'], run);
    await until(() => existsSync(join(outside, 'began')), 'the start of the task');
    await until(() => {
      try {
        disk.remount('ro');
        return true;
      } catch {
        // The daemon is just writing.
        return false;
      }
    }, 'a moment in which nothing is written');
    const refused = await daemons.koubou(['delegate', '--json', 'hello'], run);
    const status = await daemons.koubou(['status', '--json'], run);
    writeFileSync(join(outside, 'go'), '');
    await until(() => existsSync(join(outside, 'ended')), 'the end of the program');
    const noted = (): string[] =>
      daemon.events().flatMap((event) => (event.event === 'note' ? [event.message] : []));
    await until(() => noted().some((note) => note.includes('outcome')) || daemon.gone(), 'a word about it');
    disk.remount('rw');
    const tasks = await Promise.all([running, ...waiting].map((id) => daemons.ended(id)));
    const holders = (await daemons.queue.workers()).map((worker) => worker.worker_id);
    const { faults } = census(daemons.home.home, { holders, acknowledged: [running, ...waiting] });
    return { refused, status, notes: noted(), survived: !daemon.gone(), tasks, faults };
  } finally {
    disk.remount('rw');
    await daemons.remove();
    disk.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};
