/**
 * What each piece of a model's text means where it stands, as a machine: `#begins` and `#within` say it of a marker before
 * and in an answer. A marker that a text quotes is text, and so is one that the prompt asks for.
 */
import { AskedMarkup, endedFamily, familyOf } from './asked-markup.ts';
import type { Found } from './find-marker.ts';
import { BareHarmony, beginsBare, HarmonyReader, isHeader } from './harmony.ts';
import type { MarkupParts } from './markup-parts.ts';
import { FRAMES, HARMONY, RESERVED, STRUCK, WRAPPERS } from './markup-table.ts';
import { ThoughtReader } from './thought-reader.ts';
import { BARE_HEADER, END_TOKENS, OTHER_TEXTS, OTHERS_TURN, RUN_ONS, START_TOKENS } from './turn-table.ts';

type State = 'start' | 'bare' | 'thought' | 'answer' | 'harmony' | 'over';

/** Where a closing tag begins a sentence that speaks of it, this follows. */
const GOES_ON = /^(?:[,;]| [a-z=(])/;
/** A token that begins a line of a list of tokens has this behind it. */
const LISTED = /^[\t:|]| [|:-]/;
/** A turn that a template or a program names has this behind it. */
const TEMPLATE = /^ ?[{<["'`$%]/;
/** More spaces than these are no beginning. */
const MOST_SPACES = 4096;

export class MarkupReader {
  readonly #asked: AskedMarkup;
  readonly #parts: MarkupParts;
  #state: State = 'start';
  /** At the start: spaces that may belong to an answer, and words that may be Harmony's. */
  #before = '';
  /** What follows the marker at hand. */
  #after = '';
  #hadThought = false;
  /** Tags of thoughts that stand in the answer as text: their ends are text as well. */
  readonly #opened = new Set<string>();
  #thought: ThoughtReader | null = null;
  #harmony: HarmonyReader | null = null;
  #bare: BareHarmony | null = null;
  /** An end of thoughts within a block of code that may never end: what came since. */
  #late: { since: string; isApart: boolean } | null = null;

  /** `asked`: the prompt. Markup that it names is what was asked for, and no markup. */
  constructor(asked: string, parts: MarkupParts) {
    this.#asked = new AskedMarkup(asked);
    this.#parts = parts;
  }

  text(text: string): void {
    if (text === '') return;
    if (this.#late !== null) this.#late.since += text;
    this.#read(text);
  }

  /** `after`: the letters that follow it. */
  marker(found: Found, after: string): void {
    this.#after = after;
    if (this.#late !== null) this.#late.since += found.text;
    this.#follow(found);
  }

  end(): void {
    if (this.#state === 'start' && !isBlank(this.#before)) this.#answer(this.#before);
    if (this.#state === 'bare') this.#bare?.end();
    if (this.#state === 'thought') this.#thought?.end();
    if (this.#state === 'harmony') this.#harmony?.end();
  }

  /**
   * At the end of the text: what came since an end of thoughts in a block of code, where that block never ended and so was
   * one of thoughts. It has to be read again.
   */
  takeLate(): string | undefined {
    const late = this.#late;
    this.#late = null;
    if (late === null || this.#state !== 'answer') return undefined;
    const { quotes } = this.#parts;
    // The last line may be the end of a block.
    quotes.read('\n');
    const { fenceSince, isFenceOpen } = quotes;
    const neverEnded = fenceSince === 'begun' || (isFenceOpen && (fenceSince === null || late.isApart));
    if (!neverEnded) return undefined;
    this.#retract();
    return late.since;
  }

  #read(text: string): void {
    if (this.#state === 'thought') return this.#thought?.read(text);
    if (this.#state === 'harmony') return this.#followHarmony(text, 'text');
    if (this.#state === 'over') return this.#parts.think(text);
    if (this.#state === 'bare') return this.#readBare(text);
    if (this.#state === 'answer') return this.#answer(text);
    this.#before += text;
    if (this.#before.length < MOST_SPACES && isBlank(this.#before)) return;
    const start = this.#before.trimStart();
    const isBare = beginsBare(start);
    if (isBare === 'later') return;
    if (isBare === 'no') return this.#beginAnswer();
    this.#before = '';
    this.#state = 'bare';
    this.#bare = new BareHarmony(this.#parts);
    this.#readBare(start);
  }

  #beginAnswer(): void {
    const begun = this.#hadThought ? this.#before.trimStart() : this.#before;
    this.#before = '';
    this.#state = 'answer';
    this.#answer(begun);
  }

  #readBare(text: string): void {
    const answer = this.#bare?.read(text);
    if (answer === undefined) return;
    this.#hadThought = true;
    this.#restart();
    if (answer !== '') this.#read(answer);
  }

  #followHarmony(text: string, kind: 'text' | 'marker'): void {
    const goesOn = this.#harmony?.[kind](text);
    if (goesOn === 'over') this.#state = 'over';
    if (goesOn === 'none') this.#state = 'answer';
  }

  #follow(found: Found): void {
    const { text, name, marker } = found;
    if (this.#state === 'thought' && this.#thought?.isClosedBy(name)) return this.#closeThought();
    if (this.#state === 'harmony') return this.#followHarmony(text, 'marker');
    if (this.#state === 'start' && !isBlank(this.#before)) this.#beginAnswer();
    if (this.#state === 'start') {
      if (this.#begins(found)) return;
      if (marker === 'open') this.#opened.add(name);
    } else if (this.#state === 'answer' && this.#within(found)) return;
    this.#read(text);
  }

  /** A marker before anything was answered. */
  #begins({ text, name, marker }: Found): boolean {
    // Begins a sequence where something else than a word follows.
    if (name === STRUCK) return /^[ [<]/.test(this.#after);
    if (HARMONY.openers.has(name)) {
      this.#beginHarmony().open(text);
      return true;
    }
    if (name === HARMONY.message) {
      this.#beginHarmony().openHeadless('');
      return true;
    }
    if (this.#closerAlone(name)) return true;
    if (this.#isWrapper(name)) return true;
    if (this.#openThought(name)) return true;
    if (RUN_ONS.has(name)) return this.#runOn(name);
    if (this.#asked.tokens || GOES_ON.test(this.#after) || LISTED.test(this.#after)) return false;
    return marker === 'token' || FRAMES.has(name);
  }

  /** A marker in an answer. */
  #within(found: Found): boolean {
    const { text, name, marker } = found;
    const { quotes } = this.#parts;
    if (quotes.isInFence) return this.#inFence(found);
    // Before a part of an answer a token stands behind a space, and with no space behind it.
    const isGlued = quotes.isAfterSpace && /^[^\s.,;:)]/.test(this.#after);
    const isNoise = RESERVED.test(name) && quotes.isAfterSpace;
    if (quotes.isQuoted && !(FRAMES.has(name) && isGlued) && !isNoise) {
      if (marker === 'open') this.#opened.add(name);
      return false;
    }
    if (marker === 'token' || FRAMES.has(name) || OTHER_TEXTS.has(name)) {
      if (this.#token(text, name)) return true;
    } else if (END_TOKENS.has(name)) {
      this.#parts.holdEnd(text);
      return true;
    }
    if (marker === 'close' && this.#isWrapper(name)) return true;
    if (this.#closerAlone(name)) return true;
    if (marker !== 'open') return false;
    if (quotes.isAtLineStart && this.#openThought(name)) return true;
    this.#opened.add(name);
    return false;
  }

  /** A token in an answer that nothing quotes. */
  #token(text: string, name: string): boolean {
    const { quotes } = this.#parts;
    if (HARMONY.openers.has(name)) {
      this.#beginHarmony().open(text);
      return true;
    }
    if (name === HARMONY.message) {
      if (!isHeader(this.#parts.beginning)) return false;
      this.#beginHarmony().openHeadless(this.#parts.beginning);
      return true;
    }
    if (this.#asked.tokens) return false;
    if (RUN_ONS.has(name)) return this.#runOn(name);
    if (name === BARE_HEADER && !this.#parts.mayHaveEnded && !quotes.isAfterStop) return false;
    const isStart = START_TOKENS.has(name);
    const isOther =
      (OTHER_TEXTS.has(name) && !this.#asked.names(name)) ||
      (isStart && quotes.isAfterStop && OTHERS_TURN.test(name));
    if (isOther || name === BARE_HEADER || (isStart && this.#parts.mayHaveEnded)) return this.#endTurn();
    if (FRAMES.has(name) || (RESERVED.test(name) && !END_TOKENS.has(name))) return true;
    // Of HTML that strikes something out.
    if (name === '</s>' && this.#opened.has(STRUCK)) return false;
    this.#parts.holdEnd(text);
    return true;
  }

  /** A turn of somebody else in plain words, unless a text speaks of turns. */
  #runOn(name: string): boolean {
    if (this.#asked.tokens || this.#asked.names(name) || TEMPLATE.test(this.#after)) return false;
    // Of HTML that strikes something out.
    return name.startsWith('</s>') && this.#opened.has(STRUCK) ? false : this.#endTurn();
  }

  /** The model went on with a turn of somebody else. */
  #endTurn(): true {
    this.#parts.dropEnds();
    this.#state = 'over';
    return true;
  }

  /** A marker at the beginning of a line in a block of code, which may have begun in thoughts and never end. */
  #inFence({ text, name, marker }: Found): boolean {
    const { quotes } = this.#parts;
    if (END_TOKENS.has(name) && marker === 'token') {
      this.#parts.holdEnd(text);
      return true;
    }
    const family = endedFamily(name);
    const isAlone = this.#after.startsWith('\n') && !this.#asked.names(name);
    if (isAlone && family !== undefined && !this.#asked.family(family)) {
      quotes.watchFence();
      this.#late = { since: '', isApart: this.#after === '\n\n' };
    }
    if (marker === 'open') this.#opened.add(name);
    return false;
  }

  #closerAlone(name: string): boolean {
    const family = endedFamily(name);
    if (family === undefined || this.#asked.family(family)) return false;
    // One on a line of its own ends thoughts, though these spoke of the tag before.
    const isAlone =
      this.#parts.quotes.isAtLineStart && this.#after.startsWith('\n') && !this.#asked.names(name);
    if (!isAlone && family.open.some((tag) => this.#opened.has(tag))) return false;
    if (GOES_ON.test(this.#after)) return false;
    this.#retract();
    return true;
  }

  #openThought(name: string): boolean {
    const family = familyOf(name);
    if (!family?.open.includes(name) || this.#asked.family(family)) return false;
    if (this.#asked.names(name) && (this.#state === 'answer' || GOES_ON.test(this.#after))) return false;
    if (family.plain && (this.#state === 'answer' || this.#hadThought)) return false;
    this.#thought = new ThoughtReader(this.#parts, family, { name, isInAnswer: this.#state === 'answer' });
    this.#state = 'thought';
    return true;
  }

  #isWrapper(name: string): boolean {
    return this.#hadThought && WRAPPERS.has(name) && !this.#asked.tag(name);
  }

  /** All that was given as answer so far were thoughts. */
  #retract(): void {
    this.#parts.retract();
    this.#hadThought = true;
    this.#opened.delete(STRUCK);
    this.#restart();
  }

  #closeThought(): void {
    this.#hadThought = true;
    if (this.#thought?.close() === 'answer') this.#state = 'answer';
    else this.#restart();
  }

  #restart(): void {
    this.#state = 'start';
    this.#before = '';
    this.#parts.begin();
  }

  #beginHarmony(): HarmonyReader {
    this.#state = 'harmony';
    this.#harmony = new HarmonyReader(this.#parts);
    return this.#harmony;
  }

  #answer(text: string): void {
    this.#parts.answer(text);
  }
}

/** Looked at again with each piece that comes, so it must not go through all of it. */
const isBlank = (text: string): boolean => !/\S/.test(text);
