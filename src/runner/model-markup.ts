/**
 * What of a model's text is its answer, and what is markup that the server left in it: thoughts between tags, the
 * channels of Harmony, tokens that begin and end a turn. Pure; the same for every way in which a stream is cut.
 *
 * Read it as a machine: `push` cuts the text at the markers of markup-table.ts, holding back what may become one;
 * `#marker` and `#text` say what each means where it stands. A marker that a text quotes is text.
 */
import {
  END_TOKENS,
  HARMONY,
  MARKERS,
  type Marker,
  START_TOKENS,
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
  /** Tokens that end a turn, until it is known whether the turn ends there. */
  #ends = '';
  #header = '';
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
      this.#held = this.#held.slice(found.at + found.text.length);
      this.#marker(found.text, found.marker);
    }
  }

  #text(text: string): void {
    if (text === '') return;
    if (this.#state === 'thought') return this.#thought(text);
    if (this.#state === 'header') {
      this.#header += text;
      return;
    }
    if (this.#state === 'message') return this.#put(this.#channel, text);
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
    } else if (this.#within(text, marker)) return;
    this.#text(text);
  }

  /** A marker before anything was answered. */
  #begins(text: string): boolean {
    if (START_TOKENS.has(text)) return true;
    if (HARMONY.openers.has(text)) {
      this.#state = 'header';
      this.#header = text;
      return true;
    }
    if (this.#closerAlone(text)) return true;
    if (this.#hadThought && WRAPPERS.has(text)) return true;
    return this.#openThought(text);
  }

  /** A marker in an answer. */
  #within(text: string, marker: Marker): boolean {
    if (this.#quotes.isQuoted) {
      if (marker === 'open') this.#opened.add(text);
      return false;
    }
    if (END_TOKENS.has(text)) {
      this.#ends += text;
      return true;
    }
    if (START_TOKENS.has(text) && this.#ends !== '') {
      // The model went on with a turn of somebody else.
      this.#ends = '';
      this.#state = 'over';
      return true;
    }
    if (this.#hadThought && WRAPPERS.has(text) && marker === 'close') return true;
    if (this.#closerAlone(text)) return true;
    if (marker !== 'open') return false;
    if (this.#quotes.isAtLineStart && this.#openThought(text)) return true;
    this.#opened.add(text);
    return false;
  }

  #closerAlone(text: string): boolean {
    const family = THOUGHTS.find(({ close }) => close.includes(text));
    if (family === undefined || this.#isAsked(family)) return false;
    if (family.open.some((tag) => this.#opened.has(tag))) return false;
    this.#parts.push({ kind: 'retract' });
    this.#hadThought = true;
    this.#restart();
    return true;
  }

  #openThought(text: string): boolean {
    const family = THOUGHTS.find(({ open }) => open.includes(text));
    if (family === undefined || this.#isAsked(family)) return false;
    if (this.#state === 'answer') this.#aside = text;
    this.#state = 'thought';
    this.#closers = family.close;
    return true;
  }

  #isAsked({ common, open, close }: (typeof THOUGHTS)[number]): boolean {
    return common && [...open, ...close].some((tag) => this.#asked.includes(tag));
  }

  #thought(text: string): void {
    if (this.#aside === null) this.#put('thinking', text);
    else this.#aside += text;
  }

  #closeThought(): void {
    this.#hadThought = true;
    if (this.#aside === null) return this.#restart();
    this.#put('thinking', this.#aside);
    this.#aside = null;
    this.#state = 'answer';
  }

  #restart(): void {
    this.#state = 'start';
    this.#before = '';
    this.#ends = '';
    this.#quotes = new QuoteScanner();
  }

  #harmony(text: string): void {
    if (this.#state === 'header' && text === HARMONY.message) {
      const channel = /<\|channel\|>\s*(\w+)/.exec(this.#header)?.[1];
      this.#channel = channel === undefined || channel === 'final' ? 'answer' : 'thinking';
      // A call of a tool that was printed is judged as that, so it has to be seen.
      if (/\bto=/.test(this.#header)) this.#put('answer', this.#header + text);
      if (/\bto=/.test(this.#header)) this.#channel = 'answer';
      this.#state = 'message';
      return;
    }
    if (HARMONY.openers.has(text)) {
      this.#header = this.#state === 'header' ? this.#header + text : text;
      this.#state = 'header';
      return;
    }
    if (HARMONY.closers.has(text)) return;
    if (this.#state === 'header') this.#header += text;
    else this.#put(this.#channel, text);
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
    const last = this.#parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.#parts.push({ kind, text });
  }
}

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
