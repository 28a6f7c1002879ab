/**
 * Names that a file no longer has. After a loss of power btrfs may show a file that was renamed under its old name as well
 * as under the new one. The path is the state, so one of them is not true: the task has moved on from the old one.
 */
import { join } from 'node:path';
import { systemCode } from '../../../errors.ts';
import {
  ENDED_STATES,
  isEnded,
  isWaiting,
  STATES,
  type State,
  WAITING_STATES,
} from '../../../task/lifecycle.ts';
import { PERMIT_FILE } from '../claim/permits.ts';
import { listOrNone, unlessCode } from '../disk/disk.ts';
import type { QueueContext } from './context.ts';
import { placesInProgress, placesWaiting } from './locate.ts';
import { type Place, parseEndedName, parseHeldPermit, parseTaskName } from './names.ts';

const UNREADABLE: readonly string[] = ['EACCES', 'EPERM'];

/** Of two places with the same R and B, that of the state named later here is the one that the task came to last. */
const ORDER: readonly State[] = [
  ...STATES.filter((state) => !isWaiting(state) && !isEnded(state)),
  ...WAITING_STATES.toReversed(),
  ...ENDED_STATES.toReversed(),
];

/** To be called before anything is claimed or given back. Only the first call in a process looks; one that failed is repeated. */
export const withoutOldNames = async (context: QueueContext): Promise<void> => {
  context.oldNames ??= removeOldNames(context);
  try {
    await context.oldNames;
  } catch (error) {
    // A folder that may not be read holds up nobody: what lies in it is left as it is, here as in the sweep.
    if (UNREADABLE.includes(systemCode(error) ?? '')) {
      context.oldNames = Promise.resolve();
      return;
    }
    context.oldNames = undefined;
    throw error;
  }
};

/** Only names are looked at, and the files of those tasks that occur more than once. */
const removeOldNames = async (context: QueueContext): Promise<void> => {
  for (const places of await placesOfRepeated(context)) {
    for (const names of (await byInode(context, places)).values()) {
      const [newest, ...old] = names.sort((a, b) => (isNewer(a, b) ? -1 : 1));
      for (const place of newest === undefined ? [] : old) {
        await removeOld(context, place.path);
      }
    }
  }
  await removeOldHeld(context);
  await removeOldHalfMade(context);
};

/**
 * A permit that is free, or a dropped file that waits, as well as in the hands of a worker: that one is dead, as nobody has
 * taken any yet.
 */
const removeOldHeld = async (context: QueueContext): Promise<void> => {
  const { disk, layout } = context;
  for (const worker of await listOrNone(disk, layout.inProgress)) {
    for (const text of await listOrNone(disk, join(layout.inProgress, worker))) {
      if (parseTaskName(text) !== undefined) continue;
      const permit = parseHeldPermit(text);
      const held = join(layout.inProgress, worker, text);
      const free =
        permit === undefined
          ? join(layout.pending, text)
          : join(layout.permits, permit.folder, String(permit.number), PERMIT_FILE);
      const inodes = [(await disk.facts(held))?.inode, (await disk.facts(free))?.inode];
      if (inodes[0] !== undefined && inodes[0] === inodes[1]) await removeOld(context, held);
    }
  }
};

/** Two sweeps that take one name each would both give the task a place. Which name stays is the same for all who look. */
const removeOldHalfMade = async ({ disk, layout }: QueueContext): Promise<void> => {
  const kept = new Map<number, string>();
  for (const name of await listOrNone(disk, layout.tmp)) {
    const path = join(layout.tmp, name);
    const facts = await disk.facts(path);
    if (facts?.kind !== 'file' || facts.links < 2) continue;
    const other = kept.get(facts.inode);
    // One that a sweep gave a new name between two looks was seen under both; then it is gone from the first.
    const isOld = other !== undefined && (await disk.facts(other))?.inode === facts.inode;
    if (isOld) await unlessCode(['ENOENT'], () => disk.unlink(path));
    else kept.set(facts.inode, path);
  }
};

const placesOfRepeated = async (context: QueueContext): Promise<Place[][]> => {
  const byId = new Map<string, Place[]>();
  const note = (place: Place): void => {
    const places = byId.get(place.id);
    if (places === undefined) byId.set(place.id, [place]);
    else places.push(place);
  };
  for await (const place of placesWaiting(context)) note(place);
  for await (const place of placesInProgress(context)) note(place);
  for await (const place of placesEnded(context)) note(place);
  return [...byId.values()].filter((places) => places.length > 1);
};

async function* placesEnded({ disk, layout }: QueueContext): AsyncGenerator<Place> {
  for (const state of ENDED_STATES) {
    for (const day of await listOrNone(disk, layout.states[state])) {
      const folder = join(layout.states[state], day);
      for (const text of await listOrNone(disk, folder)) {
        const name = parseEndedName(text);
        if (name === undefined) continue;
        // Behind all that waited with this R, and before what a retry made of it: that has B = R.
        const base = name.run - 0.5;
        yield {
          ...name,
          base,
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
}

const byInode = async ({ disk }: QueueContext, places: readonly Place[]): Promise<Map<number, Place[]>> => {
  const found = new Map<number, Place[]>();
  for (const place of places) {
    const facts = await disk.facts(place.path);
    if (facts?.kind !== 'file') continue;
    found.set(facts.inode, [...(found.get(facts.inode) ?? []), place]);
  }
  return found;
};

const isNewer = (a: Place, b: Place): boolean => {
  if (a.run !== b.run) return a.run > b.run;
  if (a.base !== b.base) return a.base > b.base;
  return ORDER.indexOf(a.state) > ORDER.indexOf(b.state);
};

// A task that moved between two looks was seen at two places as well; then it is gone from the first.
const removeOld = async ({ disk }: QueueContext, path: string): Promise<void> => {
  const facts = await disk.facts(path);
  if (facts === undefined || facts.links < 2) return;
  await unlessCode(['ENOENT'], () => disk.unlink(path));
};
