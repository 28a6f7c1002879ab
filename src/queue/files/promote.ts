/** Delayed tasks whose time has come, and due times that a wrong wall clock has put too far away. */
import { join } from 'node:path';
import type { SweepReport } from '../queue.ts';
import type { QueueContext } from './context.ts';
import { listOrNone } from './disk.ts';
import { each } from './each.ts';
import { parseDelayedName, type TaskName } from './layout.ts';
import { readOutcome } from './outcome.ts';
import { readTask } from './read.ts';
import { placeAfter, taskPlace, transition } from './transition.ts';

/** No back-off is longer. */
const LONGEST_BACKOFF_MS = 3600 * 1000;
/** What was written down this far in the future was written by a clock that was wrong. */
const CLOCK_ERROR_MS = 60_000;

/** Moves delayed tasks whose time has come to pending. `mendClock` also looks at times too far ahead. */
export const promoteDue = async (
  context: QueueContext,
  report: SweepReport,
  mendClock: boolean,
): Promise<void> => {
  const { disk, layout, step } = context;
  const now = context.nowMs();
  let moved = false;
  const tooFar: (() => Promise<void>)[] = [];
  for (const text of await listOrNone(disk, layout.delayed)) {
    const name = parseDelayedName(text);
    if (name === undefined) continue;
    const from = { state: 'delayed', path: join(layout.delayed, text) } as const;
    if (name.dueMs > now) {
      if (!mendClock) break;
      if (name.dueMs > now + LONGEST_BACKOFF_MS) tooFar.push(() => cutDue(context, from, name));
      continue;
    }
    if (!(await transition(context, from, placeAfter(layout, 'delayed', 'due', name)))) continue;
    step('sweep.promoted');
    report.promoted += 1;
    moved = true;
  }
  if (moved) await Promise.all([disk.syncFolder(layout.delayed), disk.syncFolder(layout.pending)]);
  await each(tooFar);
};

type DelayedName = TaskName & { dueMs: number };

const cutDue = async (
  context: QueueContext,
  from: { state: 'delayed'; path: string },
  name: DelayedName,
): Promise<void> => {
  const waitMs =
    name.run === 0 ? await waitAskedFor(context, from.path, name) : await backoffMeant(context, name);
  const dueMs = waitMs === undefined ? name.dueMs : context.nowMs() + waitMs;
  if (name.dueMs <= dueMs) return;
  await transition(context, from, taskPlace(context.layout, 'delayed', name, { dueMs }));
};

/** Undefined: the time is right as it stands. */
const waitAskedFor = async (
  context: QueueContext,
  path: string,
  { id }: DelayedName,
): Promise<number | undefined> => {
  const read = await readTask(context, path, id);
  if (!('task' in read)) return undefined;
  const createdMs = Date.parse(read.task.created_at);
  if (!isAhead(context, createdMs)) return undefined;
  // The clock was set back since: what was meant is a wait from the moment at which it was asked for.
  const waitMs = Date.parse(read.task.not_before ?? '') - createdMs;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
};

const backoffMeant = async (context: QueueContext, { id, run, dueMs }: DelayedName): Promise<number> => {
  const endedMs = Date.parse((await readOutcome(context, id, run))?.ended_at ?? '');
  if (!isAhead(context, endedMs)) return LONGEST_BACKOFF_MS;
  return Math.min(Math.max(0, dueMs - endedMs), LONGEST_BACKOFF_MS);
};

const isAhead = (context: QueueContext, writtenMs: number): boolean =>
  writtenMs > context.nowMs() + CLOCK_ERROR_MS;
