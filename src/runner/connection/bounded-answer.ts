/** Takes a model's answer as it comes: the answer to the output and the log, its thoughts to the log alone. */
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { errorInfo } from '../../errors.ts';
import { openOwn } from '../../names/own-file.ts';
import { KeyCutter } from '../../privacy/keys.ts';
import { field, say } from '../../say/say.ts';
import { hasInk } from '../../text/ink.ts';
import { RunFailure } from '../failure.ts';
import { MarkupSplitter, type Part } from '../markup/model-markup.ts';

/** More than any useful answer, less than any disk: what goes beyond is a model that repeats itself. */
export const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;
/** Of a text that is read for markup in one go: this takes milliseconds, whatever stands in it. */
const PIECE_LETTERS = 16 * 1024;
/** Enough to see that there were thoughts, and which. */
const THINKING_KEPT = 16 * 1024;

export interface BoundedAnswerOptions {
  outputPath: string;
  logPath: string;
  limitBytes: number;
  /** The prompt: what it asks for is no markup. */
  asked: string;
  /** Called with the number of bytes that came. */
  progress: (bytes: number) => void;
  /** What must not be written, whoever says it. */
  keys?: readonly string[];
}

export const didNotStop = (limitBytes: number): RunFailure =>
  new RunFailure(
    errorInfo(
      'output_truncated',
      `The model did not stop: its answer was ended after ${limitBytes / 1024 / 1024} MB.`,
      say`It repeats itself; try another model, or bound the answer with ${field('set', 'num_predict=…')}`,
    ),
  );

export class BoundedAnswer {
  readonly #options: BoundedAnswerOptions;
  readonly #output: FileHandle;
  readonly #log: FileHandle;
  #bytes = 0;
  #thinking = '';
  #hasAnswer = false;
  /** The beginning of the answer, which may turn out to be thoughts. */
  #beginning = '';
  #splitter: MarkupSplitter;
  /** Behind the splitter: markup that is taken off could have stood within a key. */
  readonly #keys: { answer: KeyCutter; thinking: KeyCutter };
  /** Servers cut their stream at tokens, so also within a letter. */
  readonly #halves = { answer: new LetterJoiner(), thinking: new LetterJoiner() };
  #logs: 'thinking' | 'answer' | 'nothing' = 'nothing';

  private constructor(options: BoundedAnswerOptions, output: FileHandle, log: FileHandle) {
    this.#options = options;
    this.#output = output;
    this.#log = log;
    const { keys = [] } = options;
    this.#keys = { answer: new KeyCutter(keys), thinking: new KeyCutter(keys) };
    this.#splitter = new MarkupSplitter(options.asked);
  }

  static async open(options: BoundedAnswerOptions): Promise<BoundedAnswer> {
    // Appending, so that after a truncation the next byte is the first.
    const output = await openOwn(options.outputPath, 'append');
    try {
      await output.truncate(0);
      return new BoundedAnswer(options, output, await openOwn(options.logPath, 'append'));
    } catch (error) {
      await output.close();
      throw error;
    }
  }

  /** The beginning of what the model thought, or null. */
  get thinking(): string | null {
    return hasInk(this.#thinking) ? this.#thinking : null;
  }

  get hasAnswer(): boolean {
    return this.#hasAnswer;
  }

  /** Throws RunFailure `output_truncated` beyond the limit. */
  async answer(text: string): Promise<void> {
    if (text === '') return;
    this.#count(text);
    for (const piece of piecesOf(text)) {
      await this.#take(this.#splitter.push(this.#halves.answer.push(piece)));
      // A server may send megabytes at once, and whatever else this thread does comes first.
      if (piece.length < text.length) await setImmediate();
    }
  }

  async think(text: string): Promise<void> {
    if (text === '') return;
    this.#count(text);
    await this.#think(this.#halves.thinking.push(text));
  }

  /** Writes what was held back. Call it when the answer is whole. */
  async end(): Promise<void> {
    await this.#think(this.#halves.thinking.end());
    await this.#take(this.#splitter.push(this.#halves.answer.end()));
    await this.#take(this.#splitter.end());
    await this.#writeThought(this.#keys.thinking.end());
    await this.#writeAnswer(this.#keys.answer.end());
    if (this.#logs !== 'nothing') await this.#log.appendFile('\n');
  }

  /** For the log alone. */
  async note(what: string): Promise<void> {
    await this.#log.appendFile(`[koubou] ${what}\n`);
  }

  /** Forgets the answer, for another try in the same run; `why` is told in the log. */
  async restart(why: string): Promise<void> {
    await this.#output.truncate(0);
    await this.#log.appendFile(`\n[koubou] ${why}\n`);
    this.#hasAnswer = false;
    this.#beginning = '';
    this.#splitter = new MarkupSplitter(this.#options.asked);
    for (const held of [...Object.values(this.#halves), ...Object.values(this.#keys)]) held.end();
    this.#logs = 'nothing';
  }

  async close(): Promise<void> {
    await Promise.all([this.#output.close(), this.#log.close()]);
  }

  async #take(parts: readonly Part[]): Promise<void> {
    for (const part of parts) {
      if (part.kind === 'retract') await this.#retract();
      else if (part.kind === 'thinking') await this.#think(part.text);
      else await this.#write(part.text);
    }
  }

  async #write(text: string): Promise<void> {
    await this.#writeThought(this.#keys.thinking.end());
    await this.#writeAnswer(this.#keys.answer.push(text));
  }

  async #writeAnswer(text: string): Promise<void> {
    if (text === '') return;
    this.#hasAnswer ||= hasInk(text);
    if (this.#beginning.length < THINKING_KEPT) this.#beginning += text.slice(0, THINKING_KEPT);
    await this.#output.appendFile(text);
    await this.#toLog('answer', text);
  }

  /** What was taken for the answer were thoughts; the log holds them already. */
  async #retract(): Promise<void> {
    if (this.#hasAnswer) {
      await this.#log.appendFile('\n[koubou] What stands above as an answer are thoughts.\n');
      this.#logs = 'thinking';
    }
    this.#thinking = (this.#thinking + this.#beginning).slice(0, 2 * THINKING_KEPT);
    this.#beginning = '';
    this.#hasAnswer = false;
    this.#keys.answer.end();
    await this.#output.truncate(0);
  }

  async #think(text: string): Promise<void> {
    await this.#writeThought(this.#keys.thinking.push(text));
  }

  async #writeThought(text: string): Promise<void> {
    if (text === '') return;
    if (this.#thinking.length < THINKING_KEPT) this.#thinking += text.slice(0, THINKING_KEPT);
    await this.#toLog('thinking', text);
  }

  async #toLog(part: 'thinking' | 'answer', text: string): Promise<void> {
    let heading = '';
    if (part === 'thinking' && this.#logs !== 'thinking') heading = '[thinking]\n';
    if (part === 'answer' && this.#logs === 'thinking') heading = '\n[answer]\n';
    this.#logs = part;
    await this.#log.appendFile(heading + text);
  }

  #count(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#bytes += bytes;
    this.#options.progress(bytes);
    if (this.#bytes <= this.#options.limitBytes) return;
    throw didNotStop(this.#options.limitBytes);
  }
}

function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; from += PIECE_LETTERS) yield text.slice(from, from + PIECE_LETTERS);
}

/** Keeps the first half of a letter back until the second comes (UTF-16, as JSON writes it). */
class LetterJoiner {
  #half = '';

  push(text: string): string {
    const whole = this.#half + text;
    const cut = /[\ud800-\udbff]$/.test(whole) ? whole.length - 1 : whole.length;
    this.#half = whole.slice(cut);
    return whole.slice(0, cut);
  }

  /** The half that nothing followed. */
  end(): string {
    const half = this.#half;
    this.#half = '';
    return half;
  }
}
