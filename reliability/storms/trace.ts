/**
 * What runs of tasks did, as they wrote it to a file outside the home (task.sh): each line is appended whole, so the
 * order of lines is the order of what happened, whatever koubou says of it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskRecord } from '../../src/task/record.ts';

const SCRIPT = join(import.meta.dirname, 'task.sh');

interface Line {
  what: 'begin' | 'step' | 'end' | 'overlap';
  worker: string;
  id: string;
  run: number;
}

export class Trace {
  readonly #folder: string;

  /** `folder`: outside the home. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, 'locks'), { recursive: true });
    writeFileSync(join(folder, 'trace'), '');
  }

  /** Works for so many steps of so many seconds; the first run of a task, where that is given, for `first` steps. */
  command(steps: number, seconds: number, first?: number): string[] {
    const words = [SCRIPT, this.#folder, `${steps}`, `${seconds}`, first === undefined ? [] : `${first}`];
    return ['sh', ...words.flat()];
  }

  lines(): Line[] {
    const text = readFileSync(join(this.#folder, 'trace'), 'utf8');
    return text.split('\n').flatMap((line) => {
      const [, what, worker, id, run] = /^(\w+) (\S+)\/(task_\w+)\.r(\d+)$/.exec(line) ?? [];
      if (what === undefined || worker === undefined || id === undefined) return [];
      return [{ what: what as Line['what'], worker, id, run: Number(run) }];
    });
  }

  /** Whether some run of this task began. */
  began(id: string): boolean {
    return existsSync(join(this.#folder, 'locks', id));
  }
}

/** How often work was begun twice at a time, or begun without a record of it. */
export const traceFaults = (lines: readonly Line[], records: readonly TaskRecord[]): string[] => {
  const faults: string[] = [];
  const newest = new Map<string, number>();
  const begun = new Map<string, string>();
  const ended = new Set<string>();
  for (const { what, worker, id, run } of lines) {
    const name = `${id}.r${run}`;
    if (what === 'overlap') faults.push(`${name} began while another run of it lived`);
    if (run < (newest.get(id) ?? 0))
      faults.push(`${name} went on (${what}) after run ${newest.get(id)} began`);
    newest.set(id, Math.max(run, newest.get(id) ?? 0));
    if (what === 'begin' && begun.has(name)) faults.push(`${name} began twice`);
    if (what === 'begin') begun.set(name, worker);
    if (what === 'end') ended.add(name);
  }
  const known = new Map(records.map((record) => [record.task_id, record]));
  for (const [name, worker] of begun) {
    const [id = '', run] = name.split('.r');
    const attempt = known.get(id)?.attempts.find((each) => each.attempt === Number(run));
    if (attempt?.worker_id !== worker) faults.push(`${name} was begun by ${worker}, which no record says`);
    if (attempt?.outcome === 'success' && !ended.has(name)) faults.push(`${name} succeeded and did not end`);
  }
  return faults;
};
