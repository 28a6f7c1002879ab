/** Whether a place in a Markdown text is quoted: in code, or where prose speaks of what stands there. Pure. */

/** What stands before a word that is spoken of. A closing tag after a sentence has a letter or a stop before it. */
const QUOTING = new Set(['"', "'", '`', '“', '”', '„', '‘', '«', '»', '「', '『', '（', '(', '=', '\\']);
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** A line that is longer is no fence. */
const LONGEST_FENCE = 64;

export class QuoteScanner {
  #fence: string | null = null;
  #inCode = false;
  /** The line so far, its beginning; null where it is too long to matter. */
  #line = '';
  #onlySpace = true;
  #last = '\n';

  read(text: string): void {
    for (const letter of text) this.#letter(letter);
  }

  /** Whether a marker that stood here would be quoted. */
  get isQuoted(): boolean {
    if (this.#fence !== null || this.#inCode) return true;
    if (this.#onlySpace) return false;
    return QUOTING.has(this.#last) || /\s/.test(this.#last);
  }

  /** Only spaces stand before it on its line. */
  get isAtLineStart(): boolean {
    return this.#onlySpace;
  }

  #letter(letter: string): void {
    this.#last = letter;
    if (letter === '\n') {
      this.#endLine();
      return;
    }
    if (this.#line.length < LONGEST_FENCE) this.#line += letter;
    if (letter !== ' ' && letter !== '\t' && letter !== '\r') this.#onlySpace = false;
    if (letter === '`') this.#inCode = !this.#inCode;
  }

  #endLine(): void {
    const [, fence] = FENCE.exec(this.#line) ?? [];
    if (fence !== undefined) {
      if (this.#fence === null) this.#fence = fence;
      else if (fence[0] === this.#fence[0] && fence.length >= this.#fence.length) this.#fence = null;
    }
    this.#line = '';
    this.#onlySpace = true;
    // Code within a line seldom goes over its end, and a letter too many must not quote all the rest.
    this.#inCode = false;
  }
}
