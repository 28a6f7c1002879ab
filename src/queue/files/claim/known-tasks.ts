import type { RunOutcome, TaskFile } from '../../../task/record.ts';
import type { QueueContext } from '../layout/context.ts';
import { type TaskName, taskName } from '../layout/names.ts';
import { readOutcomes } from '../tasks/outcome.ts';
import { readTask } from '../tasks/read.ts';

const CACHED_PROMPT_LENGTH = 64 * 1024;
const CACHED_TASKS = 2000;

export interface Known {
  task: TaskFile;
  earlier: RunOutcome[];
}

/** What the tasks in pending/ say, kept once it was read: a task file never changes under its name. */
export class KnownTasks {
  readonly #context: QueueContext;
  readonly #cache = new Map<string, Known>();

  constructor(context: QueueContext) {
    this.#context = context;
  }

  async read(name: TaskName, path: string): Promise<Known | 'gone' | 'bad'> {
    const text = taskName(name);
    const cached = this.#cache.get(text);
    if (cached !== undefined) return cached;
    const read = await readTask(this.#context, path, name.id);
    if ('gone' in read) return 'gone';
    if ('bad' in read) return 'bad';
    const earlier = name.run === 0 ? [] : await readOutcomes(this.#context, name.id);
    const known = { task: read.task, earlier };
    if (read.task.prompt.length < CACHED_PROMPT_LENGTH && this.#cache.size < CACHED_TASKS) {
      this.#cache.set(text, known);
    }
    return known;
  }

  forget(name: TaskName): void {
    this.#cache.delete(taskName(name));
  }

  /** Makes room; what was read first goes first. */
  trim(): void {
    for (const key of this.#cache.keys()) {
      if (this.#cache.size <= CACHED_TASKS) break;
      this.#cache.delete(key);
    }
  }
}

/** The outcomes since the task was last retried by hand. */
export const countingIn = ({ earlier }: Known, { base }: TaskName): RunOutcome[] =>
  earlier.filter(({ attempt }) => attempt > base);
