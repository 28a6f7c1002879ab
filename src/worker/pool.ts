/**
 * A daemon's work: keep the slots busy and end when it is told to or nothing is left. One loop decides
 * everything; timers and events only wake it. What it does beside claiming has files of its own: upkeep.ts
 * (sweeps), heartbeat.ts, slots.ts (how many at a time), admission.ts (which tasks, and where they go), endpoints.ts
 * (whose servers answer), ending.ts (when nothing is left), attempt.ts (one attempt).
 */
import { KoubouError, mayPass, systemCode } from '../errors.ts';
import type { Left, Tell } from '../events.ts';
import type { ChangeHint, Claim, Member, Queue } from '../queue/queue.ts';
import type { Runner } from '../runner/runner.ts';
import { type Admitted, Gate } from './admission.ts';
import { Attempt } from './attempt.ts';
import { Ending, leftIn } from './ending.ts';
import { Endpoints } from './endpoints.ts';
import { Heartbeat } from './heartbeat.ts';
import { Notes, STOPPING_NOTE } from './notes.ts';
import { plannerOf } from './plan.ts';
import type { WorkerSettings } from './settings.ts';
import { Slots } from './slots.ts';
import { Upkeep } from './upkeep.ts';

/** Progress is looked at by people. */
const BUSY_BEAT_MS = 1000;
const QUICK_SWEEP_MS = 1000;
const FULL_SWEEP_MS = 10_000;
const CANCEL_LOOK_MS = 500;
const IDLE_LOOK_MS = 5000;
const BUSY_LOOK_MS = 1000;
const SHORTEST_WAIT_MS = 20;
/** Between two tries to claim from a queue that cannot be written to, or to look at one that cannot be read. */
const CLAIM_RETRY_MS = 1000;

export interface PoolParts {
  queue: Queue;
  member: Member;
  runners: ReadonlyMap<string, Runner>;
  settings: WorkerSettings;
  tell: Tell;
}

/** `hangs`: a system call of an attempt goes on, and this process cannot end before it does. */
export type PoolEnd = { hangs?: true } & (
  | { kind: 'done' | 'stopped'; left: Left; completed: number; failed: number }
  | { kind: 'fenced' }
);

export class Pool {
  readonly #parts: PoolParts;
  readonly #notes: Notes;
  readonly #endpoints: Endpoints;
  readonly #gate: Gate;
  readonly #slots: Slots;
  readonly #upkeep: Upkeep;
  readonly #heartbeat: Heartbeat;
  readonly #ending: Ending;
  readonly #attempts = new Map<string, { attempt: Attempt; ended: Promise<void> }>();
  readonly #giveUp = new AbortController();
  #wake = new AbortController();
  #stopping = false;
  #fenced = false;
  #outcomeWaits = false;
  #claimAgainAt = 0;
  #completed = 0;
  #failed = 0;
  #idleSince = performance.now();
  #backlog = 0;
  /** Attempts that have ended, with something that hangs. */
  #hanging = 0;
  #fault: unknown;

  constructor(parts: PoolParts) {
    const { queue, member, settings, runners, tell } = parts;
    this.#parts = parts;
    this.#notes = new Notes(tell);
    this.#endpoints = new Endpoints(runners, tell, () => this.#wakeUp(), settings.probeSeconds);
    const plan = plannerOf(settings, runners);
    this.#gate = new Gate(settings, plan, runners, this.#endpoints);
    const scaling = { scaleUpAt: settings.scaleUpAt, idleMs: settings.idleSlotSeconds * 1000 };
    this.#slots = new Slots(settings, scaling, performance.now());
    this.#upkeep = new Upkeep({
      queue,
      member,
      plan,
      tell,
      notes: this.#notes,
      onMoved: () => this.#wakeUp(),
    });
    this.#heartbeat = new Heartbeat({
      member,
      notes: this.#notes,
      state: () => ({
        slots: this.#slots.count,
        progress: Object.fromEntries([...this.#attempts].map(([id, { attempt }]) => [id, attempt.progress])),
        down: this.#endpoints.down,
        completed: this.#completed,
        failed: this.#failed,
      }),
      outdated: settings.outdated,
      onFenced: () => this.#setFenced(),
      onBounds: (bounds) => {
        this.#slots.setBounds(bounds);
        tell({ event: 'note', message: `slots: from ${bounds.min} to ${bounds.max}` });
        void this.#heartbeat.beat();
        this.#wakeUp();
      },
    });
    this.#ending = new Ending({
      queue,
      endpoints: this.#endpoints,
      sweep: () => this.#upkeep.quickly(),
      othersToo: parts.settings.until.kind === 'drained',
      adopting: () => this.#upkeep.adopting,
      takeable: () => member.peek((task, earlier) => this.#gate.admit(task, earlier)),
    });
  }

  /** Takes nothing new and ends when what runs has ended; with `now`, what runs goes back to the queue. */
  stop(now: boolean): void {
    this.#parts.tell({ event: 'stopping', running: this.#attempts.size, now });
    this.#stopping = true;
    this.#notes.setQuietly('stopping', STOPPING_NOTE);
    void this.#heartbeat.beat();
    if (now) this.#stopAttempts();
    this.#wakeUp();
  }

  /** Works until the end that the settings name. Rejects for a fault of koubou. Nothing runs any more when it settles. */
  async run(): Promise<PoolEnd> {
    const hint = this.#parts.queue.watch();
    const timers = [
      every(this.#parts.settings.heartbeatSeconds * 1000, () => this.#heartbeat.beat()),
      every(BUSY_BEAT_MS, async () => {
        if (this.#attempts.size > 0) this.#heartbeat.soon();
      }),
      every(QUICK_SWEEP_MS, () => this.#upkeep.quickly()),
      every(FULL_SWEEP_MS, () => this.#upkeep.all()),
      every(CANCEL_LOOK_MS, () => this.#obeyCancels()),
    ];
    try {
      await this.#upkeep.all();
      await this.#heartbeat.beat();
      return await this.#loop(hint);
    } finally {
      for (const timer of timers) clearInterval(timer);
      this.#endpoints.close();
      this.#stopAttempts();
      await Promise.all([...this.#attempts.values()].map(({ ended }) => ended));
      await this.#heartbeat.close();
      await this.#upkeep.close();
      await hint.close();
    }
  }

  async #loop(hint: ChangeHint): Promise<PoolEnd> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#fenced) return { kind: 'fenced', ...this.#hangs };
      let waitMs = CLAIM_RETRY_MS;
      try {
        const next = await this.#look(hint);
        if (typeof next === 'object') return next;
        waitMs = next;
        this.#notes.set('look', null);
      } catch (error) {
        if (mayPass(error) === undefined) throw error;
        const words = error instanceof Error ? error.message : String(error);
        this.#notes.set('look', `the queue cannot be looked at (${words})`);
      }
      const wake = this.#wake.signal;
      await hint.wait(waitMs, wake);
      if (wake.aborted) this.#wake = new AbortController();
    }
  }

  /** Does what can be done now. Answers with the end, or with how long to wait for something to change. */
  async #look(hint: ChangeHint): Promise<PoolEnd | number> {
    const dueMs = await this.#parts.queue.nextDueMs();
    if (dueMs !== null && dueMs <= Date.now()) await this.#upkeep.quickly();
    this.#requireTrust();
    if (this.#mayClaim()) await this.#fill();
    this.#notes.set('watcher', hint.trouble);
    return (await this.#atEnd()) ?? this.#waitMs(dueMs);
  }

  /** A home that is no longer this user's own has nothing more done; what runs ends as it would. */
  #requireTrust(): void {
    if (this.#stopping || this.#parts.settings.isTrusted?.() !== false) return;
    this.#notes.set('trust', 'the home has lost its signature: nothing more is claimed (`koubou trust`)');
    this.stop(false);
  }

  #mayClaim(): boolean {
    const held = this.#stopping || this.#fenced || this.#outcomeWaits || this.#fault !== undefined;
    return !held && performance.now() >= this.#claimAgainAt;
  }

  /** Claims as much as the slots take, opening more of them while the backlog is long. */
  async #fill(): Promise<void> {
    await this.#scale();
    while (this.#attempts.size < this.#slots.count && this.#mayClaim()) {
      const claimed = await this.#claim();
      if (claimed === undefined) break;
      this.#start(claimed);
      await this.#scale();
    }
  }

  async #scale(): Promise<void> {
    this.#backlog = await this.#parts.member.backlog();
    this.#slots.adjust(this.#attempts.size, this.#backlog, performance.now());
  }

  async #claim(): Promise<Claim<Admitted> | undefined> {
    await this.#gate.look();
    try {
      const claim = await this.#parts.member.claim((task, earlier): Admitted => {
        // Its last run went back to the queue and is still being cleared up.
        if (this.#attempts.has(task.task_id)) return { take: false, why: 'permit' };
        return this.#gate.admit(task, earlier);
      });
      this.#notes.set('claim', null);
      this.#notes.set('stuck', this.#parts.member.trouble);
      return claim;
    } catch (error) {
      if (error instanceof KoubouError && error.code === 'worker_lost') {
        this.#setFenced();
        return undefined;
      }
      // That the queue fails is not the task's fault.
      if (!isOfQueue(error)) throw error;
      this.#claimAgainAt = performance.now() + CLAIM_RETRY_MS;
      const words = error instanceof Error ? error.message : String(error);
      this.#notes.set('claim', `nothing can be claimed (${words})`);
      return undefined;
    }
  }

  #start(claim: Claim<Admitted>): void {
    const { member, runners, settings, tell } = this.#parts;
    const attempt = new Attempt(
      {
        member,
        runners,
        settings,
        tell,
        outcomeWaits: (why) => this.#setOutcomeWaits(why),
        endpointDown: (runner, reason, retryAfter) => this.#endpoints.markDown(runner, reason, retryAfter),
        endpointAnswered: (runner) => this.#endpoints.markAnswered(runner),
        artifacts: this.#parts.queue.artifacts,
        giveUp: this.#giveUp.signal,
      },
      claim,
    );
    const finish = async (): Promise<void> => {
      try {
        const end = await attempt.run();
        if (end.event === 'task_ended' && end.state === 'completed') this.#completed += 1;
        if (end.event === 'task_ended' && end.state === 'failed') this.#failed += 1;
        tell(end);
        // Whoever took it may have taken all.
        if (end.event === 'task_taken_away') await this.#heartbeat.beat();
      } catch (error) {
        this.#fault ??= error;
      }
      this.#attempts.delete(claim.id);
      this.#noteHanging(attempt.left);
      this.#heartbeat.soon();
      this.#idleSince = performance.now();
      this.#wakeUp();
      // What waited for this task may be ready: nobody should wait for the timer to find out.
      this.#upkeep.soon();
    };
    this.#attempts.set(claim.id, { attempt, ended: finish() });
    this.#ending.reset();
    // The request to stop came while the claim was on its way.
    if (this.#stopping) attempt.stop({ kind: 'stopped' });
    if (this.#fenced) attempt.stop({ kind: 'fenced' });
  }

  get #hangs(): { hangs?: true } {
    return this.#hanging > 0 ? { hangs: true } : {};
  }

  #noteHanging(left: Promise<void> | undefined): void {
    if (left === undefined) return;
    this.#hanging += 1;
    void left.finally(() => {
      this.#hanging -= 1;
    });
  }

  #waitMs(nextDueMs: number | null): number {
    const { until } = this.#parts.settings;
    const active = this.#attempts.size > 0 || this.#stopping || this.#backlog > 0 || this.#slots.mayClose;
    // Somebody waits for the end of a drain, and what others run ends without a word to this daemon.
    const look = active || until.kind === 'drained' ? BUSY_LOOK_MS : IDLE_LOOK_MS;
    const jittered = look * (0.8 + Math.random() * 0.2);
    const due =
      nextDueMs === null ? Number.POSITIVE_INFINITY : Math.max(SHORTEST_WAIT_MS, nextDueMs - Date.now());
    const idle = until.kind === 'idle' ? Math.max(50, until.seconds * 1000) : Number.POSITIVE_INFINITY;
    const claim = this.#claimAgainAt - performance.now();
    return Math.min(jittered, due, idle, claim > 0 ? claim : Number.POSITIVE_INFINITY);
  }

  /** The end, when it has come. */
  async #atEnd(): Promise<PoolEnd | undefined> {
    if (this.#attempts.size > 0 || this.#fenced) return undefined;
    const ended = { completed: this.#completed, failed: this.#failed, ...this.#hangs };
    if (this.#stopping) return { kind: 'stopped', left: await leftIn(this.#parts.queue), ...ended };
    const { until } = this.#parts.settings;
    if (until.kind === 'stopped') return undefined;
    if (until.kind === 'idle' && performance.now() - this.#idleSince < until.seconds * 1000) return undefined;
    if ((await this.#ending.nothingToDo()) === undefined) return undefined;
    // Said before the last look: whoever adds a task after it does not count on this daemon.
    this.#notes.setQuietly('stopping', STOPPING_NOTE);
    await this.#heartbeat.beat();
    const left = await this.#ending.nothingToDo();
    if (left !== undefined) return { kind: 'done', left, ...ended };
    this.#notes.setQuietly('stopping', null);
    await this.#heartbeat.beat();
    return undefined;
  }

  async #obeyCancels(): Promise<void> {
    try {
      for (const id of await this.#parts.member.cancelRequests()) {
        this.#attempts.get(id)?.attempt.stop({ kind: 'cancelled' });
      }
      this.#notes.set('cancel', null);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.#notes.set('cancel', `requests to cancel cannot be read (${words})`);
    }
  }

  /** What runs goes back to the queue, uncharged. */
  #stopAttempts(): void {
    this.#giveUp.abort();
    for (const { attempt } of this.#attempts.values()) attempt.stop({ kind: 'stopped' });
  }

  #setFenced(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    for (const { attempt } of this.#attempts.values()) attempt.stop({ kind: 'fenced' });
    this.#wakeUp();
  }

  #setOutcomeWaits(why: string | null): void {
    this.#notes.set('outcome', why && `${why}: outcomes wait in memory, nothing new is claimed`);
    if ((why !== null) === this.#outcomeWaits) return;
    this.#outcomeWaits = why !== null;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake.abort();
  }
}

/** A tick that takes longer than its interval (a slow disk) must not pile up. `action` never rejects. */
const every = (ms: number, action: () => Promise<void>): NodeJS.Timeout => {
  let running = false;
  return setInterval(() => {
    if (running) return;
    running = true;
    void action().finally(() => {
      running = false;
    });
  }, ms);
};

/** What the queue says of itself (queue/closed.ts), and not what was asked of it. */
const isOfQueue = (error: unknown): boolean =>
  error instanceof KoubouError &&
  (error.code === 'disk_full' || error.code === 'queue_unavailable' || systemCode(error.cause) !== undefined);
