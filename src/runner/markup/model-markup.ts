/**
 * What of a model's text is its answer, and what is markup that the server left in it: thoughts between tags, the
 * channels of Harmony, tokens that begin and end a turn. Pure; the same for every way in which a stream is cut.
 *
 * Here the text is cut at the markers that find-marker.ts finds, holding back what may become one; markup-reader.ts says what
 * each piece means.
 */
import { beginOfMarker, nextMarker } from './find-marker.ts';
import { MarkupParts, type Part } from './markup-parts.ts';
import { MarkupReader } from './markup-reader.ts';

export type { Part };

/** Letters after a marker that are looked at. */
const AFTER = 2;

export class MarkupSplitter {
  readonly #parts = new MarkupParts();
  readonly #reader: MarkupReader;
  #held = '';

  /** `asked`: the prompt. Markup that it names is what was asked for, and no markup. */
  constructor(asked: string) {
    this.#reader = new MarkupReader(asked, this.#parts);
  }

  push(text: string): Part[] {
    this.#held += text;
    this.#cut(false);
    return this.#parts.take();
  }

  end(): Part[] {
    this.#cut(true);
    for (let late = this.#reader.takeLate(); late !== undefined; late = this.#reader.takeLate()) {
      this.#held = late;
      this.#cut(true);
    }
    this.#reader.end();
    return this.#parts.take();
  }

  /** Reads all of the held text but an ending that may be the beginning of a marker. */
  #cut(whole: boolean): void {
    for (;;) {
      const found = nextMarker(this.#held);
      const mayBegin = whole ? this.#held.length : beginOfMarker(this.#held);
      // What stands at the end may go on to a longer marker.
      if (found === undefined || mayBegin <= found.at) {
        this.#reader.text(this.#held.slice(0, mayBegin));
        this.#held = this.#held.slice(mayBegin);
        return;
      }
      this.#reader.text(this.#held.slice(0, found.at));
      const rest = this.#held.slice(found.at + found.text.length);
      if (!whole && rest.length < AFTER) {
        this.#held = found.text + rest;
        return;
      }
      this.#held = rest;
      this.#reader.marker(found, rest.slice(0, AFTER));
    }
  }
}
