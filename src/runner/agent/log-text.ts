/** What an agent CLI prints while it runs: brought into the log as it comes, and looked at for a question. */
import type { FileHandle } from 'node:fs/promises';
import { errorInfo } from '../../errors.ts';
import { openOwn } from '../../names/own-file.ts';
import { type Clock, systemClock } from '../../process/clock.ts';
import type { Lease } from '../../process/lease.ts';
import { RunFailure } from '../failure.ts';
import { asksForPerson, isQuestion } from './output.ts';

const CHUNK_BYTES = 256 * 1024;
const TAIL_BYTES = 4096;
const TAIL_LINES = 10;
/** A question that nothing follows for this long waits for a person. */
const QUIET_MS = 2000;

export class AgentLogText {
  readonly #stdout: FileHandle;
  readonly #log: FileHandle;
  readonly #logStart: number;
  readonly #progress: Lease['progress'];
  readonly #clock: Clock;
  #copied = 0;
  #logSize: number;
  #lastCame: number;
  /** Nothing came since it was looked at for a question. */
  #judged = false;
  #fromModel = false;

  private constructor(
    stdout: FileHandle,
    log: FileHandle,
    logStart: number,
    progress: Lease['progress'],
    clock: Clock,
  ) {
    this.#stdout = stdout;
    this.#log = log;
    this.#logStart = logStart;
    this.#logSize = logStart;
    this.#progress = progress;
    this.#clock = clock;
    this.#lastCame = clock.steadyMs();
  }

  /** Both files are made when missing. Close it in any case. */
  static async open(
    stdoutPath: string,
    { logPath, progress }: Lease,
    clock = systemClock,
  ): Promise<AgentLogText> {
    const stdout = await openOwn(stdoutPath, 'read and append');
    try {
      const log = await openOwn(logPath, 'read and append');
      return new AgentLogText(stdout, log, (await log.stat()).size, progress, clock);
    } catch (error) {
      await stdout.close();
      throw error;
    }
  }

  /** Throws RunFailure `needs_input` when the program has asked something and waits. */
  async look(name: string): Promise<void> {
    const errors = (await this.#log.stat()).size - this.#logSize;
    const printed = await this.#copy();
    this.#logSize = (await this.#log.stat()).size;
    if (errors + printed > 0) {
      this.#progress(errors + printed);
      this.#lastCame = this.#clock.steadyMs();
      this.#judged = false;
      this.#fromModel = printed > 0;
      return;
    }
    if (this.#judged || this.#clock.steadyMs() - this.#lastCame < QUIET_MS) return;
    this.#judged = true;
    const tail = await this.#tail();
    const last = tail.trimEnd().split('\n').at(-1) ?? '';
    // A model may print any words and then think for long, but it ends its lines; only a prompt stays open.
    const waits = tail.endsWith('\n') ? !this.#fromModel && asksForPerson(last) : isQuestion(last);
    if (waits)
      throw new RunFailure(errorInfo('needs_input', `${name} waits for a person: ${last.slice(-300)}`));
  }

  /** What was printed last, on either stream, bounded. */
  async lastLines(): Promise<string> {
    return (await this.#tail()).trimEnd().split('\n').slice(-TAIL_LINES).join('\n').trim();
  }

  async #tail(): Promise<string> {
    const { size } = await this.#log.stat();
    const from = Math.max(this.#logStart, size - TAIL_BYTES);
    const { buffer, bytesRead } = await this.#log.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  }

  async close(): Promise<void> {
    await Promise.all([this.#stdout.close(), this.#log.close()]);
  }

  async #copy(): Promise<number> {
    const before = this.#copied;
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await this.#stdout.read(buffer, 0, CHUNK_BYTES, this.#copied);
      if (bytesRead === 0) return this.#copied - before;
      await this.#log.appendFile(buffer.subarray(0, bytesRead));
      this.#copied += bytesRead;
    }
  }
}
