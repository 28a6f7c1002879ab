/** Processes that are not who they seem to be: a pid that another has now, another pid namespace, another boot. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfIdentity, startTimeOf } from '../../src/process/liveness.ts';
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import { type Daemon, Daemons } from '../../test/support/koubou/daemon.ts';
import { sealOf } from '../../test/support/state.ts';
import { until } from '../../test/support/until.ts';
import { inAnotherBoot } from '../another-boot.ts';

export interface Bystanding {
  /** Milliseconds until the orphaned task was done by another; null: it was left with the dead. */
  againAfterMs: number | null;
  /** Whether the process lives that only had the number of one of the dead. */
  bystanderLives: boolean;
  orphan: TaskRecord;
  faults: string[];
}

interface Orphaned {
  daemons: Daemons;
  orphan: string;
  dead: Daemon;
  bystander: ChildProcess;
  outside: string;
}

/** A daemon whose silence is told soon. */
export const QUICK = { environment: { WORKER_HEARTBEAT_INTERVAL: '1' } };

const withOrphan = async <T>(action: (stage: Orphaned) => Promise<T>): Promise<T> => {
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const daemons = await Daemons.make();
  let bystander: ChildProcess | undefined;
  try {
    const dead = await daemons.start([], QUICK);
    const orphan = await daemons.shell(`echo >> ${outside}/began; test -e ${outside}/go || exec sleep 3600`);
    await until(() => existsSync(join(outside, 'began')), 'the start of the task');
    dead.kill('SIGKILL');
    await dead.ended;
    writeFileSync(join(outside, 'go'), '');
    // Later, so that it began at another time.
    bystander = spawn('sleep', ['3600'], { stdio: 'ignore' });
    await once(bystander, 'spawn');
    return await action({ daemons, orphan, dead, bystander, outside });
  } finally {
    bystander?.kill('SIGKILL');
    await daemons.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};

/** Sealed as koubou writes it: what carries no seal is not gone by in any case. */
const write = ({ home }: Daemons, path: string, members: Record<string, unknown>): void =>
  writeFileSync(path, sealOf(home.home).seal(JSON.stringify(members)));

const change = (daemons: Daemons, path: string, over: Record<string, unknown>): void => {
  const { mac: _, ...said } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  write(daemons, path, { ...said, ...over });
};

/** The program of a run, as its worker had recorded it. */
const recordChild = ({ daemons, dead, orphan }: Orphaned, child: Record<string, unknown>): void => {
  const folder = daemons.home.path('run', 'children', dead.workerId);
  mkdirSync(folder, { recursive: true });
  const marker = `${dead.workerId}/${orphan}.r1`;
  write(daemons, join(folder, `${orphan}.r1.json`), { marker, ...child });
};

/**
 * Begins with a new daemon; ends when the orphan has ended, or was left with the dead while another task was done.
 * `patient`: the daemon cannot see at once whether the orphan's worker is dead.
 */
const judge = async (
  { daemons, orphan, bystander }: Orphaned,
  start: () => Promise<Daemon>,
  patient = false,
): Promise<Bystanding> => {
  // Before the daemon is there: it may live in another boot, where the creator of this task is one of the dead.
  const other = await daemons.shell('true');
  const from = performance.now();
  const next = await start();
  await daemons.ended(other);
  // A daemon looks for the dead before it takes anything, so it has seen by now whether the orphan's worker is.
  const taken = patient || (await daemons.record(orphan)).attempts[0]?.ended_at !== null;
  if (taken) await daemons.ended(orphan);
  const againAfterMs = taken ? performance.now() - from : null;
  next.kill('SIGTERM');
  await next.ended;
  const { faults } = census(daemons.home.home, { acknowledged: [orphan, other] });
  const bystanderLives = startTimeOf(bystander.pid ?? 0) !== null;
  return { againAfterMs, bystanderLives, orphan: await daemons.record(orphan), faults };
};

/** The dead daemon's pid, and that of its task's program, belong to somebody else now. */
export const reusePid = (program?: string): Promise<Bystanding> =>
  withOrphan(async (stage) => {
    const { daemons, dead, bystander } = stage;
    change(daemons, daemons.home.path('run', `${dead.workerId}.json`), { pid: bystander.pid });
    recordChild(stage, { pid: bystander.pid, startTime: '1' });
    return judge(stage, () => daemons.start([], program === undefined ? {} : { program }));
  });

/** The machine was started anew, and a process has by chance the pid and the start time of the task's program. */
export const startAnew = (program?: string): Promise<Bystanding & { halfMade: boolean }> =>
  withOrphan(async (stage) => {
    const { daemons, bystander, outside } = stage;
    recordChild(stage, { pid: bystander.pid, startTime: startTimeOf(bystander.pid ?? 0) });
    // What a process was making that has our pid and start time in this boot.
    const { bootId, pid, startTime, pidNamespace } = selfIdentity();
    const namespace = BigInt(/\d+/.exec(pidNamespace)?.[0] ?? 0)
      .toString(16)
      .padStart(8, '0');
    const name = `${bootId.replaceAll('-', '').slice(0, 8)}-${pid}-${startTime}-${namespace}${'0'.repeat(12)}.json`;
    const halfMade = daemons.home.path('tasks', 'tmp', name);
    writeFileSync(halfMade, '{');
    const build = program === undefined ? {} : { program };
    const under = inAnotherBoot(outside, []);
    const found = await judge(stage, () => daemons.start([], { ...build, under }), true);
    return { ...found, halfMade: existsSync(halfMade) };
  });

export interface Elsewhere {
  /** Whether it was taken from the one who worked on it, while that one lived. */
  stolen: boolean;
  /** Milliseconds after its death until the task was begun again; null where it was not killed. */
  againAfterMs: number | null;
  record: TaskRecord;
  faults: string[];
}

export const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** A clone of this machine: it has the same machine id, and a kernel of its own. */
export const CLONE = 'clone';

/**
 * A daemon in a container, whose pids mean nothing outside, or on a clone of this machine, beside one here; `killed`: it
 * dies in the middle. `meanwhile`: commands of tasks that the one here does before that.
 */
export const workElsewhere = async (
  where: typeof CONTAINER | typeof CLONE,
  killed: boolean,
  meanwhile: readonly string[],
  program?: string,
): Promise<Elsewhere> => {
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const daemons = await Daemons.make();
  try {
    const under = where === CLONE ? inAnotherBoot(outside, []) : where;
    const inside = await daemons.start(['--workers', '1'], { under, ...(where === CLONE && QUICK) });
    const command = `echo >> ${outside}/began; while ! test -e ${outside}/go; do sleep 0.05; done`;
    // The first sweep of a clone takes what is half made here for what a dead boot left: such a task is not acknowledged.
    const id = await daemons.shell(command).catch(() => daemons.shell(command));
    await until(() => existsSync(join(outside, 'began')), 'the start of the task');
    // Two at a time: one that it took from the other, which goes on, is not to hold up the rest.
    const here = await daemons.start(['--workers', '2'], program === undefined ? {} : { program });
    // It sweeps when it begins, and at least once for each task that it ends.
    for (const command of meanwhile) await daemons.ended(await daemons.shell(command));
    const stolen = (await daemons.record(id)).attempts[0]?.ended_at !== null;
    let againAfterMs: number | null = null;
    if (killed) {
      inside.kill('SIGKILL');
      await inside.ended;
      const from = performance.now();
      const attempts = async (): Promise<number> => (await daemons.record(id)).attempts.length;
      await until(async () => (await attempts()) > 1, 'the second start', 120_000);
      againAfterMs = performance.now() - from;
    }
    writeFileSync(join(outside, 'go'), '');
    const record = await daemons.ended(id);
    here.kill('SIGTERM');
    await here.ended;
    const holders = killed ? [] : [inside.workerId];
    const { faults } = census(daemons.home.home, { acknowledged: [id], holders });
    return { stolen, againAfterMs, record, faults };
  } finally {
    await daemons.remove();
    rmSync(outside, { recursive: true, force: true });
  }
};
