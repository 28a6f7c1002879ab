/**
 * The judge of homes: what lies in one, read from its folders alone and by rules of its own. It shares no code with
 * the queue, so that the queue cannot be wrong in both places. `faults` are broken promises.
 *
 * A home at rest (swept, and nobody works in it) may have none of them. With `working` only what holds at any
 * instant is looked at, in an order in which a task that moves meanwhile looks neither lost nor doubled.
 *
 *     node test/support/census/census.ts HOME [FILE of acknowledged ids] [--working] [--retried FILE of ids]
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { besideFaults } from './beside.ts';
import { gitFaults } from './git.ts';
import { type Allowed, dayOf, outcomeFaults } from './outcomes.ts';
import { permitFaults } from './permits.ts';
import { type CensusTask, type Places, placesOf } from './places.ts';
import { childFaults, children, livingWorkers } from './processes.ts';
import { disk, json, orNone, type Reader } from './reader.ts';

export type { CensusTask } from './places.ts';
export type { Reader } from './reader.ts';

export interface Census {
  tasks: Map<string, CensusTask>;
  faults: string[];
}

export interface Expected extends Allowed {
  /** Ids that somebody was told of. */
  acknowledged?: readonly string[];
  /** Workers that live. */
  holders?: readonly string[];
  working?: boolean;
}

type Fields = Record<string, unknown>;

export const census = (home: string, expected: Expected = {}, reader: Reader = disk): Census => {
  const working = expected.working ?? false;
  const running = reader === disk ? children() : [];
  const places = placesOf(home, reader, expected.acknowledged ?? [], working);
  const { tasks } = places;
  const files = new Map<string, Fields>();
  const faults = [...places.faults];
  for (const { id, path } of tasks.values()) {
    const task = json(reader, path);
    if (task !== undefined && (task === 'torn' || task['task_id'] !== id)) {
      faults.push(`${id} is not the task in its file`);
    } else if (task !== undefined) files.set(id, task);
  }
  const timesOf = timesRetried(files, expected.retried);
  for (const place of tasks.values()) {
    const task = files.get(place.id);
    const times = timesOf(place.id);
    faults.push(...outcomeFaults(home, reader, place, { task, working, times, allowed: expected }));
  }
  faults.push(...keyFaults(home, reader, tasks, files, working));
  faults.push(...permitFaults(home, reader, working));
  faults.push(...childFaults(running, tasks, working ? null : workersOf(home, reader, places)));
  if (!working) faults.push(...leftovers(home, reader, places, expected.holders ?? []));
  if (!working) faults.push(...besideFaults(home, reader, tasks));
  if (!working && reader === disk) faults.push(...gitFaults(home, tasks, files));
  return { tasks, faults };
};

const workersOf = (home: string, reader: Reader, { workers }: Places): string[] => [
  ...workers.map((name) => name.replace(/^\.reap-/, '')),
  ...reader.names(join(home, 'run')).map((name) => name.replace(/^\./, '').replace(/\.(json|beat)$/, '')),
];

/** How often each was run again by hand, for itself or along with a parent that it had failed for. */
const timesRetried = (
  files: ReadonlyMap<string, Fields>,
  retried: Expected['retried'] = [],
): ((id: string) => number) => {
  const by = new Map<string, number>();
  for (const id of retried === 'unknown' ? [] : retried) by.set(id, (by.get(id) ?? 0) + 1);
  if (by.size === 0) return () => 0;
  const times = (id: string, above: readonly string[] = []): number => {
    const parents = (files.get(id)?.['after'] ?? []) as string[];
    const others = parents.filter((parent) => !above.includes(parent));
    return others.reduce((sum, parent) => sum + times(parent, [...above, id]), by.get(id) ?? 0);
  };
  return times;
};

/** No key without its task, no task without its key. */
const keyFaults = (
  home: string,
  reader: Reader,
  tasks: ReadonlyMap<string, CensusTask>,
  files: ReadonlyMap<string, Fields>,
  working: boolean,
): string[] => {
  const faults: string[] = [];
  const keys = new Map<string, string>();
  const folder = join(home, 'keys');
  for (const first of reader.names(folder)) {
    for (const name of reader.names(join(folder, first))) keys.set(name, join(folder, first, name));
  }
  for (const [id, { key }] of files) {
    if (typeof key !== 'string') continue;
    const hash = createHash('sha256').update(key).digest('hex');
    const path = join(folder, hash.slice(0, 2), hash);
    if (!reader.exists(path)) faults.push(`${id} has lost its key`);
  }
  // A key is one more name of its task's file, which is only ever renamed: as its last name it leads to no task.
  if (working) {
    const alone = [...keys].filter(([, path]) => orNone(() => fs.lstatSync(path).nlink) === 1);
    return [...faults, ...alone.map(([name]) => `a key leads to no task: ${name}`)];
  }
  const inodes = new Map<number, string>();
  for (const { id, path } of tasks.values()) {
    const inode = orNone(() => reader.inode(path));
    if (inode !== undefined) inodes.set(inode, id);
    else faults.push(`${id} is moved while it is looked at: the home is not at rest`);
  }
  for (const [name, path] of keys) {
    const id = inodes.get(orNone(() => reader.inode(path)) ?? -1);
    const key = id === undefined ? undefined : files.get(id)?.['key'];
    if (id === undefined) faults.push(`a key leads to no task: ${name}`);
    else if (typeof key !== 'string' || createHash('sha256').update(key).digest('hex') !== name) {
      faults.push(`a key leads to ${id}, which has another: ${name}`);
    }
  }
  return faults;
};

/** Of no worker. A lock that nobody holds, or one who is dead, is free: its number is kept so that it never falls. */
const KEPT_IN_RUN = /^(?:children|prompt-counts\.json|(?:autostart|agent\.yaml)\.lock\.\d+)$/;

/** What a sweep takes away when its owner is gone. */
const leftovers = (home: string, reader: Reader, places: Places, holders: readonly string[]): string[] => {
  const { tasks, workers, strangers } = places;
  const faults = [...strangers];
  const at = (...parts: string[]): string[] => reader.names(join(home, ...parts));
  for (const worker of workers) if (!holders.includes(worker)) faults.push(`in_progress has ${worker}`);
  for (const name of at('tasks/tmp')) faults.push(`tmp has ${name}`);
  for (const name of at('ctl/cancel')) {
    if (tasks.get(name.replace(/\.b\d+$/, ''))?.state !== 'in_progress')
      faults.push(`a mark is left: ${name}`);
  }
  for (const name of at('ctl')) {
    const worker = name.replace(/\.json$/, '');
    if (name !== 'cancel' && !holders.includes(worker)) faults.push(`ctl has ${name}`);
  }
  for (const name of at('run')) {
    const worker = name.replace(/^\./, '').replace(/\.(json|beat)$/, '');
    if (!KEPT_IN_RUN.test(name) && !holders.includes(worker)) faults.push(`run has ${name}`);
  }
  for (const name of at('run/children')) if (!holders.includes(name)) faults.push(`run/children has ${name}`);
  const aside = new Set(at('tasks/quarantine'));
  for (const name of aside) {
    if (name.endsWith('.why.json') || aside.has(`${name}.why.json`)) continue;
    faults.push(`quarantine has ${name}, and nothing says why`);
  }
  for (const day of at('results')) {
    for (const id of at('results', day)) {
      if (tasks.has(id) && dayOf(id) === day) continue;
      const outcomes = at('results', day, id).filter((name) => /^run-\d+\.json$/.test(name));
      const known = [...aside].some((name) => name.startsWith(id));
      if (outcomes.length > 0 && !known)
        faults.push(`results/${day} has outcomes of ${id}, which is not there`);
    }
  }
  return faults;
};

const main = (words: readonly string[]): number => {
  const value = (name: string): string | undefined =>
    words.includes(name) ? words[words.indexOf(name) + 1] : undefined;
  const idsIn = (path: string | undefined): string[] =>
    path === undefined ? [] : (fs.readFileSync(path, 'utf8').match(/task_[0-9a-z_]+/g) ?? []);
  const retriedFile = value('--retried');
  const [home, acknowledged] = words.filter((word) => !word.startsWith('--') && word !== retriedFile);
  if (home === undefined || !fs.existsSync(join(home, 'tasks'))) {
    console.error('Usage: census.ts HOME [FILE of acknowledged ids] [--working] [--retried FILE of ids]');
    return 2;
  }
  const { tasks, faults } = census(home, {
    acknowledged: idsIn(acknowledged),
    retried: idsIn(retriedFile),
    holders: livingWorkers(home),
    working: words.includes('--working'),
  });
  for (const fault of faults) console.log(fault);
  console.log(`${tasks.size} tasks, ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
};

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
