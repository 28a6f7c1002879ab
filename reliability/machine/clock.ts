/** A wall clock that is set while koubou works, for the daemon alone or for those who call alone. Linux only. */
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerInfo } from '../../src/queue/queue.ts';
import { isTaskId } from '../../src/task/id.ts';
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import { Daemons } from '../../test/support/koubou/daemon.ts';
import { until } from '../../test/support/until.ts';

/** As libfaketime writes it: -1d, +10y. */
export type Jump = '+1h' | '-1d' | '+10y';

export interface AfterClockJump {
  /** The daemon in `koubou status`, while the task ran and the clock was wrong. */
  shown: WorkerInfo[];
  /** The task that ran when the clock was set. */
  running: TaskRecord;
  /** What `delegate --wait` of a caller got meanwhile. */
  waited: string;
  /** Tasks for in a second, after another, and to be tried again, added while the clock was wrong. */
  later: TaskRecord[];
  /** All ids that were given. */
  ids: string[];
  faults: string[];
}

/** undefined: it is not installed. */
export const faketimeLibrary = (): string | undefined =>
  globSync('/usr/lib*/**/faketime/libfaketimeMT.so.1')[0];

export const setClock = async (
  whose: 'daemon' | 'caller',
  jump: Jump,
  program?: string,
): Promise<AfterClockJump> => {
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const clock = join(outside, 'clock');
  writeFileSync(clock, '+0');
  const environment = {
    LD_PRELOAD: faketimeLibrary() ?? '',
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const build = program === undefined ? {} : { program };
  const wrong = { ...build, environment };
  const ofDaemon = whose === 'daemon' ? wrong : build;
  const ofCaller = whose === 'caller' ? wrong : build;
  const daemons = await Daemons.make();
  const ids: string[] = [];
  const delegate = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await daemons.koubou(
      ['delegate', '--json', '--type', 'command', ...words],
      ofCaller,
    );
    const id = (JSON.parse(stdout) as { task_id?: string }).task_id;
    if (id === undefined) throw new Error(`nothing was added: ${stdout}${stderr}`);
    ids.push(id);
    return id;
  };
  const status = async (): Promise<WorkerInfo[]> =>
    (JSON.parse((await daemons.koubou(['status', '--json'], ofCaller)).stdout) as { workers: WorkerInfo[] })
      .workers;
  try {
    const first = await daemons.start(['--workers', '2'], ofDaemon);
    const running = await delegate(
      '--',
      'sh',
      '-c',
      `touch ${outside}/began; while ! test -e ${outside}/go; do sleep 0.05; done`,
    );
    await until(async () => (await daemons.queue.state(running)) === 'in_progress', 'the start of the task');
    const beat = async (): Promise<unknown> => (await daemons.queue.workers())[0]?.last_heartbeat;
    const before = await beat();
    writeFileSync(clock, jump);
    const { stdout: waited } = await daemons.koubou(
      ['delegate', '--type', 'command', '--wait', '--', 'echo', 'heard'],
      ofCaller,
    );
    await until(async () => (await beat()) !== before, 'a beat by the clock as it is now');
    const shown = await status();
    writeFileSync(join(outside, 'go'), '');
    const ended = await daemons.ended(running);
    first.kill('SIGTERM');
    await first.ended;

    const parent = await delegate('--', 'true');
    await delegate('--after', parent, '--', 'true');
    await delegate('--in', '1s', '--', 'true');
    await delegate(
      '--retries',
      '2',
      '--',
      'sh',
      '-c',
      `test -e ${outside}/tried || { touch ${outside}/tried; exit 1; }`,
    );
    await daemons.start(['--workers', '2'], ofDaemon);
    const later = await Promise.all(ids.slice(1).map((id) => daemons.ended(id, 60_000)));
    const holders = (await daemons.queue.workers()).map((worker) => worker.worker_id);
    const { faults } = census(daemons.home.home, { holders, acknowledged: ids });
    return { shown, running: ended, waited, later, ids: ids.filter(isTaskId), faults };
  } finally {
    await daemons.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};
