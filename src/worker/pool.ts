/**
 * A daemon's work: keep the slots busy, keep the queue mended, and end when it is told to or nothing is left.
 * One loop decides everything; timers and events only wake it.
 */
import type { Left, Tell } from '../events.ts';
import type { Admission, Claim, Member, Queue } from '../queue/queue.ts';
import { chooseRoute } from '../route/route.ts';
import type { Runner } from '../runner/runner.ts';
import type { TaskFile } from '../task/record.ts';
import { Endpoints } from './endpoints.ts';
import { Attempt } from './run-one.ts';
import { budgetOf, type WorkerSettings } from './settings.ts';

const QUICK_SWEEP_MS = 1000;
const FULL_SWEEP_MS = 10_000;
const CANCEL_LOOK_MS = 500;
const IDLE_LOOK_MS = 5000;
const BUSY_LOOK_MS = 1000;
const SHORTEST_WAIT_MS = 20;
/** How long `--drain` waits for an endpoint that broke down while it worked. */
const DRAIN_ENDPOINT_SECONDS = 90;

export interface PoolParts {
  queue: Queue;
  member: Member;
  runners: ReadonlyMap<string, Runner>;
  settings: WorkerSettings;
  tell: Tell;
}

export type PoolEnd =
  | { kind: 'done' | 'stopped'; left: Left; completed: number; failed: number }
  | { kind: 'fenced' };

export class Pool {
  readonly #parts: PoolParts;
  readonly #endpoints: Endpoints;
  readonly #attempts = new Map<string, Attempt>();
  readonly #giveUp = new AbortController();
  #wake = new AbortController();
  #bounds: { min: number; max: number };
  #slots: number;
  #slotIdleSince = performance.now();
  #stopping = false;
  #fenced = false;
  #diskFull = false;
  #completed = 0;
  #failed = 0;
  #idleSince = performance.now();
  #backlog = 0;
  #fault: unknown;
  readonly #notes = new Map<string, string>();

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#bounds = { min: parts.settings.min, max: Math.max(parts.settings.min, parts.settings.max) };
    this.#slots = this.#bounds.min;
    this.#endpoints = new Endpoints(parts.runners, parts.tell, () => this.#wakeUp());
  }

  /** Takes nothing new and ends when what runs has ended; with `now`, what runs goes back to the queue. */
  stop(now: boolean): void {
    this.#parts.tell({ event: 'stopping', running: this.#attempts.size, now });
    this.#stopping = true;
    if (now) {
      this.#giveUp.abort();
      for (const attempt of this.#attempts.values()) attempt.stop({ kind: 'stopped' });
    }
    this.#wakeUp();
  }

  /** Works until the end that the settings name. Rejects for a fault of koubou, after everything was stopped. */
  async run(): Promise<PoolEnd> {
    const { queue } = this.#parts;
    const hint = queue.watch();
    const timers = [
      this.#every(this.#parts.settings.heartbeatSeconds * 1000, () => this.#beat()),
      this.#every(QUICK_SWEEP_MS, () => this.#sweepQuickly()),
      this.#every(FULL_SWEEP_MS, () => this.#sweepAll()),
      this.#every(CANCEL_LOOK_MS, () => this.#obeyCancels()),
    ];
    try {
      await this.#sweepAll();
      await this.#beat();
      for (;;) {
        if (this.#fault !== undefined) throw this.#fault;
        if (this.#fenced) return { kind: 'fenced' };
        const dueMs = await queue.nextDueMs();
        if (dueMs !== null && dueMs <= Date.now()) await this.#sweepQuickly();
        if (!this.#stopping && !this.#diskFull) await this.#fill();
        this.#note('watcher', hint.trouble);
        const left = await this.#atEnd();
        if (left !== undefined) return left;
        const wake = this.#wake.signal;
        await hint.wait(this.#waitMs(dueMs), wake);
        if (wake.aborted) this.#wake = new AbortController();
      }
    } finally {
      for (const timer of timers) clearInterval(timer);
      this.#endpoints.close();
      for (const attempt of this.#attempts.values()) attempt.stop({ kind: 'stopped' });
      await hint.close();
    }
  }

  /** Claims as much as the slots take, opening more of them while the backlog is long. */
  async #fill(): Promise<void> {
    await this.#scaleToBacklog();
    while (this.#attempts.size < this.#slots && !this.#stopping && !this.#diskFull) {
      const claim = await this.#claim();
      if (claim === undefined) break;
      this.#start(claim);
      await this.#scaleToBacklog();
    }
  }

  async #scaleToBacklog(): Promise<void> {
    this.#backlog = await this.#parts.member.backlog();
    this.#scale(this.#backlog);
  }

  #scale(backlog: number): void {
    const busy = this.#attempts.size;
    const { min, max } = this.#bounds;
    const now = performance.now();
    if (busy >= this.#slots) {
      this.#slotIdleSince = now;
      if (this.#slots < max && backlog > this.#parts.settings.scaleUpAt * busy) this.#slots += 1;
    } else if (this.#slots > min && now - this.#slotIdleSince > this.#parts.settings.idleSlotSeconds * 1000) {
      this.#slots = Math.max(min, busy);
    }
    this.#slots = Math.min(Math.max(this.#slots, min), max);
  }

  async #claim(): Promise<Claim | undefined> {
    try {
      return await this.#parts.member.claim((task) => this.#admit(task));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'worker_lost') {
        this.#setFenced();
        return undefined;
      }
      throw error;
    }
  }

  #admit(task: TaskFile): Admission {
    try {
      const route = chooseRoute(task, this.#parts.settings.routing, this.#parts.runners);
      const runner = this.#parts.runners.get(route.runner) as Runner;
      if (!this.#endpoints.isUp(runner)) return { take: false, why: 'endpoint' };
      if (runner.endpoint === null) return { take: true, permits: [] };
      const model = route.model ?? runner.defaultModel ?? 'default';
      const name = `${runner.endpoint.name}/${model}`;
      return { take: true, permits: [{ name, cap: runner.endpoint.maxConcurrent }] };
    } catch (error) {
      // No runner for this kind of task may change with the config; a wrong name in the task never will.
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      return code === 'runner_unavailable' ? { take: false, why: 'endpoint' } : { take: true, permits: [] };
    }
  }

  #start(claim: Claim): void {
    const { member, runners, settings, tell } = this.#parts;
    const attempt = new Attempt(
      {
        member,
        runners,
        settings,
        tell,
        diskFull: (full) => this.#setDiskFull(full),
        giveUp: this.#giveUp.signal,
      },
      claim,
    );
    this.#attempts.set(claim.id, attempt);
    const startedMs = performance.now();
    const finish = async (): Promise<void> => {
      const { settled, error, runner } = await attempt.run();
      const { id, run } = claim;
      if (runner !== undefined && error?.code === 'runner_unavailable') {
        this.#endpoints.markDown(runner, error.message);
      }
      if (settled.kind === 'fenced') {
        tell({ event: 'task_taken_away', task_id: id, attempt: run });
        return;
      }
      const { state, dueMs } = settled;
      if (state === 'completed') this.#completed += 1;
      if (state === 'failed') this.#failed += 1;
      tell({
        event: 'task_ended',
        task_id: id,
        attempt: run,
        state: state as 'completed' | 'failed' | 'delayed' | 'pending',
        seconds: (performance.now() - startedMs) / 1000,
        again_in: dueMs === null ? null : Math.max(0, (dueMs - Date.now()) / 1000),
        error,
      });
    };
    finish()
      .catch((error: unknown) => {
        this.#fault ??= error;
      })
      .finally(() => {
        this.#attempts.delete(claim.id);
        this.#idleSince = performance.now();
        // What waited for this task may be ready: nobody should wait for the timer to find out.
        void this.#sweepQuickly().finally(() => this.#wakeUp());
      });
  }

  #waitMs(nextDueMs: number | null): number {
    const look = this.#attempts.size > 0 || this.#stopping || this.#backlog > 0 ? BUSY_LOOK_MS : IDLE_LOOK_MS;
    const jittered = look * (0.8 + Math.random() * 0.2);
    const due =
      nextDueMs === null ? Number.POSITIVE_INFINITY : Math.max(SHORTEST_WAIT_MS, nextDueMs - Date.now());
    const { until } = this.#parts.settings;
    const idle = until.kind === 'idle' ? Math.max(50, until.seconds * 1000) : Number.POSITIVE_INFINITY;
    return Math.min(jittered, due, idle);
  }

  /** The end, when it has come. */
  async #atEnd(): Promise<PoolEnd | undefined> {
    if (this.#attempts.size > 0 || this.#fenced) return undefined;
    const ended = { completed: this.#completed, failed: this.#failed };
    if (this.#stopping) return { kind: 'stopped', left: await this.#left(), ...ended };
    const { until } = this.#parts.settings;
    if (until.kind === 'stopped' || this.#endpoints.asking) return undefined;
    if (until.kind === 'idle' && performance.now() - this.#idleSince < until.seconds * 1000) return undefined;
    await this.#sweepQuickly();
    const left = await this.#left();
    if ((await this.#backingOff()) > 0) return undefined;
    // Passed-over tasks are in the backlog; one that could be taken now would have been.
    if (left.unserved > 0 && this.#endpoints.downForSeconds < DRAIN_ENDPOINT_SECONDS) return undefined;
    if (left.unserved > 0 && (await this.#takeable())) return undefined;
    return { kind: 'done', left, ...ended };
  }

  /** Whether something arrived since the last look that could be taken. */
  async #takeable(): Promise<boolean> {
    let found = false;
    await this.#parts.member.claim((task) => {
      const admission = this.#admit(task);
      found ||= admission.take;
      return { take: false, why: 'endpoint' };
    });
    return found;
  }

  async #left(): Promise<Left> {
    const { pending, delayed, blocked } = await this.#parts.queue.counts();
    return { delayed, blocked, unserved: pending - delayed - blocked };
  }

  /** Tasks that failed and are tried again later; those that were asked for later do not count. */
  async #backingOff(): Promise<number> {
    const delayed = await this.#parts.queue.list({ states: ['delayed'] });
    return delayed.filter((record) => record.attempts.length > 0).length;
  }

  async #beat(): Promise<void> {
    const progress: Record<string, number> = {};
    for (const [id, attempt] of this.#attempts) progress[id] = attempt.progress;
    try {
      const answer = await this.#parts.member.renew({
        slots: this.#slots,
        progress,
        down: this.#endpoints.down,
        notes: [...this.#notes.values()],
        completed: this.#completed,
        failed: this.#failed,
      });
      if (answer === 'fenced') this.#setFenced();
      this.#note('beat', null);
    } catch (error) {
      this.#note(
        'beat',
        `the heartbeat cannot be written (${error instanceof Error ? error.message : error})`,
      );
    }
    const bounds = await this.#parts.member.message();
    if (bounds !== undefined) {
      this.#bounds = bounds;
      this.#parts.tell({ event: 'note', message: `slots: from ${bounds.min} to ${bounds.max}` });
      this.#scale(0);
      this.#wakeUp();
    }
  }

  #sweeping: Promise<void> = Promise.resolve();

  /** Sweeps one after the other; a sweep that fails (a full disk) is tried again by the next. */
  #sweep(action: () => Promise<{ reaped: string[]; restarted: number; moved: boolean }>): Promise<void> {
    const next = this.#sweeping.then(async () => {
      if (this.#fenced) return;
      try {
        const { reaped, restarted, moved } = await action();
        this.#note('sweep', null);
        if (reaped.length > 0) this.#parts.tell({ event: 'workers_reaped', workers: reaped, restarted });
        if (moved) this.#wakeUp();
      } catch (error) {
        this.#note('sweep', `sweeping failed (${error instanceof Error ? error.message : String(error)})`);
      }
    });
    this.#sweeping = next;
    return next;
  }

  #sweepQuickly(): Promise<void> {
    return this.#sweep(async () => {
      const report = await this.#parts.queue.sweepQuickly(budgetOf(this.#parts.settings));
      return { ...report, moved: report.restarted + report.promoted + report.unblocked > 0 };
    });
  }

  #sweepAll(): Promise<void> {
    return this.#sweep(async () => {
      const { queue, member, settings, tell } = this.#parts;
      const report = await queue.sweep(budgetOf(settings));
      const adopted = await queue.adopt(member.workerId);
      if (adopted.added + adopted.quarantined > 0) tell({ event: 'adopted', ...adopted });
      const { restarted, promoted, unblocked } = report;
      return { ...report, moved: restarted + promoted + unblocked + adopted.added > 0 };
    });
  }

  async #obeyCancels(): Promise<void> {
    for (const id of await this.#parts.member.cancelRequests()) {
      this.#attempts.get(id)?.stop({ kind: 'cancelled' });
    }
  }

  #setFenced(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    for (const attempt of this.#attempts.values()) attempt.stop({ kind: 'fenced' });
    this.#wakeUp();
  }

  #setDiskFull(full: boolean): void {
    if (full === this.#diskFull) return;
    this.#diskFull = full;
    this.#note('disk', full ? 'the disk is full: outcomes wait in memory, nothing new is claimed' : null);
    this.#wakeUp();
  }

  #note(name: string, message: string | null): void {
    if (this.#notes.get(name) === (message ?? undefined)) return;
    if (message === null) {
      this.#notes.delete(name);
      return;
    }
    this.#notes.set(name, message);
    this.#parts.tell({ event: 'note', message });
  }

  #every(ms: number, action: () => Promise<void>): NodeJS.Timeout {
    let running = false;
    return setInterval(() => {
      // A tick that takes longer than its interval (a slow disk) must not pile up.
      if (running) return;
      running = true;
      action()
        .catch((error: unknown) =>
          this.#note('timer', error instanceof Error ? error.message : String(error)),
        )
        .finally(() => {
          running = false;
        });
    }, ms);
  }

  #wakeUp(): void {
    this.#wake.abort();
  }
}
