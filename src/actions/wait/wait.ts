/**
 * Waiting for tasks to end. Looks at names only, often enough to be no more than 50 ms late, and makes sure that somebody
 * does the work; what that takes (a worker that starts, a server that is asked) holds up no look.
 */

import { livingWorker } from '../../app/living.ts';
import { type ErrorInfo, KoubouError } from '../../errors.ts';
import type { Clock } from '../../process/clock.ts';
import type { Queue } from '../../queue/queue.ts';
import { isEnded, type State } from '../../task/lifecycle.ts';
import type { Unserved } from '../workers/health.ts';
import { forecastOf, type WaitForecast } from './forecast.ts';

export interface WaitRequest {
  queue: Pick<Queue, 'state' | 'ended' | 'get' | 'workers'>;
  ids: readonly string[];
  /** Ends with the first task that ends, not with the last. */
  any: boolean;
  /** undefined: no limit. */
  limitSeconds: number | undefined;
  unserved: Unserved;
  ensureWorker: () => Promise<'alive' | 'started'>;
  /** Throws where no worker may be started: what could be learnt of servers there is not true for one elsewhere. */
  requireStartable?: () => void;
  signal: AbortSignal;
  /** A line for the person who waits. */
  say: (line: string) => void;
  onProgress?: (progress: WaitProgress) => void;
  clock: Clock;
}

export interface WaitProgress {
  total: number;
  ended: number;
  failed: number;
  running: number;
  seconds: number;
}

export type WaitEnd =
  | { kind: 'ended'; ended: string[] }
  | { kind: 'limit' | 'interrupted'; open: string[]; seconds: number }
  /** Only tasks are left that wait for something else than work. */
  | { kind: 'held'; open: string[]; why: string };

/** Between two looks; a command that prints a result has about as much left of the 50 ms. */
const PAUSE_MS = 20;
/** Between two looks at where each task is: what has ended is told by less. */
const STATES_MS = 250;
const LOOK_AHEAD_MS = 1000;
/** A living worker has mostly taken the task by then, and its server need not be asked. */
const TRUST_WORKER_MS = 300;
/** How long a due time may be away, where nobody said how long to wait. */
const PATIENCE_MS = 60_000;
/** A pause is at least so many times as long as the look before it: many tasks must not cost a core. */
const REST_FACTOR = 4;

/** Throws `runner_unavailable` when nothing can serve what is left, `no_such_task` for one that has vanished. */
export const waitForTasks = (request: WaitRequest): Promise<WaitEnd> => new Wait(request).run();

class Wait {
  readonly #request: WaitRequest;
  readonly #clock: Clock;
  readonly #states = new Map<string, State>();
  readonly #startMs: number;
  /** What is being looked at beside the waiting, and what came of it. */
  #ahead: Promise<void> | undefined;
  #found: { held: string | undefined } | { error: unknown } | undefined;
  #aheadAtMs = 0;
  #statesAtMs = 0;
  #startedOne = false;
  #said = '';

  constructor(request: WaitRequest) {
    this.#request = request;
    this.#clock = request.clock;
    this.#startMs = this.#clock.steadyMs();
  }

  async run(): Promise<WaitEnd> {
    const { signal, limitSeconds } = this.#request;
    const limitMs = (limitSeconds ?? Number.POSITIVE_INFINITY) * 1000;
    for (;;) {
      const restMs = await this.#look();
      if (this.#isDone()) return { kind: 'ended', ended: this.#ended() };
      const open = this.#open();
      const seconds = this.#waitedMs / 1000;
      if (signal.aborted) return { kind: 'interrupted', open, seconds };
      if (this.#waitedMs >= limitMs) return { kind: 'limit', open, seconds };
      const held = this.#takeFound();
      if (held !== undefined) return { kind: 'held', open, why: held };
      if (this.#ahead === undefined && this.#waitedMs >= this.#aheadAtMs) this.#startAhead(open, limitMs);
      const pause = Math.min(Math.max(PAUSE_MS, restMs), Math.max(0, limitMs - this.#waitedMs));
      const sleep = this.#clock.sleep(pause, signal);
      await (this.#ahead === undefined ? sleep : Promise.race([sleep, this.#ahead]));
    }
  }

  #startAhead(open: readonly string[], limitMs: number): void {
    this.#ahead = this.#lookAhead(open, limitMs).then(
      (held) => {
        this.#found = { held };
      },
      (error: unknown) => {
        this.#found = { error };
      },
    );
  }

  /** Why waiting would never end, if that was found. Throws what looking ahead threw. */
  #takeFound(): string | undefined {
    const found = this.#found;
    if (found === undefined) return undefined;
    this.#found = undefined;
    this.#ahead = undefined;
    this.#aheadAtMs = this.#waitedMs + (this.#waitedMs < TRUST_WORKER_MS ? TRUST_WORKER_MS : LOOK_AHEAD_MS);
    if ('error' in found) throw found.error;
    return found.held;
  }

  /** Answers with how long to rest for it. */
  async #look(): Promise<number> {
    const beganMs = this.#waitedMs;
    if (beganMs >= this.#statesAtMs) {
      await this.#readStates();
      this.#statesAtMs = this.#waitedMs + Math.max(STATES_MS, (this.#waitedMs - beganMs) * REST_FACTOR);
      return 0;
    }
    const ended = await this.#request.queue.ended(this.#open());
    for (const [id, state] of ended) this.#states.set(id, state);
    if (ended.size > 0) this.#tell();
    return (this.#waitedMs - beganMs) * REST_FACTOR;
  }

  get #waitedMs(): number {
    return this.#clock.steadyMs() - this.#startMs;
  }

  async #readStates(): Promise<void> {
    const { queue } = this.#request;
    for (const id of this.#open()) {
      const state = await queue.state(id);
      if (state === undefined) throw new KoubouError('no_such_task', `There is no task ${id} any more.`);
      this.#states.set(id, state);
    }
    this.#tell();
  }

  #tell(): void {
    const { ids, onProgress } = this.#request;
    const states = [...this.#states.values()];
    onProgress?.({
      total: ids.length,
      ended: states.filter(isEnded).length,
      failed: states.filter((state) => state === 'failed').length,
      running: states.filter((state) => state === 'in_progress').length,
      seconds: this.#waitedMs / 1000,
    });
  }

  #open(): string[] {
    return this.#request.ids.filter((id) => !this.#isEnded(id));
  }

  #ended(): string[] {
    return this.#request.ids.filter((id) => this.#isEnded(id));
  }

  #isEnded(id: string): boolean {
    const state = this.#states.get(id);
    return state !== undefined && isEnded(state);
  }

  #isDone(): boolean {
    const ended = this.#ended().length;
    return ended === this.#request.ids.length || (this.#request.any && ended > 0);
  }

  /** Starts a worker where there is work for one. Answers with why, where waiting would never end. */
  async #lookAhead(open: readonly string[], limitMs: number): Promise<string | undefined> {
    const { queue, ensureWorker, say, limitSeconds } = this.#request;
    const alive = (await livingWorker(queue)) !== undefined;
    // The first look goes before any worker is started: one with nothing to do would be for nothing.
    if (alive && this.#waitedMs < TRUST_WORKER_MS) return undefined;
    if (!alive) this.#request.requireStartable?.();
    const nowMs = this.#clock.wallMs();
    const untilMs = nowMs + (limitSeconds === undefined ? PATIENCE_MS : limitMs - this.#waitedMs);
    const parts = { queue, unserved: this.#request.unserved, nowMs, untilMs };
    const known = new Map<string, WaitForecast>();
    const outlooks = new Map<string, WaitForecast>();
    for (const id of open) {
      const running = this.#states.get(id) === 'in_progress';
      outlooks.set(id, running ? { kind: 'moving' } : await forecastOf(id, parts, known));
    }
    const kinds = [...outlooks.values()];
    if (kinds.some(({ kind }) => kind === 'moving')) {
      if (!alive && (await ensureWorker()) === 'started') say(this.#startLine());
      return undefined;
    }
    const soon = kinds.find((outlook) => outlook.kind === 'soon');
    if (soon?.why !== undefined && soon.why !== this.#said) say(soon.why);
    if (soon) {
      this.#said = soon.why ?? this.#said;
      return undefined;
    }
    await this.#refuseUnserved(outlooks);
    const [first] = outlooks;
    return first?.[1].kind === 'held' ? `${first[0]} ${first[1].why}` : undefined;
  }

  #startLine(): string {
    const again = this.#startedOne;
    this.#startedOne = true;
    return again
      ? 'The worker is gone; another was started in its place.'
      : 'No worker was running: one was started, which ends when nothing is left to do.';
  }

  /** The server may have answered in between, so what has started by now is no longer without one. */
  async #refuseUnserved(outlooks: ReadonlyMap<string, WaitForecast>): Promise<void> {
    const waiting: [string, ErrorInfo][] = [];
    for (const [id, outlook] of outlooks) {
      if (outlook.kind !== 'unserved') continue;
      const state = await this.#request.queue.state(id);
      if (state === 'pending' || state === 'blocked') waiting.push([id, outlook.error]);
    }
    const [first] = waiting;
    if (first === undefined) return;
    const [id, error] = first;
    const who = waiting.length === 1 ? id : `${waiting.length} tasks`;
    throw new KoubouError(
      'runner_unavailable',
      `No runner can serve ${who} now: ${error.message} ${waiting.length === 1 ? 'It stays' : 'They stay'} queued, and no attempt was used.`,
      { hint: error.hint },
    );
  }
}
