/** Tasks of all kinds that keep coming, and people who cancel some and try others again. */
import { appendFileSync } from 'node:fs';
import { KoubouError } from '../../src/errors.ts';
import type { NewTask } from '../../src/task/record.ts';
import type { Daemons } from '../../test/support/koubou/daemon.ts';
import type { Trace } from '../storms/trace.ts';

export interface Places {
  /** Outside the home. */
  folder: string;
  /** Acknowledged ids are appended to it. */
  idsPath: string;
}

/** Tasks that wait or run at a time; more are not added. */
const BACKLOG = 25;

export class Traffic {
  readonly counts = { added: 0, refused: 0, cancelled: 0, retried: 0, repeated: 0 };
  readonly ids: string[] = [];
  /** One for each retry that was made, or that broke off and may have been. */
  readonly retried: string[] = [];
  readonly faults: string[] = [];
  readonly #daemons: Daemons;
  readonly #trace: Trace;
  readonly #places: Places;
  readonly #random: () => number;
  #key = 0;

  constructor(daemons: Daemons, trace: Trace, places: Places, random: () => number) {
    this.#daemons = daemons;
    this.#trace = trace;
    this.#places = places;
    this.#random = random;
  }

  /** Some more, unless enough is there. */
  async more(): Promise<void> {
    const { pending, in_progress } = await this.#daemons.queue.counts();
    if (pending + in_progress >= BACKLOG) return;
    const acts = [
      ...Array.from({ length: 6 }, () => () => this.#add([this.#one()])),
      () => this.#add(Array.from({ length: 4 }, () => this.#one())),
      () => this.#chain(),
      () => this.#withKey(),
      () => this.#typed(),
      () => this.#cancel(),
      () => this.#cancel(),
      () => this.#retry(),
    ];
    const act = acts[Math.floor(this.#random() * acts.length)];
    try {
      await act?.();
    } catch (error) {
      // A full disk refuses with nothing done, or says that nobody knows; everything else is a fault.
      if (!(error instanceof KoubouError) || !['disk_full', 'unknown'].includes(error.code)) throw error;
      this.counts.refused += 1;
    }
  }

  acknowledge(ids: readonly string[]): void {
    this.ids.push(...ids);
    this.counts.added += ids.length;
    appendFileSync(this.#places.idsPath, ids.map((id) => `${id}\n`).join(''));
  }

  #one(): Partial<NewTask> {
    const chance = this.#random();
    const program: Partial<NewTask> = {
      type: 'command',
      prompt: '',
      command: this.#trace.command(1 + Math.floor(this.#random() * 4), 0.1),
      cwd: this.#places.folder,
    };
    if (chance < 0.35) return program;
    if (chance < 0.42) {
      const often = ['sh', '-c', 'case $KOUBOU_RUN in *.r1) exit 3;; esac'];
      return { ...program, command: often, options: { retries: 3 } };
    }
    if (chance < 0.45) return { ...program, command: ['false'], options: { retries: 0 } };
    if (chance < 0.52) {
      return { ...program, not_before: new Date(Date.now() + 3000 * this.#random()).toISOString() };
    }
    if (chance < 0.88) return { prompt: `question ${chance}`, priority: 1 + Math.floor(this.#random() * 10) };
    const code = { type: 'code', prompt: 'Change it.', cwd: `${this.#places.folder}/shared` } as const;
    return chance < 0.95
      ? code
      : { ...code, cwd: `${this.#places.folder}/repository`, options: { worktree: true } };
  }

  async #add(tasks: readonly Partial<NewTask>[]): Promise<string[]> {
    const ids = await this.#daemons.addAll(tasks);
    this.acknowledge(ids);
    return ids;
  }

  async #chain(): Promise<void> {
    const [first = ''] = await this.#add([this.#one()]);
    const [second = ''] = await this.#add([{ ...this.#one(), after: [first] }]);
    await this.#add([{ ...this.#one(), after_any: [first, second] }]);
  }

  async #withKey(): Promise<void> {
    this.#key += 1;
    const keyed = { ...this.#one(), not_before: null, key: `key ${this.#key}` };
    const [id] = await this.#add([keyed]);
    const [again] = await this.#daemons.addAll([keyed]);
    this.counts.repeated += 1;
    if (again !== id) this.faults.push(`the same key gave ${id} and ${again}`);
  }

  /** As somebody at a terminal adds it. */
  async #typed(): Promise<void> {
    const { code, stdout, stderr } = await this.#daemons.koubou([
      'delegate',
      '--type',
      'command',
      '--',
      'true',
    ]);
    if (code === 0) this.acknowledge([stdout.trim()]);
    else if (/disk/i.test(stderr)) this.counts.refused += 1;
    else this.faults.push(`delegate ended with ${code}: ${stderr}`);
  }

  async #cancel(): Promise<void> {
    const id = this.#recent();
    if (id === undefined) return;
    const { result } = await this.#daemons.queue.cancel(id);
    if (result !== 'already_ended') this.counts.cancelled += 1;
  }

  async #retry(): Promise<void> {
    const failed = await this.#daemons.queue.list({ states: ['failed'], limit: 5 });
    const chosen = failed[Math.floor(this.#random() * failed.length)];
    if (chosen === undefined) return;
    try {
      // Before it is known whether it came to something: what may have been allowed counts as allowed.
      this.retried.push(chosen.task_id);
      await this.#daemons.queue.retry(chosen.task_id);
      this.counts.retried += 1;
    } catch (error) {
      // Retried by its parent's retry meanwhile.
      if (!(error instanceof KoubouError) || error.code !== 'conflict') throw error;
      this.retried.splice(this.retried.lastIndexOf(chosen.task_id), 1);
    }
  }

  #recent(): string | undefined {
    const recent = this.ids.slice(-20);
    return recent[Math.floor(this.#random() * recent.length)];
  }
}
