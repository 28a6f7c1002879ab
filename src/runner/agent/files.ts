/** The files of one run of an agent CLI: its prompt, what it prints, and the answer it may write. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { appendOwn, createOwn, piecesOf, readOwn, replaceOwn } from '../../names/own-file.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { didNotStop, OUTPUT_LIMIT_BYTES } from '../connection/bounded-answer.ts';
import { LineReader } from '../program/line-reader.ts';
import type { RunContext } from '../runner.ts';
import { OutputReader, type OutputRules, type Reading } from './output.ts';

/** A document that has to be read whole; lines may come for ever. */
const DOCUMENT_BYTES = 32 * 1024 * 1024;

export class AgentFiles {
  readonly prompt: string;
  /** Where the program may write its answer. */
  readonly answer: string;
  readonly stdout: string;
  readonly #rules: OutputRules;
  readonly #context: Pick<RunContext, 'statePath' | 'outputPath' | 'lease'>;

  constructor(context: Pick<RunContext, 'statePath' | 'outputPath' | 'lease'>, rules: OutputRules) {
    const { statePath, outputPath } = context;
    this.#context = context;
    this.#rules = rules;
    this.prompt = join(statePath, 'prompt.md');
    this.answer = join(statePath, 'answer');
    // What is the result as it stands needs no second place on the disk.
    this.stdout = rules.output.stdout ? outputPath : join(statePath, 'stdout');
  }

  /** What koubou itself goes on to read, and the program must not put anything else in the place of. */
  get own(): readonly string[] {
    return [this.prompt, this.stdout];
  }

  /** Answers of an earlier try of the same attempt must not be read again. */
  async prepare(prompt: string): Promise<void> {
    await mkdir(this.#context.statePath, { recursive: true, mode: 0o700 });
    await this.tidy();
    await replaceOwn(this.prompt, prompt);
  }

  async read(): Promise<Reading> {
    const { output } = this.#rules;
    const reader = new OutputReader(this.#rules);
    if (output.json !== undefined) reader.takeWhole(await smallText(this.stdout));
    if (output.last_line || output.jsonl) {
      // The last line may have no end, and a reader of lines that come waits for one.
      await appendOwn(this.stdout, '\n');
      const { signal } = this.#context.lease;
      await new LineReader(this.stdout).read((line) => reader.take(line), { signal });
    }
    if (output.file) await this.#takeAnswer();
    return reader.reading;
  }

  /** What was printed is in the log, and an answer in the output. */
  async tidy(): Promise<void> {
    if (!this.#rules.output.stdout) await removeTree(this.stdout);
    await removeTree(this.answer);
  }

  async #takeAnswer(): Promise<void> {
    try {
      await copyAnswer(this.answer, this.#context.outputPath);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
}

const smallText = async (path: string): Promise<string> =>
  (await readOwn(path, DOCUMENT_BYTES))?.toString('utf8') ?? '';

/** The program may write where its answer lies: what it put there is read as a file of its own, or not at all. */
const copyAnswer = async (from: string, to: string): Promise<void> => {
  const pieces = piecesOf(from);
  // Nothing is made or replaced where there is no answer.
  const first = await pieces.next();
  const file = await createOwn(to);
  try {
    let bytes = 0;
    for (let next = first; next.done !== true; next = await pieces.next()) {
      bytes += next.value.length;
      if (bytes > OUTPUT_LIMIT_BYTES) throw didNotStop(OUTPUT_LIMIT_BYTES);
      await file.appendFile(next.value);
    }
  } finally {
    await pieces.return(undefined);
    await file.close();
  }
};
