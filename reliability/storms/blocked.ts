/** A daemon whose event loop is blocked is silent and not dead: its tasks stay its own. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '../../test/support/until.ts';
import type { Judged } from './judge.ts';
import type { Stage } from './stage.ts';

const BLOCK = pathToFileURL(join(import.meta.dirname, 'block-at-signal.ts')).href;
const TASKS = 4;

export interface Blocked extends Judged {
  /** Seconds for which the blocked daemon told of nothing. */
  silent: number;
  /** Tasks that another daemon began meanwhile as well. */
  doubled: number;
}

export const blockTheLoop = async (stage: Stage, seconds: number): Promise<Blocked> => {
  const { daemons, trace } = stage;
  const blocked = await daemons.start(['--workers', `${TASKS}`], {
    environment: { NODE_OPTIONS: `--import=${BLOCK}`, BLOCK_MS: `${seconds * 1000}` },
  });
  const ids: string[] = [];
  for (let number = 0; number < TASKS; number += 1) {
    // Half of them end while the daemon is blocked, the others go on for longer.
    const steps = Math.round(seconds * 10 * (number % 2 === 0 ? 0.5 : 1.2));
    ids.push(await stage.addTask({ type: 'command', prompt: '', command: trace.command(steps, 0.1) }));
  }
  await until(() => ids.every((id) => trace.began(id)), 'the begin of all tasks');
  const other = await stage.start(TASKS);
  const beat = (): string => daemons.read(join('run', `${blocked.workerId}.beat`));
  process.kill(blocked.pid, 'SIGUSR2');
  const from = performance.now();
  let said = { beat: beat(), at: from };
  let silent = 0;
  // New work goes on.
  await daemons.ended(await stage.addTask({ type: 'command', prompt: '', command: trace.command(1, 0.1) }));
  await until(
    () => {
      const now = performance.now();
      if (beat() !== said.beat) said = { beat: beat(), at: now };
      silent = Math.max(silent, now - said.at);
      return now - from > seconds * 1000 + 1000;
    },
    'the end of the block',
    seconds * 1000 + 60_000,
  );
  for (const id of ids) await daemons.ended(id, seconds * 1000 + 60_000);
  for (const daemon of [blocked, other]) daemon.kill('SIGTERM');
  await Promise.all([blocked.ended, other.ended]);
  const judged = await stage.drain();
  const doubled = judged.records.filter(({ attempts }) => attempts.length !== 1);
  const stolen = judged.records.filter(
    ({ task_id, attempts }) =>
      ids.includes(task_id) && attempts.some(({ worker_id }) => worker_id !== blocked.workerId),
  );
  judged.faults.push(
    ...[...doubled, ...stolen].map(({ task_id }) => `${task_id} was taken from a worker that lived`),
  );
  return { ...judged, silent: silent / 1000, doubled: doubled.length };
};
