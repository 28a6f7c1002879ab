/**
 * Does to other queues what the fault tests do to koubou, and writes figures.json for docs/reliability.md. By hand, as
 * root, with Redis, PostgreSQL, nq and task-spooler installed; half an hour: node bench/peers/run.ts [WORDS OF A NAME]
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Figures } from '../../reliability/figures.ts';
import { drivers } from './drivers/all.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(`${here}/node_modules`)) spawnSync('npm', ['ci'], { cwd: here, stdio: 'inherit' });
// The project's own checks leave this folder out, because its packages are seldom there. Now they are.
for (const [program = '', ...args] of [
  ['tsc', '-p', '.'],
  ['oxlint', '--type-aware'],
]) {
  const path = fileURLToPath(new URL(`../../node_modules/.bin/${program}`, import.meta.url));
  if (spawnSync(path, args, { cwd: here, stdio: 'inherit' }).status !== 0) process.exit(1);
}
const { doubleStarts, killPoints, lateCompletion, lostAtPowerLoss, restart } = await import('./measures.ts');

const PATH = new URL('figures.json', import.meta.url);
const ACKNOWLEDGED = Number(process.env['PEERS_ACKNOWLEDGED'] ?? 10_000);
const only = process.argv.slice(2);

const figures: Figures = {
  title: 'Beside other queues',
  about:
    'The same was done to each, on one machine, with its client library for Node or its own command. Power loss: jobs are added eight at a time for at least 7 s and until so many are acknowledged (10,000; 500 where each waits as a process of its own), then the file system is shut down without its log (`xfs_io -x -c shutdown`), every process of the queue is killed, the file system is mounted again, and the acknowledged ones that are missing are counted; none was done before. Restart: a worker is killed with -9 in the middle of a job while another is idle. Blocked loop: the worker lives, but its event loop stands still for 70 s. Late completion: a worker is stopped until another one has its job, then it goes on and ends first. Kill points: the one who adds, and nothing else, is killed as it makes each system call of an add that may change something on a disk or at a server, and the add is repeated with the same key by another process; in the end each such job must be there once, and a worker must begin it once.',
  command: 'node bench/peers/run.ts',
  columns: [
    'queue',
    'acknowledged and lost, ext4',
    'xfs',
    'restart after kill -9',
    'double starts, blocked loop',
    'late completion',
    'kill points of an add that lose or double',
  ],
  rows: existsSync(PATH) ? (JSON.parse(readFileSync(PATH, 'utf8')) as Figures).rows : [],
  notes: [
    'Settings are the defaults. The second row of pg-boss has heartbeats of 10 s, the least that it allows, and its monitor every second: that makes its restart quick, and it is why a blocked loop loses its job. Without them it gives a job to another worker only when it expires, after 15 minutes, so neither can be seen here.',
    'Redis with everysec promises no more than what is older than a second or two: how many that leaves out depends on the pace and on the moment of the cut.',
    'In kill points a server lives on, so where there is one they only show what becomes of a client that dies; where there is none they show whether each half-done add on the disk is taken up.',
    '@platformatic/job-queue works with a reaper in each worker, as its documentation says, and its visibility timeout of 30 s. Its kill points that lose lie between the file of a job’s state and the one of its message: the add that is repeated finds the first and is taken for a duplicate, so no worker is ever given the job.',
    'nq and task-spooler have no workers and no keys, and promise nothing about power. What waits in task-spooler is in the memory of its server: nothing of it is on a disk, so all of it is lost by construction. What waits in nq is a process, which is lost too; but the file of each job begins with its command, and a job counts as there when that line is, although somebody has to run it by hand. nq fsyncs nothing, and in these few seconds none had reached the disk.',
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
  // Queues of programs keep a process for each job that waits: a twentieth shows as much.
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
  figures.rows = Object.keys(drivers).flatMap((known) =>
    known === name ? [row] : figures.rows.filter(([other]) => other === known),
  );
  writeFileSync(PATH, `${JSON.stringify(figures, null, 2)}\n`);
}
process.exit(0);
