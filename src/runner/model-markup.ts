/**
 * What of a model's text is its answer, and what is markup that the server left in it: thoughts between tags, the
 * channels of Harmony, tokens that begin and end a turn. Pure; the same for every way in which a stream is cut.
 *
 * Read it as a machine: `push` cuts the text at the markers of markup-table.ts, holding back what may become one;
 * `#marker` and `#text` say what each means where it stands. A marker that a text quotes is text.
 */
import {
  END_TOKENS,
  FRAMES,
  HARMONY,
  MARKERS,
  type Marker,
  START_TOKENS,
  STRUCK,
  THOUGHTS,
  WRAPPERS,
} from './markup-table.ts';
import { QuoteScanner } from './quote-scanner.ts';

export type Part =
  | { kind: 'answer' | 'thinking'; text: string }
  /** All that was given as answer so far were thoughts. */
  | { kind: 'retract' };

type State = 'start' | 'bare' | 'thought' | 'answer' | 'header' | 'message' | 'over';

const LONGEST = Math.max(...[...MARKERS.keys()].map((text) => text.length));
/** What is left of Harmony where the server drops its tokens and keeps the words between them. */
const BARE_ANALYSIS = /^analysis(?=[A-Z"'(])/;
const BARE_FINAL = 'assistantfinal';
/** Where a closing tag begins a sentence that speaks of it, this follows. */
const GOES_ON = /^(?:[,;]| [a-z=(])/;
/** Letters after a marker that are looked at. */
const AFTER = 2;
/** Of a Harmony header: tokens, a role, a channel, a recipient, the kind of the content. */
const HEADER = /^(?:<\|(?:start|channel|constrain)\|>|[\w.:/ \t-])*$/;
const LONGEST_HEADER = 200;
const MOST_WORDS = 4;
/** Prompts that ask for an answer with tags of its own. */
const ASKS_FOR_TAGS = /\b(?:xml|html|tags?|elements?)\b/i;
/** More spaces than these are no beginning. */
const MOST_SPACES = 4096;

export class MarkupSplitter {
  readonly #asked: string;
  #state: State = 'start';
  #held = '';
  /** At the start: spaces that may belong to an answer, and words that may be Harmony's. */
  #before = '';
  #closers: readonly string[] = [];
  /** Thoughts in the middle of an answer, kept until they are known to end. */
  #aside: string | null = null;
  /** They stand at the very beginning. */
  #isAsideFirst = false;
  /** Tokens that end a turn, until it is known whether the turn ends there. */
  #ends = '';
  #header = '';
  #headerIn: 'answer' | 'message' = 'answer';
  /** Something was given as answer. */
  #answered = false;
  /** Of what was given as answer, as much as a header may have. */
  #beginning = '';
  /** What follows the marker at hand. */
  #after = '';
  #channel: 'answer' | 'thinking' = 'thinking';
  #hadThought = false;
  /** Tags of thoughts that stand in the answer as text: their ends are text as well. */
  readonly #opened = new Set<string>();
  /** Of Harmony without its tokens: what may be thoughts, and its end. */
  #bare: string[] = [];
  #tail = '';
  #quotes = new QuoteScanner();
  #parts: Part[] = [];

  /** `asked`: the prompt. Tags of common words that it names are what was asked for, and no markup. */
  constructor(asked: string) {
    this.#asked = asked;
  }

  push(text: string): Part[] {
    this.#held += text;
    this.#cut(false);
    return this.#taken();
  }

  end(): Part[] {
    this.#cut(true);
    if (this.#state === 'start' && !isBlank(this.#before)) this.#answer(this.#before);
    if (this.#state === 'bare') this.#answer(this.#bare.join(''));
    if (this.#aside !== null) this.#answer(this.#aside);
    // A header that nothing follows is no answer; it is told all the same.
    if (this.#state === 'header') this.#put('thinking', this.#header);
    return this.#taken();
  }

  #taken(): Part[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
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
      if (!whole && found.marker !== 'token' && rest.length < AFTER) {
        this.#held = found.text + rest;
        return;
      }
      this.#held = rest;
      this.#after = rest.slice(0, AFTER);
      this.#marker(found.text, found.marker);
    }
  }

  #text(text: string): void {
    if (text === '') return;
    if (this.#state === 'thought') return this.#thought(text);
    if (this.#state === 'header') return this.#readHeader(text);
    if (this.#state === 'message') {
      return this.#channel === 'answer' ? this.#answer(text) : this.#put('thinking', text);
    }
    if (this.#state === 'over') return this.#put('thinking', text);
    if (this.#state === 'bare') return this.#readBare(text);
    if (this.#state === 'answer') return this.#answer(text);
    this.#before += text;
    if (this.#before.length < MOST_SPACES && isBlank(this.#before)) return;
    const start = this.#before.trimStart();
    if (start !== '' && start.length <= 'analysis'.length && 'analysis'.startsWith(start)) return;
    const begun = this.#hadThought ? start : this.#before;
    this.#before = '';
    this.#state = BARE_ANALYSIS.test(start) ? 'bare' : 'answer';
    this.#text(begun);
  }

  /** Words of Harmony without its tokens: thoughts up to the word that begins the answer, else an answer after all. */
  #readBare(text: string): void {
    const window = this.#tail + text;
    const at = window.indexOf(BARE_FINAL);
    this.#bare.push(text);
    this.#tail = window.slice(1 - BARE_FINAL.length);
    if (at === -1) return;
    const answer = window.slice(at + BARE_FINAL.length);
    const whole = this.#bare.join('');
    const end = whole.length - answer.length - BARE_FINAL.length;
    this.#put('thinking', whole.slice(whole.indexOf('analysis') + 'analysis'.length, end));
    this.#bare = [];
    this.#hadThought = true;
    this.#restart();
    this.#text(answer);
  }

  #marker(text: string, marker: Marker): void {
    if (this.#state === 'thought') {
      if (this.#closers.includes(text)) return this.#closeThought();
      return this.#thought(text);
    }
    if (this.#state === 'header' || this.#state === 'message') return this.#harmony(text);
    if (this.#state === 'bare') return this.#readBare(text);
    if (this.#state === 'over') return this.#put('thinking', text);
    if (this.#state === 'start') {
      if (isBlank(this.#before) && this.#begins(text)) return;
      if (marker === 'open') this.#opened.add(text);
    } else if (this.#within(text, marker)) return;
    this.#text(text);
  }

  /** A marker before anything was answered. */
  #begins(text: string): boolean {
    if (START_TOKENS.has(text) || FRAMES.has(text)) return true;
    if (HARMONY.openers.has(text)) {
      this.#beginHeader(text, 'answer');
      return true;
    }
    if (text === HARMONY.message) {
      this.#beginHeadless('');
      return true;
    }
    if (this.#closerAlone(text)) return true;
    if (this.#isWrapper(text)) return true;
    return this.#openThought(text);
  }

  /** A marker in an answer. */
  #within(text: string, marker: Marker): boolean {
    if (this.#quotes.isInFence && END_TOKENS.has(text)) {
      this.#ends += text;
      return true;
    }
    // Before a part of an answer a frame stands behind a space, and with no space behind it.
    const isGlued = FRAMES.has(text) && this.#quotes.isAfterSpace && /^[^\s.,;:)]/.test(this.#after);
    if (this.#quotes.isQuoted && !isGlued) {
      if (marker === 'open') this.#opened.add(text);
      return false;
    }
    if (END_TOKENS.has(text)) {
      // Of HTML that strikes something out.
      if (text === '</s>' && this.#opened.has(STRUCK)) return false;
      this.#ends += text;
      return true;
    }
    if (START_TOKENS.has(text) && this.#ends !== '') {
      // The model went on with a turn of somebody else.
      this.#ends = '';
      this.#state = 'over';
      return true;
    }
    if (FRAMES.has(text)) return true;
    if (HARMONY.openers.has(text)) {
      this.#beginHeader(text, 'answer');
      return true;
    }
    if (text === HARMONY.message && isHeader(this.#beginning)) {
      this.#beginHeadless(this.#beginning);
      return true;
    }
    if (marker === 'close' && this.#isWrapper(text)) return true;
    if (this.#closerAlone(text)) return true;
    if (marker !== 'open') return false;
    if (this.#quotes.isAtLineStart && this.#openThought(text)) return true;
    this.#opened.add(text);
    return false;
  }

  #closerAlone(text: string): boolean {
    const family = THOUGHTS.find(({ close }) => close.includes(text));
    if (family === undefined || family.plain || this.#isAsked(family)) return false;
    // One on a line of its own ends thoughts, though these spoke of the tag before.
    const isAlone = this.#quotes.isAtLineStart && this.#after.startsWith('\n') && !this.#asked.includes(text);
    if (!isAlone && family.open.some((tag) => this.#opened.has(tag))) return false;
    if (GOES_ON.test(this.#after)) return false;
    this.#retract();
    return true;
  }

  #openThought(text: string): boolean {
    const family = THOUGHTS.find(({ open }) => open.includes(text));
    if (family === undefined || this.#isAsked(family)) return false;
    if (this.#asked.includes(text) && (this.#state === 'answer' || GOES_ON.test(this.#after))) return false;
    if (family.plain && (this.#state === 'answer' || this.#hadThought)) return false;
    if (this.#state === 'answer' || family.plain) this.#aside = text;
    this.#isAsideFirst = family.plain === true;
    this.#state = 'thought';
    this.#closers = family.close;
    return true;
  }

  #isAsked({ common, open, close, plain }: (typeof THOUGHTS)[number]): boolean {
    if (plain) return /thought process/i.test(this.#asked);
    return common && [...open, ...close].some((tag) => this.#asksFor(tag));
  }

  #isWrapper(text: string): boolean {
    return this.#hadThought && WRAPPERS.has(text) && !this.#asksFor(text);
  }

  /** Whether the prompt names the tag, or its word where it asks for a text with tags. */
  #asksFor(tag: string): boolean {
    if (this.#asked.includes(tag)) return true;
    const word = /^<\/?(\w+)>$/.exec(tag)?.[1];
    if (word === undefined || !ASKS_FOR_TAGS.test(this.#asked)) return false;
    return new RegExp(`\\b${word}\\b`, 'i').test(this.#asked);
  }

  /** All that was given as answer so far were thoughts. */
  #retract(): void {
    this.#parts.push({ kind: 'retract' });
    this.#hadThought = true;
    this.#answered = false;
    this.#beginning = '';
    this.#restart();
  }

  #thought(text: string): void {
    if (this.#aside === null) this.#put('thinking', text);
    else this.#aside += text;
  }

  #closeThought(): void {
    this.#hadThought = true;
    if (this.#aside === null) return this.#restart();
    const { length } = this.#isAsideFirst ? (PLAIN.find((open) => this.#aside?.startsWith(open)) ?? '') : '';
    this.#put('thinking', this.#aside.slice(length));
    this.#aside = null;
    if (this.#isAsideFirst) return this.#restart();
    this.#state = 'answer';
  }

  #restart(): void {
    this.#state = 'start';
    this.#before = '';
    this.#ends = '';
    this.#quotes = new QuoteScanner();
  }

  #beginHeader(text: string, within: 'answer' | 'message'): void {
    this.#state = 'header';
    this.#header = text;
    this.#headerIn = within;
  }

  /** What cannot be a header is text after all. */
  #readHeader(text: string): void {
    this.#header += text;
    if (isHeader(this.#header)) return;
    const said = this.#header;
    this.#header = '';
    this.#state = this.#headerIn;
    if (this.#state === 'message' && this.#channel === 'thinking') this.#put('thinking', said);
    else this.#answer(said);
  }

  #harmony(text: string): void {
    if (this.#state === 'header') return this.#inHeader(text);
    const isAnswer = this.#channel === 'answer';
    if (isAnswer && this.#quotes.isQuoted && !(this.#quotes.isInFence && END_TOKENS.has(text)))
      return this.#answer(text);
    if (HARMONY.openers.has(text)) return this.#beginHeader(text, 'message');
    if (text === HARMONY.last) {
      this.#state = 'over';
      return;
    }
    // What stands between two messages belongs to neither.
    if (HARMONY.closers.has(text)) this.#channel = 'thinking';
    else if (isAnswer && END_TOKENS.has(text)) this.#ends += text;
    else if (isAnswer) this.#answer(text);
    else this.#put('thinking', text);
  }

  #inHeader(text: string): void {
    if (text === HARMONY.message) return this.#beginMessage();
    if (HARMONY.openers.has(text)) return this.#readHeader(text);
    if (!HARMONY.closers.has(text)) return this.#readHeader(text);
    // The message had no content.
    this.#put('thinking', this.#header);
    this.#channel = 'thinking';
    this.#state = 'message';
  }

  /** A message of which the template gave the beginning of the header. */
  #beginHeadless(header: string): void {
    this.#header = `<|channel|>${header.trim() || 'final'}`;
    this.#beginMessage();
    if (header !== '' && this.#channel === 'thinking') {
      this.#retract();
      this.#state = 'message';
    }
  }

  #beginMessage(): void {
    const channel = [...this.#header.matchAll(/<\|channel\|>\s*(\w+)/g)].at(-1)?.[1];
    const role = /<\|start\|>\s*([\w.]+)/.exec(this.#header)?.[1] ?? 'assistant';
    const isCall = /\bto=(?!assistant)/.test(this.#header);
    const isFinal = role === 'assistant' && (channel === undefined || channel === 'final');
    this.#channel = isFinal || isCall ? 'answer' : 'thinking';
    this.#ends = '';
    // The last final message is the answer; what stood before it without a channel was none.
    if (isFinal && !isCall && this.#answered) this.#retract();
    // Taking back begins anew.
    this.#state = 'message';
    // A call of a tool that was printed is judged as that, so it has to be seen.
    if (isCall) this.#put('answer', this.#header + HARMONY.message);
    this.#quotes = new QuoteScanner();
  }

  #answer(text: string): void {
    if (text === '') return;
    if (this.#ends !== '') {
      if (text.trim() === '') {
        this.#ends += text;
        return;
      }
      this.#quotes.read(this.#ends);
      this.#put('answer', this.#ends);
      this.#ends = '';
    }
    this.#quotes.read(text);
    this.#put('answer', text);
  }

  #put(kind: 'answer' | 'thinking', text: string): void {
    if (text === '') return;
    if (kind === 'answer') {
      this.#answered = true;
      if (this.#beginning.length <= LONGEST_HEADER) this.#beginning += text.slice(0, 2 * LONGEST_HEADER);
    }
    const last = this.#parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.#parts.push({ kind, text });
  }
}

const isHeader = (text: string): boolean => {
  if (text.length > LONGEST_HEADER) return false;
  const bare = text.replaceAll(/\bto=[^\s<]*/g, ' ');
  const words = bare
    .replaceAll(/<\|\w+\|>/g, ' ')
    .trim()
    .split(/\s+/);
  return HEADER.test(bare) && words.length <= MOST_WORDS;
};

/** Looked at again with each piece that comes, so it must not go through all of it. */
const isBlank = (text: string): boolean => !/\S/.test(text);

/** The first marker in the text; of two that begin there, the longer one. */
const nextMarker = (text: string): { at: number; text: string; marker: Marker } | undefined => {
  for (let at = 0; at < text.length; at += 1) {
    if (!BEGINNINGS.has(text[at] ?? '')) continue;
    let found: { at: number; text: string; marker: Marker } | undefined;
    for (let length = 2; length <= text.length - at; length += 1) {
      const begun = text.slice(at, at + length);
      const marker = MARKERS.get(begun);
      if (marker !== undefined) found = { at, text: begun, marker };
      if (!PREFIXES.has(begun)) break;
    }
    if (found !== undefined) return found;
  }
  return undefined;
};

const PLAIN = THOUGHTS.flatMap(({ open, plain }) => (plain ? open : []));
const BEGINNINGS = new Set([...MARKERS.keys()].map((text) => text[0] ?? ''));
const PREFIXES = new Set(
  [...MARKERS.keys()].flatMap((text) =>
    Array.from({ length: text.length - 1 }, (_, at) => text.slice(0, at + 1)),
  ),
);

/** Where an ending begins that may become a marker; the text's length where none does. */
const beginOfMarker = (text: string): number => {
  for (let at = Math.max(0, text.length - LONGEST); at < text.length; at += 1) {
    if (PREFIXES.has(text.slice(at))) return at;
  }
  return text.length;
};
