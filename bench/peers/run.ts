/**
 * Does to other queues what the fault tests do to koubou, and writes figures.json for docs/reliability.md. By hand, as
 * root, with Redis, PostgreSQL, nq and task-spooler installed; half an hour: node bench/peers/run.ts [WORDS OF A NAME]
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Figures } from '../../test/faults/figures.ts';
import { drivers } from './drivers/all.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(`${here}/node_modules`)) spawnSync('npm', ['ci'], { cwd: here, stdio: 'inherit' });
const { doubleStarts, killPoints, lateCompletion, lostAtPowerLoss, restart } = await import('./measures.ts');

const PATH = new URL('figures.json', import.meta.url);
const ACKNOWLEDGED = Number(process.env['PEERS_ACKNOWLEDGED'] ?? 10_000);
const only = process.argv.slice(2);

const figures: Figures = {
  title: 'Beside other queues',
  about:
    'The same was done to each, on one machine, with its client library for Node or its own command. Power loss: jobs are added eight at a time until so many are acknowledged, then the file system is shut down without its log (`xfs_io -x -c shutdown`), mounted again, and the acknowledged ones that are missing are counted. Restart: a worker is killed with -9 in the middle of a job while another is idle. Blocked loop: the worker lives, but its event loop stands still for 70 s. Late completion: a worker is stopped until another one has its job, then it goes on and ends first. Kill points: the one who adds is killed at each system call that may change something, and the add is repeated with the same key.',
  command: 'node bench/peers/run.ts',
  columns: [
    'queue',
    'acknowledged and lost, ext4',
    'xfs',
    'restart after kill -9',
    'double starts, blocked loop',
    'late completion',
    'kill points that lose or double',
  ],
  rows: existsSync(PATH) ? (JSON.parse(readFileSync(PATH, 'utf8')) as Figures).rows : [],
  notes: [
    'Settings are the defaults, but for pg-boss heartbeats of 10 s and its monitor every second; without heartbeats it gives an orphan to another worker when the job expires, after 15 minutes.',
    '@platformatic/job-queue works with a reaper in each worker, as its documentation says, and its visibility timeout of 30 s.',
    'nq and task-spooler hold what waits in processes, have no workers and no keys, and promise nothing about power.',
    'A worker of koubou that is only stopped, or whose loop is blocked, is not taken for dead; the late completion of one that was fenced is the storms family’s matter.',
  ],
};

const cell = async (what: string, measure: () => Promise<string>): Promise<string> => {
  const begun = performance.now();
  const found = await measure().catch(
    (error: unknown) => `failed: ${error instanceof Error ? error.message : String(error)}`,
  );
  console.log(`${what}: ${found} (${((performance.now() - begun) / 1000).toFixed(0)} s)`);
  return found;
};

for (const [name, load] of Object.entries(drivers)) {
  if (only.length > 0 && !only.some((word) => name.toLowerCase().includes(word.toLowerCase()))) continue;
  const driver = await load();
  // Queues of programs fork one process for each job: a tenth shows as much.
  const count = driver.work === undefined ? ACKNOWLEDGED / 20 : ACKNOWLEDGED;
  const row = [
    name,
    await cell(`${name}, power loss on ext4`, () => lostAtPowerLoss(name, driver, 'ext4', count)),
    await cell(`${name}, power loss on xfs`, () => lostAtPowerLoss(name, driver, 'xfs', count)),
    await cell(`${name}, restart`, () => restart(name, driver)),
    await cell(`${name}, blocked loop`, () => doubleStarts(name, driver)),
    await cell(`${name}, late completion`, () => lateCompletion(name, driver)),
    await cell(`${name}, kill points`, () => killPoints(name, driver)),
  ];
  const at = figures.rows.findIndex(([known]) => known === name);
  figures.rows = at === -1 ? [...figures.rows, row] : figures.rows.with(at, row);
  writeFileSync(PATH, `${JSON.stringify(figures, null, 2)}\n`);
}
process.exit(0);
