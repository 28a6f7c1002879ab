/** The files of one run of an agent CLI: its prompt, what it prints, and the answer it may write. */
import { appendFile, copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { OutputReader, type OutputRules, type Reading } from './agent-output.ts';
import { LineReader } from './line-reader.ts';
import type { RunContext } from './runner.ts';

/** A document that has to be read whole; lines may come for ever. */
const DOCUMENT_BYTES = 32 * 1024 * 1024;

export class AgentFiles {
  readonly prompt: string;
  /** Where the program may write its answer. */
  readonly answer: string;
  readonly stdout: string;
  readonly #rules: OutputRules;
  readonly #context: Pick<RunContext, 'statePath' | 'outputPath'>;

  constructor(context: Pick<RunContext, 'statePath' | 'outputPath'>, rules: OutputRules) {
    const { statePath, outputPath } = context;
    this.#context = context;
    this.#rules = rules;
    this.prompt = join(statePath, 'prompt.md');
    this.answer = join(statePath, 'answer');
    // What is the result as it stands needs no second place on the disk.
    this.stdout = rules.output.stdout ? outputPath : join(statePath, 'stdout');
  }

  /** Answers of an earlier try of the same attempt must not be read again. */
  async prepare(prompt: string): Promise<void> {
    await mkdir(this.#context.statePath, { recursive: true, mode: 0o700 });
    await this.tidy();
    await writeFile(this.prompt, prompt, { mode: 0o600 });
  }

  async read(): Promise<Reading> {
    const { output } = this.#rules;
    const reader = new OutputReader(this.#rules);
    if (output.json !== undefined) reader.takeWhole(await smallText(this.stdout));
    if (output.last_line || output.jsonl) {
      // The last line may have no end, and a reader of lines that come waits for one.
      await appendFile(this.stdout, '\n');
      await new LineReader(this.stdout).read((line) => reader.take(line));
    }
    if (output.file) await this.#takeAnswer();
    return reader.reading;
  }

  /** What was printed is in the log, and an answer in the output. */
  async tidy(): Promise<void> {
    if (!this.#rules.output.stdout) await rm(this.stdout, { force: true });
    await rm(this.answer, { force: true });
  }

  async #takeAnswer(): Promise<void> {
    try {
      await copyFile(this.answer, this.#context.outputPath);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
}

const smallText = async (path: string): Promise<string> =>
  (await stat(path)).size > DOCUMENT_BYTES ? '' : readFile(path, 'utf8');
