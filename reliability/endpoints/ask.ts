/** Has an asker ask, ends it where it hangs, and starts another one then. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answered, Question } from './asker.ts';

/** More than the longest a runner may need by itself, on a busy machine. */
const HANGS_AFTER_MS = 60_000;

export const HUNG = 'it hung';

export class Asking {
  readonly #program: URL;
  readonly #hangsAfterMs: number;
  #child: ChildProcess | undefined;
  /** Where askers put their files: one that is killed leaves them. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'koubou-asking-'));

  constructor(program = new URL('asker.ts', import.meta.url), hangsAfterMs = HANGS_AFTER_MS) {
    this.#program = program;
    this.#hangsAfterMs = hangsAfterMs;
  }

  async ask(question: Question): Promise<Answered> {
    this.#child ??= fork(this.#program, {
      execArgv: ['--max-old-space-size=512', '--expose-gc'],
      silent: true,
      env: { ...process.env, TMPDIR: this.#folder },
    });
    const child = this.#child;
    const { promise, resolve } = Promise.withResolvers<Answered>();
    const timer = setTimeout(() => resolve(broken(HUNG)), this.#hangsAfterMs);
    const ended = (): void => resolve(broken('the asker died'));
    const answered = (answer: unknown): void => resolve({ ...broken(), ...(answer as Answered) });
    child.once('message', answered);
    child.once('exit', ended);
    child.send(question, () => undefined);
    const answer = await promise;
    clearTimeout(timer);
    child.off('message', answered);
    child.off('exit', ended);
    if (answer.problems.includes(HUNG) || !child.connected) await this.#end();
    return answer;
  }

  async close(): Promise<void> {
    await this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

const broken = (...problems: string[]): Answered => ({
  ok: false,
  code: null,
  charged: false,
  message: '',
  hint: '',
  retryAfter: null,
  output: '',
  outputBytes: 0,
  ms: 0,
  held: null,
  problems,
});
