/**
 * What of a model's text is its answer, and what is markup that the server left in it: thoughts between tags, the
 * channels of Harmony, tokens that begin and end a turn. Pure; the same for every way in which a stream is cut.
 *
 * Read it as a machine: `push` cuts the text at the markers that find-marker.ts finds, holding back what may become one;
 * `#marker` and `#text` say what each means where it stands. A marker that a text quotes is text, and so is one that the
 * prompt asks for.
 */

import { AskedMarkup, endedFamily, familyOf } from './asked-markup.ts';
import { beginOfMarker, type Found, nextMarker } from './find-marker.ts';
import { BareHarmony, beginsBare, HarmonyReader, isHeader } from './harmony.ts';
import { MarkupParts, type Part } from './markup-parts.ts';
import {
  BARE_HEADER,
  END_TOKENS,
  FRAMES,
  HARMONY,
  OTHER_TEXTS,
  OTHERS_TURN,
  RESERVED,
  RUN_ONS,
  START_TOKENS,
  STRUCK,
  THOUGHTS,
  WRAPPERS,
} from './markup-table.ts';

export type { Part };

type State = 'start' | 'bare' | 'thought' | 'answer' | 'harmony' | 'over';

/** Where a closing tag begins a sentence that speaks of it, this follows. */
const GOES_ON = /^(?:[,;]| [a-z=(])/;
/** A token that begins a line of a list of tokens has this behind it. */
const LISTED = /^[\t:|]| [|:-]/;
/** A turn that a template or a program names has this behind it. */
const TEMPLATE = /^ ?[{<["'`$%]/;
/** Letters after a marker that are looked at. */
const AFTER = 2;
/** More spaces than these are no beginning. */
const MOST_SPACES = 4096;

export class MarkupSplitter {
  readonly #asked: AskedMarkup;
  readonly #parts = new MarkupParts();
  #state: State = 'start';
  #held = '';
  /** At the start: spaces that may belong to an answer, and words that may be Harmony's. */
  #before = '';
  #closers: readonly string[] = [];
  /** Thoughts in the middle of an answer, kept until they are known to end. */
  #aside: string | null = null;
  /** They stand at the very beginning. */
  #isAsideFirst = false;
  /** What follows the marker at hand. */
  #after = '';
  #hadThought = false;
  /** Tags of thoughts that stand in the answer as text: their ends are text as well. */
  readonly #opened = new Set<string>();
  #harmony: HarmonyReader | null = null;
  #bare: BareHarmony | null = null;
  /** An end of thoughts within a block of code that may never end: what came since. */
  #late: { since: string; isApart: boolean } | null = null;

  /** `asked`: the prompt. Markup that it names is what was asked for, and no markup. */
  constructor(asked: string) {
    this.#asked = new AskedMarkup(asked);
  }

  push(text: string): Part[] {
    this.#held += text;
    this.#cut(false);
    return this.#parts.take();
  }

  end(): Part[] {
    this.#cut(true);
    this.#endLate();
    if (this.#state === 'start' && !isBlank(this.#before)) this.#answer(this.#before);
    if (this.#state === 'bare') this.#bare?.end();
    if (this.#aside !== null) this.#answer(this.#aside);
    if (this.#state === 'harmony') this.#harmony?.end();
    return this.#parts.take();
  }

  /** Gives the machine all of the held text but an ending that may be the beginning of a marker. */
  #cut(whole: boolean): void {
    for (;;) {
      const found = nextMarker(this.#held);
      const mayBegin = whole ? this.#held.length : beginOfMarker(this.#held);
      // What stands at the end may go on to a longer marker.
      if (found === undefined || mayBegin <= found.at) {
        this.#text(this.#held.slice(0, mayBegin));
        this.#held = this.#held.slice(mayBegin);
        return;
      }
      this.#text(this.#held.slice(0, found.at));
      const rest = this.#held.slice(found.at + found.text.length);
      if (!whole && rest.length < AFTER) {
        this.#held = found.text + rest;
        return;
      }
      this.#held = rest;
      this.#after = rest.slice(0, AFTER);
      if (this.#late !== null) this.#late.since += found.text;
      this.#marker(found);
    }
  }

  #text(text: string): void {
    if (text === '') return;
    if (this.#late !== null) this.#late.since += text;
    this.#read(text);
  }

  #read(text: string): void {
    if (this.#state === 'thought') return this.#thought(text);
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

  #marker(found: Found): void {
    const { text, name, marker } = found;
    if (this.#state === 'thought' && this.#closers.includes(name)) return this.#closeThought();
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

  /** Where the block of code never ended it was one of thoughts. */
  #endLate(): void {
    const late = this.#late;
    this.#late = null;
    if (late === null || this.#state !== 'answer') return;
    const { quotes } = this.#parts;
    // The last line may be the end of a block.
    quotes.read('\n');
    const { fenceSince, isFenceOpen } = quotes;
    const neverEnded = fenceSince === 'begun' || (isFenceOpen && (fenceSince === null || late.isApart));
    if (!neverEnded) return;
    this.#retract();
    this.#held = late.since;
    this.#cut(true);
    this.#endLate();
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
    if (this.#state === 'answer' || family.plain) this.#aside = name;
    this.#isAsideFirst = family.plain === true;
    this.#state = 'thought';
    this.#closers = family.close;
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

  #thought(text: string): void {
    if (this.#aside === null) this.#parts.think(text);
    else this.#aside += text;
  }

  #closeThought(): void {
    this.#hadThought = true;
    if (this.#aside === null) return this.#restart();
    const { length } = this.#isAsideFirst ? (PLAIN.find((open) => this.#aside?.startsWith(open)) ?? '') : '';
    this.#parts.think(this.#aside.slice(length));
    this.#aside = null;
    if (this.#isAsideFirst) return this.#restart();
    this.#state = 'answer';
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

const PLAIN = THOUGHTS.flatMap(({ open, plain }) => (plain ? open : []));
