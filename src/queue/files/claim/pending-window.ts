import { listOrNone } from '../disk/disk.ts';
import type { QueueContext } from '../layout/context.ts';
import { parseTaskName, type TaskName } from '../layout/names.ts';

const WINDOW = 512;
const OLDEST_KEPT = 64;
const MIN_SCAN_INTERVAL_MS = 50;
const STALE_AFTER_MS = 1000;

/** The first names in pending/, listed once and used until they are spent or stale. */
export class PendingWindow {
  /** Names in pending/ that are not a task's: dropped in by hand, or rubbish. */
  foreign: string[] = [];
  /** How many names the last look saw. */
  seen = 0;
  /** Set when something may have changed since the last look. */
  dirty = true;
  /** In the order of work. */
  first: TaskName[] = [];
  oldest: TaskName[] = [];

  readonly #context: QueueContext;
  /** Told of all names that a look saw. */
  readonly #onScan: (texts: readonly string[]) => void;
  #size = WINDOW;
  #complete = true;
  #scannedAt = Number.NEGATIVE_INFINITY;
  #scanTook = 0;

  constructor(context: QueueContext, onScan: (texts: readonly string[]) => void) {
    this.#context = context;
    this.#onScan = onScan;
  }

  /** How many names wait in pending/, looked at again when that is due. */
  async backlog(): Promise<number> {
    if (this.dirty && this.#mayScan(this.#age())) await this.#scan(WINDOW);
    return this.seen;
  }

  /** Looks at more names as long as `find` finds nothing among these; undefined: among none of them. */
  async search<T>(find: () => Promise<T | undefined>): Promise<T | undefined> {
    const age = this.#age();
    if (this.#mayScan(age) && (this.dirty || age > STALE_AFTER_MS)) await this.#scan(WINDOW);
    let again = false;
    for (;;) {
      const found = await find();
      if (found !== undefined) return found;
      if (!this.#complete) {
        // All in the window are passed over or gone: what lies behind them may be runnable.
        await this.#scan(this.#size * 4);
      } else if (this.dirty && !again) {
        // Once: while tasks that nobody takes keep arriving, it would never end.
        again = true;
        await this.#scan(WINDOW);
      } else {
        return undefined;
      }
    }
  }

  /** Takes out the names of tasks that have gone. */
  drop(ids: ReadonlySet<string>): void {
    if (ids.size === 0) return;
    this.first = this.first.filter(({ id }) => !ids.has(id));
    this.oldest = this.oldest.filter(({ id }) => !ids.has(id));
  }

  #age(): number {
    return this.#context.machine.steadyMs() - this.#scannedAt;
  }

  /** A folder whose listing takes long is listed more seldom. */
  #mayScan(age: number): boolean {
    return age > Math.max(MIN_SCAN_INTERVAL_MS, 20 * this.#scanTook);
  }

  async #scan(size: number): Promise<void> {
    const start = this.#context.machine.steadyMs();
    this.dirty = false;
    const names: TaskName[] = [];
    const foreign: string[] = [];
    const texts = await listOrNone(this.#context.disk, this.#context.layout.pending);
    for (const text of texts) {
      const name = parseTaskName(text);
      if (name === undefined) foreign.push(text);
      else if (names.length < size) names.push(name);
    }
    this.foreign = foreign.filter((text) => !text.startsWith('.'));
    this.seen = texts.length;
    this.#size = size;
    this.#complete = names.length + foreign.length === texts.length;
    this.first = names;
    this.oldest = oldestOf(texts);
    this.#onScan(texts);
    this.#scannedAt = this.#context.machine.steadyMs();
    this.#scanTook = this.#scannedAt - start;
  }
}

const oldestOf = (texts: readonly string[]): TaskName[] => {
  const names = texts.flatMap((text) => parseTaskName(text) ?? []);
  const byAge = (a: TaskName, b: TaskName): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return names.sort(byAge).slice(0, OLDEST_KEPT);
};
