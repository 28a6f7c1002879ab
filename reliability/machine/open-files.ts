/** A daemon that may not open one more file, and may again later. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import { Daemons } from '../../test/support/koubou/daemon.ts';
import { until } from '../../test/support/until.ts';

export interface AfterTooManyFiles {
  notes: string[];
  survived: boolean;
  /** The one that ran and ended meanwhile, and those that waited. */
  tasks: TaskRecord[];
  /** How often each program ran. */
  runs: number[];
  faults: string[];
}

const WAITING = 3;

export const openTooMany = async (program?: string): Promise<AfterTooManyFiles> => {
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const daemons = await Daemons.make();
  try {
    const daemon = await daemons.start(['--workers', '2'], program === undefined ? {} : { program });
    const limit = (count: string): void => {
      execFileSync('prlimit', ['--pid', `${daemon.pid}`, `--nofile=${count}:`]);
    };
    const before = /Max open files\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/limits`, 'utf8'))?.[1];
    const began = (n: number): string => join(outside, `began-${n}`);
    const ids = [
      await daemons.shell(`echo >> ${began(0)}; while ! test -e ${outside}/go; do sleep 0.05; done; echo 0`),
    ];
    await until(() => existsSync(began(0)), 'the start of the task');
    // Below what is open already: each further one is refused.
    limit('3');
    for (let n = 1; n <= WAITING; n += 1) ids.push(await daemons.shell(`echo >> ${began(n)}; echo ${n}`));
    writeFileSync(join(outside, 'go'), '');
    const noted = (): string[] =>
      daemon.events().flatMap((event) => (event.event === 'note' ? [event.message] : []));
    await until(
      () => noted().some((note) => /EMFILE|too many open files/.test(note)) || daemon.gone(),
      'a word about it',
    );
    if (!daemon.gone()) limit(before ?? '1024');
    const tasks = await Promise.all(ids.map((id) => daemons.ended(id)));
    const runs = ids.map((_, n) => (existsSync(began(n)) ? readFileSync(began(n), 'utf8').length : 0));
    const holders = (await daemons.queue.workers()).map((worker) => worker.worker_id);
    const { faults } = census(daemons.home.home, { holders, acknowledged: ids });
    return { notes: noted(), survived: !daemon.gone(), tasks, runs, faults };
  } finally {
    await daemons.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};
