/** Delayed tasks whose time has come, and due times that a wrong wall clock has put too far away. */
import { join } from 'node:path';
import { dueAfterRun, dueAsAsked, isFar } from '../../../task/due.ts';
import type { SweepReport } from '../../queue.ts';
import { listOrNone } from '../disk/disk.ts';
import { each } from '../disk/run-all.ts';
import type { QueueContext } from '../layout/context.ts';
import { parseDelayedName, type TaskName } from '../layout/names.ts';
import { readOutcome } from '../tasks/outcome.ts';
import { readTask } from '../tasks/read.ts';
import { placeAfter, taskPlace, transition } from '../tasks/transition.ts';

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
      if (isFar(name.dueMs, now)) tooFar.push(() => cutDue(context, from, name));
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
  const dueMs = await dueAsMeant(context, from.path, name);
  if (name.dueMs <= dueMs) return;
  await transition(context, from, taskPlace(context.layout, 'delayed', name, { dueMs }));
};

const dueAsMeant = async (
  context: QueueContext,
  path: string,
  { id, run, dueMs }: DelayedName,
): Promise<number> => {
  if (run > 0) {
    const endedMs = Date.parse((await readOutcome(context, id, run))?.ended_at ?? '');
    return dueAfterRun(endedMs, dueMs, context.nowMs());
  }
  const read = await readTask(context, path, id);
  return 'task' in read ? dueAsAsked(read.task, dueMs, context.nowMs()) : dueMs;
};
