import type { MarkupParts } from './markup-parts.ts';
import { THOUGHTS, type ThoughtFamily } from './thought-table.ts';

const PLAIN = THOUGHTS.flatMap(({ open, plain }) => (plain ? open : []));

/** Thoughts from the tag that begins them. What may be an answer as well is kept until it is known to end. */
export class ThoughtReader {
  readonly #parts: MarkupParts;
  readonly #family: ThoughtFamily;
  /** What was kept, the tag as well. */
  #kept: string | null = null;

  /** `name`: of the tag. */
  constructor(
    parts: MarkupParts,
    family: ThoughtFamily,
    { name, isInAnswer }: { name: string; isInAnswer: boolean },
  ) {
    this.#parts = parts;
    this.#family = family;
    if (isInAnswer || family.plain) this.#kept = name;
  }

  isClosedBy(name: string): boolean {
    return this.#family.close.includes(name);
  }

  read(text: string): void {
    if (this.#kept === null) this.#parts.think(text);
    else this.#kept += text;
  }

  /** What comes next: an answer goes on, or one may begin. */
  close(): 'answer' | 'start' {
    const kept = this.#kept;
    if (kept === null) return 'start';
    const { length } = this.#family.plain ? (PLAIN.find((open) => kept.startsWith(open)) ?? '') : '';
    this.#parts.think(kept.slice(length));
    return this.#family.plain ? 'start' : 'answer';
  }

  /** They never ended. */
  end(): void {
    if (this.#kept !== null) this.#parts.answer(this.#kept);
  }
}
