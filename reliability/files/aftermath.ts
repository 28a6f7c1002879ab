/** What koubou made of a broken home, read from the folders alone. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './stage.ts';

const namesIn = (home: string, path: string): string[] => {
  try {
    return fs.readdirSync(join(home, path));
  } catch {
    return [];
  }
};

const WHY = '.why.json';

/** What lies in quarantine, without the reasons. */
export const asideIn = (home: string): string[] =>
  namesIn(home, 'tasks/quarantine').filter((name) => !name.endsWith(WHY));

export const withoutReason = (home: string, aside: readonly string[]): string[] =>
  aside
    .filter((name) => !fs.existsSync(join(home, 'tasks/quarantine', `${name}${WHY}`)))
    .map((name) => `${name} was set aside without a reason`);

const ID = /(task_\d{8}_\d{6}_\d{6}_[0-9a-z]{4})\.r\d+(?:\.b\d+)?\.json$/;

const placesIn = (home: string): Map<string, string[]> => {
  const places = new Map<string, string[]>();
  const walk = (folder: string): void => {
    for (const name of namesIn(home, folder)) {
      const path = `${folder}/${name}`;
      const id = ID.exec(name)?.[1];
      if (id !== undefined) places.set(id, [...(places.get(id) ?? []), path]);
      else if (fs.lstatSync(join(home, path), { throwIfNoEntry: false })?.isDirectory() === true) walk(path);
    }
  };
  for (const state of ['pending', 'delayed', 'blocked', 'in_progress', 'completed', 'failed', 'tmp']) {
    walk(`tasks/${state}`);
  }
  return places;
};

/** Acknowledged tasks that are nowhere, but for `lost`, or in two places. */
export const misplacedIn = (
  home: string,
  stage: Stage,
  aside: readonly string[],
  lost: string | null,
): string[] => {
  const problems: string[] = [];
  const places = placesIn(home);
  for (const id of stage.tasks) {
    const found = places.get(id) ?? [];
    const isAside = aside.some((name) => name.includes(id));
    if (found.length === 0 && !isAside && id !== lost) problems.push(`${id} is nowhere`);
    if (found.length > 1) problems.push(`${id} is in ${found.join(' and ')}`);
  }
  return problems;
};

/** Tasks that nothing was wrong with, and that were not done. */
export const heldUpIn = (home: string, stage: Stage): string[] => {
  const problems: string[] = [];
  const places = placesIn(home);
  for (const { id, output } of stage.bystanders) {
    const [place] = places.get(id) ?? [];
    const run = /\.r(\d+)\.json$/.exec(place ?? '')?.[1];
    if (!place?.startsWith('tasks/completed/')) {
      problems.push(`${id} was held up: it is at ${place}`);
      continue;
    }
    const day = `${id.slice(5, 9)}-${id.slice(9, 11)}-${id.slice(11, 13)}`;
    const result = join(home, 'results', day, id, `run-${run}.output`);
    const text = fs.existsSync(result) ? fs.readFileSync(result, 'utf8') : 'nothing';
    if (text !== output) problems.push(`${id} has another result: ${text.slice(0, 200)}`);
  }
  return problems;
};
