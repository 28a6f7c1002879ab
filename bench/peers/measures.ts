/** What is done to every queue. Each measure gives one cell of the table. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileSystem, Mounted } from '../../test/support/mounts.ts';
import { until } from '../../test/support/until.ts';
import type { Driver, Job } from './driver.ts';
import { addKilledAt, pointsOfAdd } from './kill.ts';
import { descendants, freePort, type Line, Peer, signal, within } from './rig.ts';

const TAKEOVER_MS = 120_000;
const BLOCKED_MS = 70_000;
/** Before the cut: longer than a server that fsyncs each second, or ext4, which commits each five, keeps things back. */
const ADDS_MS = 7000;

const withPeer = async <T>(
  name: string,
  driver: Driver,
  act: (peer: Peer) => Promise<T>,
  under = tmpdir(),
): Promise<T> => {
  const outside = mkdtempSync(join(tmpdir(), 'koubou-peer-'));
  const folder = mkdtempSync(join(under, 'peer-'));
  // PostgreSQL runs as another user.
  execFileSync('chmod', ['755', outside, folder]);
  const peer = new Peer(name, { folder, port: await freePort(), log: join(outside, 'log') });
  try {
    if (driver.serve !== undefined) await peer.serve();
    await peer.run('setUp');
    return await act(peer);
  } finally {
    await peer.end();
    rmSync(outside, { recursive: true, force: true });
    // What lies on a broken file system goes with it.
    if (under === tmpdir()) rmSync(folder, { recursive: true, force: true });
  }
};

/** Adds until `count` are acknowledged and some time is over, cuts the power, and counts those that are gone then. */
export const lostAtPowerLoss = async (
  name: string,
  driver: Driver,
  fileSystem: FileSystem,
  count: number,
): Promise<string> => {
  const disk = Mounted.make(fileSystem, { megabytes: 1024 });
  try {
    execFileSync('chmod', ['755', join(disk.folder, '..'), disk.folder]);
    return await withPeer(name, driver, (peer) => cutPower(peer, driver, disk, count), disk.folder);
  } finally {
    disk.remove();
  }
};

const cutPower = async (peer: Peer, driver: Driver, disk: Mounted, count: number): Promise<string> => {
  // More than are waited for, so that the cut comes in the middle of them.
  const { said } = peer.start('add', `${count * 100}`);
  await new Promise((resolve) => setTimeout(resolve, ADDS_MS));
  if ((await within(600_000, () => (said().length >= count ? true : undefined))) === undefined) {
    return `only ${said().length} added in 10 min`;
  }
  // What is acknowledged later would not have been: a machine without power says nothing.
  const acknowledged = said();
  disk.cutPower(false);
  await peer.end();
  // What was killed may hold it for a moment.
  const unmounted = () =>
    disk.unmount().then(
      () => true,
      () => false,
    );
  await until(unmounted, 'the unmount', 20_000);
  disk.mount();
  if (driver.serve !== undefined) await peer.serve();
  const there = new Set(await peer.run('ids'));
  const lost = acknowledged.filter((id) => !there.has(id)).length;
  const remark = driver.keepsOnlyIn === undefined ? '' : `: queued jobs exist only in ${driver.keepsOnlyIn}`;
  return `${lost} of ${acknowledged.length}${remark}`;
};

const addOne = async (peer: Peer, job: Job): Promise<void> => {
  const { child, said } = peer.start('told');
  await within(30_000, () => said()[0]);
  child.stdin?.write(`${JSON.stringify(job)}\n`);
  if ((await within(30_000, () => said()[1])) === undefined)
    throw new Error(`${peer.name}: nothing was added`);
  await peer.kill(child);
};

/** The first worker has the job; the other one is idle. */
const twoWorkers = async (peer: Peer, job: Job) => {
  const first = peer.start('work').child;
  await addOne(peer, job);
  const begun = await within(60_000, () => peer.starts(job)[0]);
  if (begun === undefined) throw new Error(`${peer.name}: the job was not begun`);
  const second = peer.start('work').child;
  // Time to join, for the one that is to take over.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return { first, second };
};

/** From the kill of a worker to the start of its job by another one that lives. */
export const restart = (name: string, driver: Driver): Promise<string> =>
  withPeer(name, driver, async (peer) => {
    const job = { id: 'job-1', ms: 300_000, blocks: false };
    if (driver.work === undefined) return killedProgram(peer, job);
    const { first } = await twoWorkers(peer, job);
    const killedAt = Date.now();
    await peer.kill(first);
    const again = await within(TAKEOVER_MS, () => peer.starts(job)[1]);
    return again === undefined
      ? `not within ${TAKEOVER_MS / 1000} s`
      : `${((again.atMs - killedAt) / 1000).toFixed(1)} s`;
  });

const killedProgram = async (peer: Peer, job: Job): Promise<string> => {
  await addOne(peer, job);
  const begun = await within(30_000, () => peer.starts(job)[0]);
  const parent = Number(execFileSync('ps', ['-o', 'ppid=', '-p', `${begun?.pid}`], { encoding: 'utf8' }));
  for (const pid of descendants(parent)) signal(pid, 'SIGKILL');
  const again = await within(20_000, () => peer.starts(job)[1]);
  return again === undefined ? 'never' : `${((again.atMs - (begun?.atMs ?? 0)) / 1000).toFixed(1)} s`;
};

/** Starts beyond the first of a job whose worker's event loop is blocked for 70 s, and lives. */
export const doubleStarts = (name: string, driver: Driver): Promise<string> =>
  withPeer(name, driver, async (peer) => {
    if (driver.work === undefined) return 'no loop';
    const job = { id: 'job-1', ms: BLOCKED_MS, blocks: true };
    await twoWorkers(peer, job);
    await within(BLOCKED_MS + 30_000, () => peer.ends(job)[0]);
    // Whoever took it for dead meanwhile has begun.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    return `${peer.starts(job).length - 1}`;
  });

/** A worker is stopped until another has its job, and then ends its own run of it while that one still runs. */
export const lateCompletion = (name: string, driver: Driver): Promise<string> =>
  withPeer(name, driver, async (peer) => {
    if (driver.work === undefined) return 'no workers';
    const job = { id: 'job-1', ms: 15_000, blocks: false };
    const { first } = await twoWorkers(peer, job);
    for (const pid of descendants(first.pid ?? 0)) signal(pid, 'SIGSTOP');
    const again: Line | undefined = await within(TAKEOVER_MS, () => peer.starts(job)[1]);
    for (const pid of descendants(first.pid ?? 0).toReversed()) signal(pid, 'SIGCONT');
    if (again === undefined) return `none: no other one had its job within ${TAKEOVER_MS / 1000} s`;
    const late = await within(30_000, () => peer.ends(job).find(({ pid }) => pid !== again.pid));
    if (late === undefined) return 'none: the late run was stopped';
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const kept = (await peer.run('result', job.id))[0] ?? '';
    if (kept === `${late.pid}`) return 'accepted, while the other run went on';
    await within(30_000, () => peer.ends(job).find(({ pid }) => pid === again.pid));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return (await peer.run('result', job.id))[0] === `${late.pid}` ? 'accepted' : 'refused';
  });

/**
 * Kills the one who adds as it makes each system call of an add that can change something, has the add repeated with
 * the same key, and counts the jobs that are then not there exactly once, or that a worker does not begin exactly once.
 * Nothing but the one who adds is killed: a server lives on.
 */
export const killPoints = (name: string, driver: Driver): Promise<string> =>
  withPeer(name, driver, async (peer) => {
    if (driver.work === undefined) return 'no keys';
    let made = 0;
    // A known key would make other calls than an add does.
    const fresh = (): Job => {
      made += 1;
      return { id: `job-${made}`, ms: 0, blocks: false };
    };
    // The first add makes folders that no later one makes.
    await addOne(peer, fresh());
    const killed: Job[] = [];
    for (const point of await pointsOfAdd(peer, fresh)) {
      const job = await addKilledAt(peer, point, fresh);
      if (job === undefined) {
        console.log(`${name}: not killed at ${point.thread} ${point.call} ${point.nth}`);
        continue;
      }
      await addOne(peer, job);
      killed.push(job);
    }
    const ids = await peer.run('ids');
    await workOff(peer, killed);
    const bad = killed.filter(
      (job) => ids.filter((id) => id === job.id).length !== 1 || peer.starts(job).length !== 1,
    );
    return `${bad.length} of ${killed.length}`;
  });

const workOff = async (peer: Peer, jobs: readonly Job[]): Promise<void> => {
  const worker = peer.start('work').child;
  await within(TAKEOVER_MS, () => {
    const ended = new Set(peer.lines().flatMap(({ what, id }) => (what === 'end' ? [id] : [])));
    return jobs.every(({ id }) => ended.has(id)) ? true : undefined;
  });
  // One that is there twice begins again.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await peer.kill(worker);
};
