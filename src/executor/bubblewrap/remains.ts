import { KoubouError, systemCode } from '../../errors.ts';
import { named } from '../../text/named.ts';

const MOST_NAMED = 5;

export interface Judged {
  /** For the log. */
  notes: string[];
  /** Why the run has failed, whatever its end was. */
  broken?: KoubouError;
}

/** What a program left and could not be set aside. Each thing is tried by itself, so that none keeps another one there. */
export class Remains {
  readonly #names: string[] = [];
  #cause: unknown;

  /** Does not reject. undefined: it failed, or gave nothing. */
  async try<T>(name: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      this.add(name, error);
      return undefined;
    }
  }

  add(name: string, cause: unknown): void {
    this.#names.push(
      `${name} (${systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause))})`,
    );
    this.#cause ??= cause;
  }

  /** undefined: there are none. */
  get error(): KoubouError | undefined {
    if (this.#names.length === 0) return undefined;
    return new KoubouError(
      'repository_lost',
      `What the program left cannot be set aside: ${named(this.#names, MOST_NAMED)}.`,
      { hint: 'Before you run git there, look at it, and remove what is not yours.', cause: this.#cause },
    );
  }
}
