/**
 * What lies beside the tasks in a home at rest, and in the folders around it: nothing half-made, no lock whose holder is
 * gone, each record whole.
 */
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type CensusTask, ENDED_STATES } from './places.ts';
import { disk, json, type Reader } from './reader.ts';

/** Names of what somebody was making, and of locks. */
const HALF_MADE = /^\.probe-|^\.koubou-.*\.tmp$|\.(?:tmp|half|scratch|apply|lock)$/;
/** What koubou writes for a person, and never empty. */
const NEVER_EMPTY = ['.gitignore', 'config/agent.yaml', 'config/.env', 'config/codex.toml'];

export const besideFaults = (
  home: string,
  reader: Reader,
  tasks: ReadonlyMap<string, CensusTask>,
): string[] => {
  const faults: string[] = [];
  const halfMade = (...folder: string[]): void => {
    const names = reader.names(join(home, ...folder)).filter((name) => HALF_MADE.test(name));
    faults.push(...names.map((name) => `${join(...folder, name)} is left`));
  };
  for (const folder of ['.', 'config', 'run', 'worktrees', 'logs', 'ctl']) halfMade(folder);
  for (const { id, state } of tasks.values()) {
    if (ENDED_STATES.includes(state)) halfMade('results', dayOf(id), id);
  }
  for (const name of NEVER_EMPTY) {
    if (isEmpty(join(home, name), reader)) faults.push(`${name} is empty`);
  }
  return [...faults, ...recordFaults(home, reader, tasks), ...aroundFaults(home, reader)];
};

const dayOf = (id: string): string => id.replace(/^task_(\d{4})(\d\d)(\d\d)_.*$/, '$1-$2-$3');

const isEmpty = (path: string, reader: Reader): boolean =>
  reader === disk && fs.existsSync(path) && fs.statSync(path).size === 0;

/** Each worktree has a record that says whose it is, and each record a task. */
const recordFaults = (home: string, reader: Reader, tasks: ReadonlyMap<string, CensusTask>): string[] => {
  const names = reader.names(join(home, 'worktrees')).filter((name) => !HALF_MADE.test(name));
  const idOf = (name: string): string => name.replace(/\.json$/, '').replace(/\.r\d+$/, '');
  const faults: string[] = [];
  const recorded = new Set<string>();
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const record = json(reader, join(home, 'worktrees', name));
    recorded.add(idOf(name));
    if (record === 'torn' || record?.['task_id'] !== idOf(name))
      faults.push(`worktrees/${name} is no record of a worktree`);
    if (!tasks.has(idOf(name))) faults.push(`worktrees/${name} is of no task`);
  }
  for (const name of names.filter((each) => !each.endsWith('.json'))) {
    if (!recorded.has(idOf(name))) faults.push(`worktrees/${name} has no record`);
  }
  return faults;
};

/** A project's own files are nobody's business: only names that nobody but koubou gives. */
const aroundFaults = (home: string, reader: Reader): string[] => {
  if (reader !== disk || basename(home) !== '.koubou') return [];
  const project = dirname(home);
  return ['.', '.claude'].flatMap((folder) =>
    reader
      .names(join(project, folder))
      .filter((name) => HALF_MADE.test(name))
      .map((name) => `${join(folder, name)} is left beside the home`),
  );
};
