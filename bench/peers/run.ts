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
    'Each queue goes through the same tests on one machine, through its client library for Node or its own command. Power loss: jobs are added, eight at a time, for at least 7 s and until 10,000 are acknowledged (500 where each job is a process); then the file system is shut down without flushing its log (`xfs_io -x -c shutdown`), all processes of the queue are killed, the file system is mounted again, and the acknowledged jobs that are missing are counted. No job has run before. Restart: a worker is killed with -9 in the middle of a job while another one is idle. Blocked loop: a worker lives, but its event loop is blocked for 70 s. Late completion: a worker is stopped until another one has its job; then it continues and finishes first. Kill points: only the process that adds is killed, at each system call of an add that may change a disk or a server, and another process repeats the add with the same key. Each job must then exist once, and a worker must start it once.',
  command: 'node bench/peers/run.ts',
  columns: [
    'queue',
    'acknowledged jobs lost, ext4',
    'xfs',
    'restart after kill -9',
    'double starts, blocked loop',
    'late completion',
    'kill points of an add that lose or double',
  ],
  rows: existsSync(PATH) ? (JSON.parse(readFileSync(PATH, 'utf8')) as Figures).rows : [],
  notes: [
    'All settings are the defaults, except in the second row of pg-boss: heartbeats of 10 s, the minimum, and a monitor that runs every second. With them a restart is quick, and a worker whose loop is blocked loses its job. Without them, pg-boss gives a job to another worker only when it expires, after 15 minutes, so this test shows neither.',
    'With everysec, Redis guarantees only what is older than a second or two. How many jobs are lost depends on the rate and on the moment of the power loss.',
    'At kill points a server keeps running, so with a server they show only the effect of a client that dies; without one, they show whether each incomplete add on the disk is recovered.',
    '@platformatic/job-queue runs with a reaper in each worker, as its documentation recommends, and its visibility timeout of 30 s. The kill points that lose a job lie between writing its state file and its message file: the repeated add finds the state file and is treated as a duplicate, so no worker ever gets the job.',
    'nq and task-spooler have no workers and no keys, and promise nothing about power loss. task-spooler keeps queued jobs in the memory of its server, so all of them are lost. In nq a queued job is a process, which is lost as well; but each job has a file whose first line is its command, and a job counts as present if that line is there, although a person has to run it. nq calls no fsync, and within these few seconds no file had reached the disk.',
    'koubou does not treat a worker that is only stopped, or whose loop is blocked, as dead. The storms family tests late completions of fenced workers.',
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
