/** Looking at many tasks: counts and ids from names alone, records only for those that are shown. */
import { join } from 'node:path';
import {
  ENDED_STATES,
  type EndedState,
  isEnded,
  isWaiting,
  PART_STATES,
  STATES,
  STATUSES,
  type State,
  statusOf,
} from '../../../task/lifecycle.ts';
import type { TaskRecord } from '../../../task/record.ts';
import { matches, mayMatch, newestFirst } from '../../filter.ts';
import type { Counts, ListFilter } from '../../queue.ts';
import { listOrNone } from '../disk/disk.ts';
import type { QueueContext } from '../layout/context.ts';
import { placesInProgress, placesWaiting } from '../layout/locate.ts';
import { type Place, parseEndedName, parseWaiting } from '../layout/names.ts';
import { countQuarantine } from '../layout/quarantine.ts';
import { passedOver } from '../workers/worker-files.ts';
import { joinRecord, showTask } from './read.ts';

const countNames = async (
  context: QueueContext,
  folder: string,
  test: (name: string) => boolean,
): Promise<number> => {
  let count = 0;
  for (const name of await listOrNone(context.disk, folder)) if (test(name)) count += 1;
  return count;
};

// The form is what our own names have; parsing a hundred thousand of them would be most of the work.
const looksLikeTask = (name: string): boolean => name.endsWith('.json') && name.includes('task_');

/** Counts names and opens no file. In the order in which tasks go on, so that none is missed. */
export const countTasks = async (context: QueueContext): Promise<Counts> => {
  const counts = Object.fromEntries(
    [...STATUSES, ...PART_STATES, 'quarantined'].map((name) => [name, 0]),
  ) as unknown as Counts;
  for (const state of IN_ORDER) {
    const count = await countState(context, state);
    counts[state] += count;
    if (statusOf(state) !== state) counts[statusOf(state)] += count;
  }
  counts.quarantined = await countQuarantine(context);
  return counts;
};

/** Waiting tasks become ready from the last of the rows to the first, before they run. */
const RUNNING_AT = STATES.findIndex((state) => !isWaiting(state));
const IN_ORDER: readonly State[] = [...STATES.slice(0, RUNNING_AT).reverse(), ...STATES.slice(RUNNING_AT)];

const countState = async (context: QueueContext, state: State): Promise<number> => {
  const { disk, layout } = context;
  const folder = layout.states[state];
  if (isWaiting(state)) return countNames(context, folder, (name) => parseWaiting(state, name) !== undefined);
  let count = 0;
  if (!isEnded(state)) for await (const _ of placesInProgress(context)) count += 1;
  else
    for (const day of await listOrNone(disk, folder))
      count += await countNames(context, join(folder, day), looksLikeTask);
  return count;
};

/** Every place of a task in one of `states`, newest day first for ended ones. Other folders are not looked at. */
export async function* allPlaces(
  context: QueueContext,
  states: readonly State[] = STATES,
): AsyncGenerator<Place> {
  const wanted = new Set(states);
  if (states.some(isWaiting)) yield* placesWaiting(context);
  if (wanted.has('in_progress')) yield* placesInProgress(context);
  for (const state of ENDED_STATES) if (wanted.has(state)) yield* placesEnded(context, state);
}

async function* placesEnded(context: QueueContext, state: EndedState): AsyncGenerator<Place> {
  const { disk, layout } = context;
  for (const day of (await listOrNone(disk, layout.states[state])).reverse()) {
    const folder = join(layout.states[state], day);
    for (const text of (await listOrNone(disk, folder)).reverse()) {
      const name = parseEndedName(text);
      if (name === undefined) continue;
      const { id, run } = name;
      yield {
        id,
        run,
        base: run,
        priority: 5,
        state,
        path: join(folder, text),
        folder,
        dueMs: null,
        workerId: null,
      };
    }
  }
}

/** Full ids that contain `part`, newest first. */
export const findIds = async (context: QueueContext, part: string, limit: number): Promise<string[]> => {
  const ids = new Set<string>();
  for await (const place of allPlaces(context)) if (place.id.includes(part)) ids.add(place.id);
  return [...ids].sort(newestFirst).slice(0, limit);
};

export const listRecords = async (context: QueueContext, filter: ListFilter): Promise<TaskRecord[]> => {
  const { disk, layout } = context;
  const isWanted = mayMatch(filter);
  const places = new Map<string, Place>();
  for await (const place of allPlaces(context, filter.states)) {
    if (isWanted(place.id, place.state)) places.set(place.id, place);
  }
  const passed = await passedOver(context);
  const records: TaskRecord[] = [];
  for (const id of [...places.keys()].sort(newestFirst)) {
    if (filter.limit !== undefined && records.length >= filter.limit) break;
    const place = places.get(id) as Place;
    if (filter.unread === true) {
      if (!isEnded(place.state)) continue;
      if ((await disk.facts(layout.readMark(id))) !== undefined) continue;
    }
    const read = await showTask(context, place.path, id);
    if (!('task' in read)) continue;
    if (!matches(filter, read.task)) continue;
    const record = await joinRecord(context, place, read.task);
    if (record.status === 'pending' && record.waiting === null) record.waiting = passed.get(id) ?? null;
    records.push(record);
  }
  return records;
};
