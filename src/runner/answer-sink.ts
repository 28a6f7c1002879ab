/** Takes a model's answer as it comes: the answer to the output and the log, its thoughts to the log alone. */
import { type FileHandle, open } from 'node:fs/promises';
import { errorInfo } from '../errors.ts';
import { RunFailure } from './failure.ts';

/** More than any useful answer, less than any disk: what goes beyond is a model that repeats itself. */
export const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;
/** Enough to see that there were thoughts, and which. */
const THINKING_KEPT = 16 * 1024;

const OPEN_TAG = '<think>';
const CLOSE_TAG = '</think>';

export interface SinkOptions {
  outputPath: string;
  logPath: string;
  limitBytes: number;
  /** Called with the number of bytes that came. */
  progress: (bytes: number) => void;
}

export const didNotStop = (limitBytes: number): RunFailure =>
  new RunFailure(
    errorInfo(
      'output_truncated',
      `The model did not stop: its answer was ended after ${limitBytes / 1024 / 1024} MB.`,
      'It repeats itself; try another model, or bound the answer with --set num_predict=…',
    ),
  );

export class AnswerSink {
  readonly #options: SinkOptions;
  readonly #output: FileHandle;
  readonly #log: FileHandle;
  #bytes = 0;
  #thinking = '';
  #hasAnswer = false;
  /** Many servers leave the thoughts in the answer, as a first part in tags. */
  #tags: 'before' | 'inside' | 'closed' | 'after' = 'before';
  #held = '';
  #logs: 'thinking' | 'answer' | 'nothing' = 'nothing';

  private constructor(options: SinkOptions, output: FileHandle, log: FileHandle) {
    this.#options = options;
    this.#output = output;
    this.#log = log;
  }

  static async open(options: SinkOptions): Promise<AnswerSink> {
    // Appending, so that after a truncation the next byte is the first.
    const output = await open(options.outputPath, 'a', 0o600);
    try {
      await output.truncate(0);
      return new AnswerSink(options, output, await open(options.logPath, 'a', 0o600));
    } catch (error) {
      await output.close();
      throw error;
    }
  }

  /** The beginning of what the model thought, or null. */
  get thinking(): string | null {
    return this.#thinking.trim() === '' ? null : this.#thinking;
  }

  get hasAnswer(): boolean {
    return this.#hasAnswer;
  }

  /** Throws RunFailure `output_truncated` beyond the limit. */
  async answer(text: string): Promise<void> {
    if (text === '') return;
    this.#count(text);
    this.#held += text;
    if (this.#tags === 'before') {
      const start = this.#held.trimStart();
      if (start.startsWith(OPEN_TAG)) {
        this.#tags = 'inside';
        this.#held = start.slice(OPEN_TAG.length);
      } else if (!OPEN_TAG.startsWith(start)) this.#tags = 'after';
    }
    if (this.#tags === 'inside') {
      const end = this.#held.indexOf(CLOSE_TAG);
      const safe = end === -1 ? Math.max(0, this.#held.length - CLOSE_TAG.length) : end;
      await this.#think(this.#held.slice(0, safe));
      this.#held = this.#held.slice(safe);
      if (end === -1) return;
      this.#tags = 'closed';
      this.#held = this.#held.slice(CLOSE_TAG.length);
    }
    if (this.#tags === 'closed') {
      this.#held = this.#held.trimStart();
      if (this.#held !== '') this.#tags = 'after';
    }
    if (this.#tags === 'after') await this.#flush();
  }

  async think(text: string): Promise<void> {
    if (text === '') return;
    this.#count(text);
    await this.#think(text);
  }

  /** Writes what was held back. Call it when the answer is whole. */
  async end(): Promise<void> {
    if (this.#tags === 'inside') await this.#think(this.#held);
    else await this.#flush();
    this.#held = '';
    if (this.#logs !== 'nothing') await this.#log.appendFile('\n');
  }

  /** Forgets the answer, for another try in the same run; `why` is told in the log. */
  async restart(why: string): Promise<void> {
    await this.#output.truncate(0);
    await this.#log.appendFile(`\n[koubou] ${why}\n`);
    this.#hasAnswer = false;
    this.#held = '';
    this.#tags = 'before';
    this.#logs = 'nothing';
  }

  async close(): Promise<void> {
    await Promise.all([this.#output.close(), this.#log.close()]);
  }

  async #flush(): Promise<void> {
    const text = this.#held;
    if (text === '') return;
    this.#held = '';
    if (text.trim() !== '') this.#hasAnswer = true;
    await this.#output.appendFile(text);
    await this.#toLog('answer', text);
  }

  async #think(text: string): Promise<void> {
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
