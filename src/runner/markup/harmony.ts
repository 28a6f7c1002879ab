/**
 * The channels of Harmony (https://github.com/openai/harmony/blob/main/docs/format.md), in which gpt-oss answers: of its
 * messages the last final one is the answer. Also what is left of them where a server drops the tokens and keeps the words
 * between. Pure.
 */
import type { MarkupParts } from './markup-parts.ts';
import { HARMONY } from './markup-table.ts';
import { END_TOKENS } from './turn-table.ts';

/** Of a header: tokens, a role, a channel, a recipient, the kind of the content. */
const HEADER = /^(?:<\|(?:start|channel|constrain)\|>|[\w.:/ \t\n-])*$/;
const LONGEST_HEADER = 200;
const MOST_WORDS = 4;

export const isHeader = (text: string): boolean => {
  if (text.length > LONGEST_HEADER) return false;
  const bare = text.replaceAll(/\bto=[^\s<]*/g, ' ');
  const words = bare
    .replaceAll(/<\|\w+\|>/g, ' ')
    .trim()
    .split(/\s+/);
  return HEADER.test(bare) && words.length <= MOST_WORDS;
};

/** What it makes of a piece of text or a marker: more of it is to come, the answer ended, or it was no Harmony after all. */
export type HarmonyGoesOn = 'on' | 'over' | 'none';

/** Messages with their tokens. */
export class HarmonyReader {
  readonly #parts: MarkupParts;
  /** Until its end is seen; null: within a message or behind one. */
  #header: string | null = null;
  /** A message came before the header at hand. */
  #hadMessage = false;
  /** `behind`: after a message of thoughts, where what comes is the answer unless another message does. */
  #channel: 'answer' | 'thinking' | 'behind' = 'thinking';
  #saidBehind = false;

  constructor(parts: MarkupParts) {
    this.#parts = parts;
  }

  /** At a token that begins a header. */
  open(token: string): void {
    this.#header = token;
  }

  /** At the end of a header of which the template gave the beginning; `header`: what of it came as an answer. */
  openHeadless(header: string): void {
    this.#header = `<|channel|>${header.trim() || 'final'}`;
    this.#beginMessage();
    if (header !== '' && this.#channel === 'thinking') this.#parts.retract();
  }

  text(text: string): HarmonyGoesOn {
    if (this.#header !== null) return this.#readHeader(text);
    if (this.#channel === 'thinking') this.#parts.think(text);
    else if (this.#channel === 'answer') this.#parts.answer(text);
    else this.#readBehind(text);
    return 'on';
  }

  marker(text: string): HarmonyGoesOn {
    if (this.#header !== null) return this.#inHeader(text);
    const { quotes } = this.#parts;
    const isAnswer = this.#channel !== 'thinking';
    const endsFence = quotes.isInFence && END_TOKENS.has(text);
    if (isAnswer && quotes.isQuoted && !endsFence) this.#parts.answer(text);
    else if (HARMONY.openers.has(text)) this.#header = text;
    else if (text === HARMONY.last) return 'over';
    else if (HARMONY.closers.has(text)) this.#endMessage();
    else if (isAnswer && END_TOKENS.has(text)) this.#parts.holdEnd(text);
    else return this.text(text);
    return 'on';
  }

  /** A header that nothing follows is no answer; it is told all the same. */
  end(): void {
    if (this.#header !== null) this.#parts.think(this.#header);
  }

  #endMessage(): void {
    // What stands behind the answer belongs to nothing.
    this.#channel = this.#channel === 'answer' ? 'thinking' : 'behind';
    if (this.#channel === 'behind') this.#parts.begin();
  }

  #readBehind(text: string): void {
    const said = this.#saidBehind ? text : text.trimStart();
    if (said === '') return;
    this.#saidBehind = true;
    this.#parts.answer(said);
  }

  /** What cannot be a header is text after all. */
  #readHeader(text: string): HarmonyGoesOn {
    this.#header += text;
    const said = this.#header ?? '';
    if (isHeader(said)) return 'on';
    this.#header = null;
    if (this.#hadMessage) return this.text(said);
    this.#parts.answer(said);
    return 'none';
  }

  #inHeader(text: string): HarmonyGoesOn {
    if (text === HARMONY.message) {
      this.#beginMessage();
      return 'on';
    }
    if (!HARMONY.closers.has(text)) return this.#readHeader(text);
    // The message had no content.
    this.#parts.think(this.#header ?? '');
    this.#header = null;
    this.#hadMessage = true;
    this.#channel = 'thinking';
    return 'on';
  }

  #beginMessage(): void {
    const header = this.#header ?? '';
    const channel = [...header.matchAll(/<\|channel\|>\s*(\w+)/g)].at(-1)?.[1];
    const role = /<\|start\|>\s*([\w.]+)/.exec(header)?.[1] ?? 'assistant';
    const isCall = /\bto=(?!assistant)/.test(header);
    const isFinal = role === 'assistant' && (channel === undefined || channel === 'final');
    // The last final message is the answer; what stood before it without a channel was none.
    if ((isFinal && !isCall && this.#parts.answered) || this.#saidBehind) this.#parts.retract();
    this.#header = null;
    this.#hadMessage = true;
    this.#saidBehind = false;
    this.#channel = isFinal || isCall ? 'answer' : 'thinking';
    // A call of a tool that was printed is judged as that, so it has to be seen.
    if (isCall) this.#parts.answerBare(header + HARMONY.message);
    this.#parts.begin();
  }
}

const BARE_BEGIN = /^(analysis|commentary)(?=[^\s<]| to=)/;
const BARE_FINAL = 'assistantfinal';
const BARE_COMMENTARY = 'assistantcommentary';
const LONGEST_WORD = 'commentary to='.length;

/** Whether a text may be one without its tokens: `later` until enough of it came. */
export const beginsBare = (start: string): 'yes' | 'no' | 'later' => {
  if (BARE_BEGIN.test(start)) return 'yes';
  const mayBe = ['analysis', 'commentary to='].some((word) => word.startsWith(start) || start === word);
  return start !== '' && start.length <= LONGEST_WORD && mayBe ? 'later' : 'no';
};

/** Messages without their tokens: thoughts up to the word that begins the answer, else an answer after all. */
export class BareHarmony {
  readonly #parts: MarkupParts;
  #texts: string[] = [];
  /** The end of them, in which the word may have begun. */
  #tail = '';

  constructor(parts: MarkupParts) {
    this.#parts = parts;
  }

  /** Gives what stands behind the word that begins the answer, once it comes. */
  read(text: string): string | undefined {
    const window = this.#tail + text;
    const at = window.indexOf(BARE_FINAL);
    this.#texts.push(text);
    this.#tail = window.slice(1 - BARE_FINAL.length);
    if (at === -1) return undefined;
    const answer = window.slice(at + BARE_FINAL.length);
    const whole = this.#texts.join('');
    this.#parts.think(withoutFirstWord(whole.slice(0, whole.length - answer.length - BARE_FINAL.length)));
    return answer;
  }

  /** There was no such word. What was said on the way to a call is no answer. */
  end(): void {
    const whole = this.#texts.join('');
    const at = whole.lastIndexOf(BARE_COMMENTARY);
    if (at === -1) return this.#parts.answer(whole);
    this.#parts.think(withoutFirstWord(whole.slice(0, at)));
    const said = whole.slice(at + 'assistant'.length);
    if (said.startsWith('commentary to=')) this.#parts.answer(said);
    else this.#parts.think(withoutFirstWord(said));
  }
}

const withoutFirstWord = (text: string): string => text.trimStart().replace(/^(?:analysis|commentary)/, '');
