/** What hinders a daemon or what it is about, as others see it; each change is also emitted as an event once. */
import type { EmitEvent } from '../../events.ts';

/** In the beat of a daemon that takes nothing new: whoever needs a worker does not count on it. */
export const STOPPING_NOTE = 'stopping: it takes nothing new';

export class Notes {
  readonly #emit: EmitEvent;
  readonly #notes = new Map<string, string>();

  constructor(emit: EmitEvent) {
    this.#emit = emit;
  }

  get all(): string[] {
    return [...this.#notes.values()];
  }

  /** Keeps one note a name; null takes it back. */
  set(name: string, message: string | null): void {
    if (this.setQuietly(name, message) && message !== null) this.#emit({ event: 'note', message });
  }

  /** As `set`, for what is told in another way. Answers whether anything changed. */
  setQuietly(name: string, message: string | null): boolean {
    if ((this.#notes.get(name) ?? null) === message) return false;
    if (message === null) this.#notes.delete(name);
    else this.#notes.set(name, message);
    return true;
  }
}
