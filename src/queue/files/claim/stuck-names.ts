import { systemCode } from '../../../errors.ts';
import type { QueueContext } from '../layout/context.ts';
import { type TaskName, taskName } from '../layout/names.ts';

const STUCK_FOR_MS = 30_000;

/** What the system says of one file, where others may go well. */
const OF_ONE_FILE = new Set(
  'EACCES EPERM EISDIR ENOTDIR EEXIST ENOTEMPTY ELOOP EBUSY ENAMETOOLONG ENXIO EINVAL'.split(' '),
);

/** Names that could be neither read nor moved: they must not hold up the others. */
export class StuckNames {
  readonly #context: QueueContext;
  readonly #stuck = new Map<string, { why: string; untilMs: number }>();

  constructor(context: QueueContext) {
    this.#context = context;
  }

  get trouble(): string | null {
    const [first] = this.#stuck;
    if (first === undefined) return null;
    const more = this.#stuck.size === 1 ? '' : ` and ${this.#stuck.size - 1} more`;
    return `${first[0]}${more} cannot be taken (${first[1].why})`;
  }

  has(name: TaskName): boolean {
    const text = taskName(name);
    const stuck = this.#stuck.get(text);
    if (stuck === undefined) return false;
    if (this.#context.machine.steadyMs() < stuck.untilMs) return true;
    this.#stuck.delete(text);
    return false;
  }

  /** Throws what is not that file's trouble alone. */
  passOver(name: TaskName, error: unknown): 'stuck' {
    if (OF_ONE_FILE.has(systemCode(error) ?? '')) return this.#add(name, error);
    throw error;
  }

  /** The same after reading. A sector of one file that cannot be read is that file's trouble; elsewhere it is the device's. */
  passOverUnread(name: TaskName, error: unknown): 'stuck' {
    if (systemCode(error) === 'EIO') return this.#add(name, error);
    throw error;
  }

  /** `texts`: all names that are there; the others are stuck no more. */
  keepOnly(texts: readonly string[]): void {
    for (const text of this.#stuck.keys()) if (!texts.includes(text)) this.#stuck.delete(text);
  }

  #add(name: TaskName, error: unknown): 'stuck' {
    const why = error instanceof Error ? error.message : String(error);
    this.#stuck.set(taskName(name), { why, untilMs: this.#context.machine.steadyMs() + STUCK_FOR_MS });
    return 'stuck';
  }
}
