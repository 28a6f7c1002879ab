/**
 * What lies in a home, read from its folders alone and by rules of its own: it shares no code with the queue,
 * so that the queue cannot be wrong in both places. `faults` are broken promises; none may be there after a
 * sweep.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';

interface CensusTask {
  id: string;
  state: string;
  run: number;
  path: string;
}

export interface Census {
  tasks: Map<string, CensusTask>;
  faults: string[];
}

/** What the census needs of a file system, so that it can look at a simulated one as well. */
export interface Reader {
  /** None where there is no such folder. */
  names(folder: string): string[];
  exists(path: string): boolean;
  text(path: string): string;
  inode(path: string): number;
}

const realFiles: Reader = {
  names: (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []),
  exists: fs.existsSync,
  text: (path) => fs.readFileSync(path, 'utf8'),
  inode: (path) => fs.lstatSync(path).ino,
};

/** `acknowledged`: ids that somebody was told of. `holders`: workers that live. */
export const census = (
  home: string,
  expected: { acknowledged?: readonly string[]; holders?: readonly string[] } = {},
  files: Reader = realFiles,
): Census => {
  const { names } = files;
  const readJson = (path: string): Record<string, unknown> | undefined => {
    try {
      return JSON.parse(files.text(path));
    } catch {
      return undefined;
    }
  };
  const faults: string[] = [];
  const tasks = new Map<string, CensusTask>();
  const at = (...parts: string[]) => join(home, ...parts);
  const ID = /(task_\d{8}_\d{6}_\d{6}_[0-9a-z]{4})\.r(\d+)(?:\.b\d+)?\.json$/;

  const see = (state: string, folder: string): void => {
    for (const name of names(folder)) {
      const match = ID.exec(name);
      if (match === null) {
        if (!name.startsWith('permit@')) faults.push(`${state} has ${name}`);
        continue;
      }
      const [, id = '', run = ''] = match;
      const before = tasks.get(id);
      if (before !== undefined) faults.push(`${id} is in ${before.state} and in ${state}`);
      tasks.set(id, { id, state, run: Number(run), path: join(folder, name) });
    }
  };
  for (const state of ['pending', 'delayed', 'blocked']) see(state, at('tasks', state));
  const workers = names(at('tasks/in_progress')).filter((name) => !/^slot-\d\d$/.test(name));
  for (const worker of workers) {
    if (!(expected.holders ?? []).includes(worker)) faults.push(`in_progress has ${worker}`);
    see('in_progress', at('tasks/in_progress', worker));
  }
  for (const state of ['completed', 'failed']) {
    for (const day of names(at('tasks', state))) see(state, at('tasks', state, day));
  }
  for (const id of expected.acknowledged ?? []) if (!tasks.has(id)) faults.push(`${id} is lost`);

  const outcomes = new Map<string, Map<number, Record<string, unknown>>>();
  for (const day of names(at('results'))) {
    for (const id of names(at('results', day))) {
      const runs = new Map<number, Record<string, unknown>>();
      for (const name of names(at('results', day, id))) {
        const run = /^run-(\d+)\.json$/.exec(name)?.[1];
        if (run === undefined) continue;
        const outcome = readJson(at('results', day, id, name));
        if (outcome?.attempt !== Number(run) || outcome.task_id !== id) faults.push(`${id}: torn ${name}`);
        else runs.set(Number(run), outcome);
      }
      outcomes.set(id, runs);
    }
  }
  const inodes = new Map<number, string>();
  for (const { id, state, run, path } of tasks.values()) {
    const runs = outcomes.get(id) ?? new Map();
    const last = Math.max(0, ...runs.keys());
    const outcome = runs.get(run);
    if (state === 'in_progress' ? run !== last + 1 && run !== last : run !== last) {
      faults.push(`${id} is ${state} with run ${run}, and the last outcome is of run ${last}`);
    }
    for (let number = 1; number <= last; number += 1) {
      if (!runs.has(number)) faults.push(`${id}: run ${number} has no outcome`);
    }
    if (state === 'completed' && outcome?.outcome !== 'success')
      faults.push(`${id} completed without success`);
    if (state === 'failed') {
      const code = (outcome?.error as { code?: string } | null)?.code;
      if (outcome?.outcome !== 'error' || code === undefined) faults.push(`${id} failed without a reason`);
    }
    const task = readJson(path);
    if (task?.task_id !== id) faults.push(`${id} is not the task in its file`);
    inodes.set(files.inode(path), id);
    if (typeof task?.key === 'string') {
      const hash = createHash('sha256').update(task.key).digest('hex');
      const key = at('keys', hash.slice(0, 2), hash);
      if (!files.exists(key)) faults.push(`${id} has lost its key`);
    }
  }
  for (const folder of names(at('keys'))) {
    for (const name of names(at('keys', folder))) {
      if (!inodes.has(files.inode(at('keys', folder, name)))) faults.push(`a key leads to no task: ${name}`);
    }
  }

  const held = workers.flatMap((worker) =>
    names(at('tasks/in_progress', worker)).filter((name) => name.startsWith('permit@')),
  );
  for (const name of names(at('permits'))) {
    for (const number of names(at('permits', name))) {
      const free = files.exists(at('permits', name, number, 'permit')) ? 1 : 0;
      const taken = held.filter((text) => text === `permit@${name}@${number}`).length;
      if (free + taken !== 1) faults.push(`permit ${name} ${number} is there ${free + taken} times`);
    }
  }
  if (held.length > 0 && workers.length === 0) faults.push('a permit is held by nobody');
  for (const name of names(at('tasks/tmp'))) faults.push(`tmp has ${name}`);
  for (const name of names(at('ctl/cancel'))) {
    const task = tasks.get(name.replace(/\.parent$/, ''));
    if (task?.state !== 'in_progress' && task?.state !== 'blocked') faults.push(`a mark is left: ${name}`);
  }
  for (const name of names(at('run'))) {
    const worker = name.replace(/^\./, '').replace(/\.(json|beat)$/, '');
    if (!['children', 'config-cache.json'].includes(name) && !(expected.holders ?? []).includes(worker))
      faults.push(`run has ${name}`);
  }
  for (const name of names(at('run/children'))) {
    if (!(expected.holders ?? []).includes(name)) faults.push(`run/children has ${name}`);
  }
  return { tasks, faults };
};
