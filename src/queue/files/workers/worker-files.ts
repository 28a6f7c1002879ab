/** What daemons say about themselves: the run file, written once, and the beat, rewritten every few seconds. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { systemCode } from '../../../errors.ts';
import { once } from '../../../text/once.ts';
import type { WorkerInfo } from '../../member.ts';
import { isHeardFrom, workerStatus } from '../../worker-status.ts';
import { BadFile, listOrNone } from '../disk/disk.ts';
import { removeAny } from '../disk/moves.ts';
import { type QueueContext, verdictFor } from '../layout/context.ts';
import { isWorkerId, MOST_SLOTS, parseTaskName } from '../layout/names.ts';

// Made when one is read: to make them costs a short command more than the look at a folder without workers.
/** As many as `koubou work --max` takes: what is read back has the bounds of what is written. */
const slotCount = () => z.int().check(z.minimum(0), z.maximum(MOST_SLOTS));

const runFileSchema = once(() =>
  z.looseObject({
    label: z.string(),
    slots: slotCount(),
    version: z.string(),
    runner: z.nullable(z.string()),
    model: z.nullable(z.string()),
    temporary: z.boolean(),
    /** Older versions did not say. */
    beat_seconds: z.optional(z.number()),
    bootId: z.string(),
    pid: z.number(),
    startTime: z.string(),
    pidNamespace: z.string(),
    hostId: z.string(),
    started_at: z.string(),
  }),
);
export type RunFile = z.infer<ReturnType<typeof runFileSchema>> & {
  /** Written by a koubou of this user: a process that another file names is nobody's to stop. */
  sealed: boolean;
};

const beatFileSchema = once(() =>
  z.looseObject({
    at: z.string(),
    /** By the clock that all processes of the boot share; beats of older versions have none. */
    steady_ms: z.optional(z.number()),
    slots: slotCount(),
    progress: z.record(z.string(), z.number()),
    down: z.record(z.string(), z.string()),
    passed: z.record(z.string(), z.enum(['endpoint', 'permit'])),
    notes: z.array(z.string()),
    completed: z.number(),
    failed: z.number(),
  }),
);
export type BeatFile = z.infer<ReturnType<typeof beatFileSchema>>;

const readJson = async <T extends z.core.$ZodType>(
  context: QueueContext,
  path: string,
  schema: T,
): Promise<{ data: z.infer<T>; bytes: Uint8Array } | undefined> => {
  try {
    const bytes = await context.disk.read(path, 1024 * 1024);
    const parsed = z.safeParse(schema, JSON.parse(bytes.toString('utf8')));
    return parsed.success ? { data: parsed.data, bytes } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BadFile) return undefined;
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
};

export const readRunFile = async (context: QueueContext, workerId: string): Promise<RunFile | undefined> => {
  const read = await readJson(context, context.layout.runFile(workerId), runFileSchema());
  return read && { ...read.data, sealed: context.seal?.isSealed(read.bytes) === true };
};

export const readBeat = async (context: QueueContext, workerId: string): Promise<BeatFile | undefined> =>
  (await readJson(context, context.layout.beatFile(workerId), beatFileSchema()))?.data;

/** Every registered daemon that is not known to be dead, oldest first. */
export const listWorkers = async (context: QueueContext): Promise<WorkerInfo[]> => {
  const { disk, layout } = context;
  const infos: WorkerInfo[] = [];
  for (const file of await listOrNone(disk, layout.run)) {
    const workerId = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
    if (!isWorkerId(workerId)) continue;
    const about = await readRunFile(context, workerId);
    if (about === undefined || verdictFor(context, about) === 'dead') continue;
    infos.push(await describe(context, workerId, about));
  }
  return infos.sort((a, b) => a.started_at.localeCompare(b.started_at));
};

const describe = async (context: QueueContext, workerId: string, about: RunFile): Promise<WorkerInfo> => {
  const beat = await readBeat(context, workerId);
  const names = await listOrNone(context.disk, join(context.layout.inProgress, workerId));
  const tasks = names.flatMap((name) => parseTaskName(name)?.id ?? []);
  return {
    worker_id: workerId,
    status: workerStatus({ ...heard(context, about, beat), tasks: tasks.length }),
    pid: about.pid,
    // What is asked to end is named by it.
    ...(about.sealed && verdictFor(context, about) === 'alive' ? { start_time: about.startTime } : {}),
    host: about.hostId,
    slots: beat?.slots ?? about.slots,
    tasks,
    runner: about.runner,
    model: about.model,
    tasks_completed: beat?.completed ?? 0,
    tasks_failed: beat?.failed ?? 0,
    last_heartbeat: beat?.at ?? about.started_at,
    started_at: about.started_at,
    progress: beat?.progress ?? {},
    down: beat?.down ?? {},
    notes: beat?.notes ?? [],
    temporary: about.temporary,
  };
};

// The wall clock of either side may be wrong, or may have been set since.
const silence = (context: QueueContext, about: RunFile, beat: BeatFile | undefined): number => {
  const { self, machine, nowMs } = context;
  if (beat === undefined) {
    // Of one that can be seen to live the first beat is about to come; of another nothing else is known.
    return verdictFor(context, about) === 'alive' ? 0 : Math.abs(nowMs() - Date.parse(about.started_at));
  }
  return about.bootId === self.bootId && beat.steady_ms !== undefined
    ? machine.steadyMs() - beat.steady_ms
    : // A beat of the future was made by another clock, or before this one was set back: nobody is heard by it.
      Math.abs(nowMs() - Date.parse(beat.at));
};

const heard = (
  context: QueueContext,
  about: RunFile,
  beat: BeatFile | undefined,
): { silentMs: number; beatSeconds: number | undefined } => ({
  silentMs: silence(context, about, beat),
  beatSeconds: about.beat_seconds,
});

/** Whether a daemon that has a task in hand is heard from; one that cannot be seen at all is not. */
export const isHeard = async (context: QueueContext, workerId: string | null): Promise<boolean> => {
  const about = workerId === null ? undefined : await readRunFile(context, workerId);
  if (workerId === null || about === undefined || verdictFor(context, about) === 'dead') return false;
  return isHeardFrom(heard(context, about, await readBeat(context, workerId)));
};

/** Tasks that living daemons passed over, and what each waits for. */
export const passedOver = async (context: QueueContext): Promise<Map<string, 'endpoint' | 'permit'>> => {
  const passed = new Map<string, 'endpoint' | 'permit'>();
  for (const worker of await listWorkers(context)) {
    const beat = await readBeat(context, worker.worker_id);
    for (const [id, why] of Object.entries(beat?.passed ?? {})) passed.set(id, why);
  }
  return passed;
};

/** Removes what a worker that is gone left in run/ and ctl/. */
export const removeWorkerFiles = async (context: QueueContext, workerId: string): Promise<void> => {
  const { disk, layout } = context;
  const children = join(layout.children, workerId);
  for (const name of await listOrNone(disk, children)) {
    await removeAny(disk, join(children, name));
  }
  await removeAny(disk, children);
  for (const path of [
    join(layout.control, `${workerId}.json`),
    join(layout.run, `.${workerId}.beat`),
    layout.beatFile(workerId),
    layout.runFile(workerId),
  ]) {
    await removeAny(disk, path);
  }
};
