/** Permits: each is free or in the hands of one worker, who has a task for it. */
import { join } from 'node:path';
import { SLOT } from './places.ts';
import type { Reader } from './reader.ts';

/** As for tasks: looked at again so often while they are handed about. */
const LOOKS = 20;

export const permitFaults = (home: string, reader: Reader, working: boolean): string[] => {
  const faults: string[] = [];
  const inProgress = join(home, 'tasks/in_progress');
  const held = (): string[] =>
    reader
      .names(inProgress)
      .flatMap((worker) =>
        reader.names(join(inProgress, worker)).map((name) => join(inProgress, worker, name)),
      )
      .filter((path) => path.includes('/permit@'));
  const permits = join(home, 'permits');
  const holders = held();
  for (const name of reader.names(permits)) {
    for (const number of reader.names(join(permits, name))) {
      const free = join(permits, name, number, 'permit');
      const places = (taken: readonly string[]): string[] =>
        [free, ...taken.filter((path) => path.endsWith(`/permit@${name}@${number}`))].filter((path) =>
          reader.exists(path),
        );
      let there = places(holders);
      for (let look = 1; working && look < LOOKS && there.length !== 1; look += 1) there = places(held());
      if (there.length !== 1) faults.push(`permit ${name} ${number} is there ${there.length} times`);
      if (!reader.exists(join(permits, name, number, 'made'))) {
        faults.push(`permit ${name} ${number} could be made a second time`);
      }
    }
  }
  for (const path of holders) {
    const [, name = '', number = ''] = /\/permit@(.+)@(\d+)$/.exec(path) ?? [];
    if (!reader.exists(join(permits, name, number))) faults.push(`permit ${name} ${number} has no folder`);
  }
  if (working) return faults;
  for (const worker of reader.names(inProgress)) {
    const names = reader.names(join(inProgress, worker));
    if (SLOT.test(worker)) {
      faults.push(...names.map((name) => `${worker} has ${name}`));
      continue;
    }
    const held = names.filter((name) => name.startsWith('permit@'));
    const tasks = names.length - held.length;
    if (held.length > 0 && tasks === 0) faults.push(`${worker} holds a permit and no task`);
    // A task has use for one of a name.
    for (const [name, those] of Map.groupBy(held, (each) => each.replace(/@\d+$/, ''))) {
      if (tasks > 0 && those.length > tasks) {
        faults.push(`${worker} holds ${those.length} of ${name}, and ${tasks} tasks`);
      }
    }
  }
  return faults;
};
