/** What was read so far of a model's text: its answer, its thoughts, and tokens of which it is not yet known which they are. */
import { QuoteScanner } from './quote-scanner.ts';

export type Part =
  | { kind: 'answer' | 'thinking'; text: string }
  /** All that was given as answer so far were thoughts. */
  | { kind: 'retract' };

/** As much of the beginning of an answer as may be the header of a message. */
const BEGINNING_LETTERS = 400;

export class MarkupParts {
  /** Of the answer that is being given. */
  quotes = new QuoteScanner();
  /** Something was given as answer. */
  answered = false;
  beginning = '';
  /** Tokens that end a turn, until it is known whether the turn ends there. */
  #ends = '';
  #parts: Part[] = [];

  take(): Part[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  get mayHaveEnded(): boolean {
    return this.#ends !== '';
  }

  /** What may end the turn: text of the answer only where more of it follows. */
  holdEnd(token: string): void {
    this.#ends += token;
  }

  dropEnds(): void {
    this.#ends = '';
  }

  answer(text: string): void {
    if (text === '') return;
    if (this.#ends !== '') {
      if (text.trim() === '') {
        this.#ends += text;
        return;
      }
      this.quotes.read(this.#ends);
      this.#put('answer', this.#ends);
      this.#ends = '';
    }
    this.quotes.read(text);
    this.#put('answer', text);
  }

  /** A part of the answer that quotes nothing, as the header of a call. */
  answerBare(text: string): void {
    this.#put('answer', text);
  }

  think(text: string): void {
    this.#put('thinking', text);
  }

  retract(): void {
    this.#parts.push({ kind: 'retract' });
    this.answered = false;
    this.beginning = '';
    this.begin();
  }

  /** What comes next is a text of its own. */
  begin(): void {
    this.#ends = '';
    this.quotes = new QuoteScanner();
  }

  #put(kind: 'answer' | 'thinking', text: string): void {
    if (text === '') return;
    if (kind === 'answer') {
      this.answered = true;
      if (this.beginning.length < BEGINNING_LETTERS) this.beginning += text.slice(0, BEGINNING_LETTERS);
    }
    const last = this.#parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.#parts.push({ kind, text });
  }
}
