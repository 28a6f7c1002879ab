/** What daemons that are never killed hold, looked at every second. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Course, courseOf, type Sample } from './flat.ts';

const PAGE_KB = 4;

export interface Held {
  name: string;
  /** Resident memory in megabytes, and open files. */
  memory: Course;
  files: Course;
  /** Least number of looks that a verdict needs is the caller's to judge. */
  looks: number;
}

export class Resources {
  readonly #daemons: readonly { name: string; pid: number }[];
  readonly #memory = new Map<string, Sample[]>();
  readonly #files = new Map<string, Sample[]>();

  constructor(daemons: readonly { name: string; pid: number }[]) {
    this.#daemons = daemons;
  }

  look(): void {
    const atMs = performance.now();
    for (const { name, pid } of this.#daemons) {
      const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
      keep(this.#memory, name, { atMs, value: (pages * PAGE_KB) / 1024 });
      keep(this.#files, name, { atMs, value: readdirSync(`/proc/${pid}/fd`).length });
    }
  }

  get held(): Held[] {
    return this.#daemons.map(({ name }) => {
      const [memory, files] = [this.#memory.get(name) ?? [], this.#files.get(name) ?? []];
      return { name, memory: courseOf(memory), files: courseOf(files), looks: memory.length };
    });
  }
}

const keep = (all: Map<string, Sample[]>, name: string, sample: Sample): void => {
  all.set(name, [...(all.get(name) ?? []), sample]);
};
