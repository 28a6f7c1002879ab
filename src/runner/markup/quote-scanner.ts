/** Whether a place in a Markdown text is quoted: in code, or where prose speaks of what stands there. Pure. */

/** What stands before a word that is spoken of. A closing tag after a sentence has a letter or a stop before it. */
const QUOTING = new Set('„‚「『《〈【〔｢（([{=\\`');
/** They open a quotation for some and close it for others: «fr», »de«, „de“, “en”, ”sv”. */
const EITHER = new Set("'“”‘’«»‹›〝*_");
/** In texts without spaces between words only these of them open. */
const OPENING = new Set('“‘«‹〝');
const STOPS = new Set('.!?…。！？');
/** After these no prose speaks of what follows. */
const CODE_STOPS = new Set(';}');
/** Letters of Chinese, Japanese, Korean and Thai. */
const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;
/** A block of code may stand in a list or a quotation; one of backticks has none of them behind its name. */
const FENCE = /^(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])*(`{3,}(?=[^`]*$)|~{3,})[ \t\r]*(.*)$/;
/** As much of a line as tells. */
const LONGEST_FENCE = 64;

export class QuoteScanner {
  #fence: string | null = null;
  /** What became of the block of code since `watchFence`: it ended, another one began within it, or nothing. */
  fenceSince: 'ended' | 'begun' | null = null;
  #inCode = false;
  /** The line so far, its beginning; null where it is too long to matter. */
  #line = '';
  #onlySpace = true;
  #last = '\n';
  /** The last that is no space. */
  #lastInk = '\n';
  /** Before the quotation marks that stand last. */
  #beforeMarks = '\n';
  /** Of the whole text, the first that is no space. */
  #first = '';
  /** A backslash stands before the last letter. */
  #isEscaped = false;
  /** Backticks that stand last. */
  #ticks = 0;
  /** Straight double marks on the line so far. */
  #straight = 0;

  read(text: string): void {
    for (const letter of text) this.#letter(letter);
  }

  /** Whether a marker that stood here would be quoted. */
  get isQuoted(): boolean {
    if (this.#fence !== null || this.#inCode) return true;
    if (this.#onlySpace) return false;
    if (this.#first === '{' || this.#first === '[') {
      // JSON: what stands in one of its texts is quoted, wherever it stands in it.
      if (this.#straight % 2 === 1) return true;
    }
    if (/\s/.test(this.#last)) return !STOPS.has(this.#lastInk) && !CODE_STOPS.has(this.#lastInk);
    if (this.#last === '"') return this.#isEscaped || this.#straight % 2 === 1;
    // One that ended code within the line, unless they stand together as an opening.
    if (this.#last === '`') return this.#ticks > 1;
    if (!EITHER.has(this.#last)) return QUOTING.has(this.#last);
    if (OPENING.has(this.#last) && WITHOUT_SPACES.test(this.#beforeMarks)) return true;
    return /\s/.test(this.#beforeMarks) || QUOTING.has(this.#beforeMarks) || this.#beforeMarks === ':';
  }

  /** Nothing but the space before it could quote a marker that stood here. */
  get isAfterSpace(): boolean {
    return this.#fence === null && !this.#inCode && /\s/.test(this.#last);
  }

  /** A marker that stood here would be quoted by the block of code that has begun, and by nothing else. */
  get isInFence(): boolean {
    return this.#fence !== null && this.#onlySpace;
  }

  get isFenceOpen(): boolean {
    return this.#fence !== null;
  }

  watchFence(): void {
    this.fenceSince = null;
  }

  /** A sentence ended, and no space came since. */
  get isAfterStop(): boolean {
    return STOPS.has(this.#last);
  }

  /** Only spaces stand before it on its line. */
  get isAtLineStart(): boolean {
    return this.#onlySpace;
  }

  #letter(letter: string): void {
    if (EITHER.has(letter) && !EITHER.has(this.#last)) this.#beforeMarks = this.#last;
    this.#isEscaped = this.#last === '\\' && !this.#isEscaped;
    if (letter === '"' && !this.#isEscaped) this.#straight += 1;
    if (this.#first === '' && !/\s/.test(letter)) this.#first = letter;
    this.#last = letter;
    if (letter === '\n') {
      this.#endLine();
      return;
    }
    if (this.#line.length < LONGEST_FENCE) this.#line += letter;
    if (letter !== ' ' && letter !== '\t' && letter !== '\r') this.#onlySpace = false;
    if (!/\s/.test(letter)) this.#lastInk = letter;
    this.#ticks = letter === '`' ? this.#ticks + 1 : 0;
    if (letter === '`') this.#inCode = !this.#inCode;
  }

  #endLine(): void {
    const [, fence, word = ''] = FENCE.exec(this.#line) ?? [];
    if (fence !== undefined) this.#atFence(fence, word);
    this.#line = '';
    this.#onlySpace = true;
    // Code within a line seldom goes over its end, and a letter too many must not quote all the rest.
    this.#inCode = false;
    this.#straight = 0;
  }

  /** `word`: what stands behind it, as the name of a language; only where a block begins. */
  #atFence(fence: string, word: string): void {
    if (this.#fence === null) {
      this.#fence = fence;
    } else if (fence[0] === this.#fence[0] && fence.length >= this.#fence.length) {
      this.fenceSince ??= word === '' ? 'ended' : 'begun';
      if (word === '') this.#fence = null;
    }
  }
}
