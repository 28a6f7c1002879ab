/**
 * Where a task is. A full id is found by probing the few names it can have; only folders that stay small
 * (delayed, in progress) are listed. Before a task is said to be nowhere, all folders it could be in are:
 * others act on that. Nothing is opened.
 */
import { basename, join } from 'node:path';
import { systemCode } from '../../../errors.ts';
import { dayOf, isTaskId } from '../../../task/id.ts';
import {
  ENDED_STATES,
  type EndedState,
  isTimed,
  type State,
  WAITING_STATES,
} from '../../../task/lifecycle.ts';
import { listOrNone } from '../disk/disk.ts';
import type { QueueContext } from './context.ts';
import {
  endedName,
  type Place,
  parseEndedName,
  parseTaskName,
  parseWaiting,
  REAPED_PREFIX,
  type TaskName,
  taskName,
} from './names.ts';
import { quarantine } from './quarantine.ts';

const OUTCOME = /^run-(0|[1-9]\d{0,8})\.json$/;

/** Beyond so many runs the names it can have are too many to try: the folders are listed at once. */
const RUNS_TRIED = 32;

/** Whether the results of `id` lie in folders of the home. A link in their place would lead to files of others. */
export const hasResults = async ({ disk, layout }: QueueContext, id: string): Promise<boolean> =>
  (await disk.facts(layout.resultsDay(id)))?.kind === 'folder' &&
  (await disk.facts(layout.resultFolder(id)))?.kind === 'folder';

// What may not be read tells nothing; where the task is can be known all the same.
const namesOfResults = async ({ disk, layout }: QueueContext, id: string): Promise<string[]> => {
  try {
    return await listOrNone(disk, layout.resultFolder(id));
  } catch (error) {
    if (systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM') return [];
    throw error;
  }
};

/** Numbers of the runs of `id` that have an outcome, ascending. */
export const outcomeRuns = async (context: QueueContext, id: string): Promise<number[]> => {
  if (!(await hasResults(context, id))) return [];
  return (await namesOfResults(context, id))
    .flatMap((name) => {
      const match = OUTCOME.exec(name);
      return match === null ? [] : [Number(match[1])];
    })
    .sort((a, b) => a - b);
};

/** The task's place, or undefined when it is nowhere. */
export const locate = async (context: QueueContext, id: string): Promise<Place | undefined> => {
  if (!isTaskId(id)) return undefined;
  // A task may move on between two probes, and back again by a retry; it never moves three times in one look.
  for (let pass = 0; pass < 3; pass += 1) {
    const place =
      (await locateEnded(context, id)) ??
      (await waiting(context, id)) ??
      (await inProgress(context, id)) ??
      (await locateEnded(context, id));
    if (place !== undefined) return place;
  }
  return search(context, id);
};

const search = async (context: QueueContext, id: string): Promise<Place | undefined> => {
  for await (const place of placesWaiting(context)) if (place.id === id) return place;
  const running = await inProgress(context, id);
  if (running !== undefined) return running;
  for (const state of ENDED_STATES) {
    const folder = context.layout.endedFolder(state, id);
    for (const text of await listOrNone(context.disk, folder)) {
      const name = parseEndedName(text);
      if (name?.id === id) return endedPlace(id, name.run, state, folder);
    }
  }
  return undefined;
};

const endedPlace = (id: string, run: number, state: EndedState, folder: string): Place => ({
  id,
  run,
  base: run,
  priority: 5,
  state,
  path: join(folder, endedName(id, run)),
  folder,
  dueMs: null,
  workerId: null,
});

/** The task among those that have ended; undefined where it is not. */
export const locateEnded = async (context: QueueContext, id: string): Promise<Place | undefined> => {
  const { disk, layout } = context;
  const last = (await outcomeRuns(context, id)).at(-1) ?? 0;
  // One past the last outcome: ended without a run (cancelled), and the outcome is about to be linked.
  for (const run of [last, last + 1]) {
    for (const state of ENDED_STATES) {
      const folder = layout.endedFolder(state, id);
      const place = endedPlace(id, run, state, folder);
      if ((await disk.facts(place.path)) !== undefined) return place;
    }
  }
  return undefined;
};

/** So many are probed one by one; of more, the days are listed. */
const PROBED = 8;

/** Those of `ids` that have ended, and how. Costs little, however many are asked for and however many wait. */
export const endedOf = async (context: QueueContext, ids: readonly string[]): Promise<Map<string, State>> => {
  const ended = new Map<string, State>();
  if (ids.length <= PROBED) {
    for (const id of ids) {
      const place = await locateEnded(context, id);
      if (place !== undefined) ended.set(id, place.state);
    }
    return ended;
  }
  const asked = new Set(ids);
  const oneOfEachDay = new Map(ids.map((id) => [dayOf(id), id])).values();
  for (const id of oneOfEachDay) {
    for (const state of ENDED_STATES) {
      for (const text of await listOrNone(context.disk, context.layout.endedFolder(state, id))) {
        const name = parseEndedName(text);
        if (name !== undefined && asked.has(name.id)) ended.set(name.id, state);
      }
    }
  }
  return ended;
};

const waiting = async (context: QueueContext, id: string): Promise<Place | undefined> => {
  const { disk, layout } = context;
  const last = (await outcomeRuns(context, id)).at(-1) ?? 0;
  for (const state of WAITING_STATES) {
    if (last > RUNS_TRIED || isTimed(state)) continue;
    const folder = layout.states[state];
    for (const name of possibleNames(id, last)) {
      const path = join(folder, taskName(name));
      if ((await disk.facts(path)) !== undefined) {
        return { ...name, state, path, folder, dueMs: null, workerId: null };
      }
    }
  }
  for (const state of WAITING_STATES) {
    if (!isTimed(state)) continue;
    const folder = layout.states[state];
    for (const text of await listOrNone(disk, folder)) {
      if (!text.includes(id)) continue;
      const name = parseWaiting(state, text);
      if (name?.id === id) return { ...name, state, path: join(folder, text), folder, workerId: null };
    }
  }
  return undefined;
};

function* possibleNames(id: string, run: number): Generator<TaskName> {
  for (let base = 0; base <= run; base += 1) {
    // 5 is the priority of nearly all tasks.
    for (const priority of [5, 10, 9, 8, 7, 6, 4, 3, 2, 1]) yield { id, run, base, priority };
  }
}

const inProgress = async (context: QueueContext, id: string): Promise<Place | undefined> => {
  for await (const place of placesInProgress(context)) if (place.id === id) return place;
  return undefined;
};

/** Every task in a worker's hands, also in those of a dead one that is being cleared up. */
export async function* placesInProgress(context: QueueContext): AsyncGenerator<Place> {
  const { disk, layout } = context;
  for (const worker of await listOrNone(disk, layout.inProgress)) {
    const folder = join(layout.inProgress, worker);
    const workerId = worker.startsWith(REAPED_PREFIX) ? worker.slice(REAPED_PREFIX.length) : worker;
    for (const text of await listOrNone(disk, folder)) {
      const name = parseTaskName(text);
      if (name === undefined) continue;
      yield { ...name, state: 'in_progress', path: join(folder, text), folder, dueMs: null, workerId };
    }
  }
}

/** Names in the folders of waiting states, parsed, in the order in which tasks become ready. Foreign names are left out. */
export async function* placesWaiting(context: QueueContext): AsyncGenerator<Place> {
  const { disk, layout } = context;
  for (const state of WAITING_STATES.toReversed()) {
    const folder = layout.states[state];
    for (const text of await listOrNone(disk, folder)) {
      const name = parseWaiting(state, text);
      if (name === undefined) continue;
      yield { ...name, state, path: join(folder, text), folder, workerId: null };
    }
  }
}

/** Makes the day folders that a task of this id will need, durably, where they are missing. */
export const ensureDayFolders = async (context: QueueContext, id: string): Promise<void> => {
  const { layout } = context;
  for (const [parent, folder] of [
    ...ENDED_STATES.map((state) => [layout.states[state], layout.endedFolder(state, id)] as const),
    [layout.results, layout.resultsDay(id)] as const,
  ]) {
    await ensureFolder(context, parent, folder);
  }
};

/** Makes one folder durably where it is missing. What lies there and is none is set aside. */
export const ensureFolder = async (context: QueueContext, parent: string, folder: string): Promise<void> => {
  const { disk } = context;
  const facts = await disk.facts(folder);
  if (facts?.kind === 'folder') return;
  if (facts !== undefined) {
    const name = `${basename(parent)}-${basename(folder)}`;
    await quarantine(context, folder, name, `it lay where the folder ${folder} belongs`);
  }
  try {
    await disk.makeFolder(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  await disk.syncFolder(parent);
};
