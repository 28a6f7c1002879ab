/**
 * A daemon's work: keep the slots busy and end when it is told to or nothing is left. One loop decides everything; timers and
 * events only wake it. What it does has files of its own: filling.ts, claim-loop.ts and admission.ts (which tasks, and where
 * they go), attempts.ts (what is in hand), cancels.ts, housekeeping.ts (sweeps), heartbeat.ts, slots.ts (how many at a time),
 * endpoints.ts (whose servers answer), pause.ts (when it looks again), drain-check.ts (when nothing is left).
 */
import { mayPass } from '../../errors.ts';
import type { EmitEvent, Left } from '../../events.ts';
import { type Clock, every } from '../../process/clock.ts';
import type { ChangeHint, Claim, Member, Queue } from '../../queue/queue.ts';
import type { Runner } from '../../runner/runner.ts';
import { action, say, toText } from '../../say/say.ts';
import type { Stop } from '../attempt/clocks.ts';
import { plannerOf } from '../plan.ts';
import type { WorkerSettings } from '../settings.ts';
import { AdmissionPolicy, type Admitted } from './admission.ts';
import { Attempts } from './attempts.ts';
import { obeyCancels } from './cancels.ts';
import { CLAIM_RETRY_MS, Claiming } from './claim-loop.ts';
import { DrainCheck, leftIn } from './drain-check.ts';
import { Endpoints } from './endpoints.ts';
import { Filling } from './filling.ts';
import { Heartbeat } from './heartbeat.ts';
import { Housekeeping } from './housekeeping.ts';
import { Notes, STOPPING_NOTE } from './notes.ts';
import { pauseMs } from './pause.ts';
import { Slots } from './slots.ts';

/** Progress is looked at by people. */
const BUSY_BEAT_MS = 1000;
const QUICK_SWEEP_MS = 1000;
const FULL_SWEEP_MS = 10_000;
const CANCEL_LOOK_MS = 500;

export interface PoolDeps {
  queue: Queue;
  clock: Clock;
  member: Member;
  runners: ReadonlyMap<string, Runner>;
  settings: WorkerSettings;
  emit: EmitEvent;
}

/** `hangs`: a system call of an attempt goes on, and this process cannot end before it does. */
export type PoolEnd = { hangs?: true } & (
  | { kind: 'done' | 'stopped'; left: Left; completed: number; failed: number }
  | { kind: 'fenced' }
);

export class Pool {
  readonly #parts: PoolDeps;
  readonly #notes: Notes;
  readonly #endpoints: Endpoints;
  readonly #policy: AdmissionPolicy;
  readonly #claiming: Claiming;
  readonly #filling: Filling;
  readonly #slots: Slots;
  readonly #housekeeping: Housekeeping;
  readonly #heartbeat: Heartbeat;
  readonly #drainCheck: DrainCheck;
  readonly #attempts: Attempts;
  #wake = new AbortController();
  #stopping = false;
  #fenced = false;
  #outcomeWaits = false;

  constructor(parts: PoolDeps) {
    const { queue, clock, member, settings, runners, emit } = parts;
    this.#parts = parts;
    const notes = new Notes(emit);
    this.#notes = notes;
    const wake = (): void => this.#wakeUp();
    const { probeSeconds } = settings;
    this.#endpoints = new Endpoints({ runners, clock, emit, probeSeconds, onChange: wake });
    const plan = plannerOf(settings, runners);
    this.#policy = new AdmissionPolicy(settings, plan, runners, this.#endpoints);
    this.#claiming = new Claiming({
      member,
      clock,
      gate: this.#policy,
      notes,
      isInHand: (id) => this.#attempts.has(id),
      onFenced: () => this.#setFenced(),
    });
    const scaling = { scaleUpAt: settings.scaleUpAt, idleMs: settings.idleSlotSeconds * 1000 };
    this.#slots = new Slots(settings, scaling, clock.steadyMs());
    this.#housekeeping = new Housekeeping({ queue, clock, member, plan, emit, notes, onMoved: wake });
    this.#attempts = this.#newAttempts();
    this.#heartbeat = this.#newHeartbeat();
    this.#drainCheck = this.#newDrainCheck();
    this.#filling = new Filling({
      member,
      clock,
      claiming: this.#claiming,
      slots: this.#slots,
      running: () => this.#attempts.size,
      mayClaim: () => this.#mayClaim(),
      start: (claim) => this.#start(claim),
    });
  }

  #newAttempts(): Attempts {
    const { queue, emit } = this.#parts;
    return new Attempts({
      dependencies: {
        ...this.#parts,
        artifacts: queue.artifacts,
        outcomeWaits: (why) => this.#setOutcomeWaits(why),
        endpointDown: (runner, reason, retryAfter) => this.#endpoints.markDown(runner, reason, retryAfter),
        endpointAnswered: (runner) => this.#endpoints.markAnswered(runner),
      },
      ended: async (end) => {
        emit(end);
        // Whoever took it may have taken all.
        if (end.event === 'task_taken_away') await this.#heartbeat.beat();
      },
      left: () => {
        this.#heartbeat.soon();
        this.#wakeUp();
        // What waited for this task may be ready: nobody should wait for the timer to find out.
        this.#housekeeping.soon();
      },
    });
  }

  #newHeartbeat(): Heartbeat {
    const { clock, member, settings, emit } = this.#parts;
    return new Heartbeat({
      member,
      clock,
      notes: this.#notes,
      state: () => ({
        slots: this.#slots.count,
        progress: this.#attempts.progress,
        down: this.#endpoints.down,
        completed: this.#attempts.completed,
        failed: this.#attempts.failed,
      }),
      outdated: settings.outdated,
      onFenced: () => this.#setFenced(),
      onBounds: (bounds) => {
        this.#slots.setBounds(bounds);
        emit({ event: 'note', message: `slots: from ${bounds.min} to ${bounds.max}` });
        void this.#heartbeat.beat();
        this.#wakeUp();
      },
    });
  }

  #newDrainCheck(): DrainCheck {
    const { queue, clock, member, settings } = this.#parts;
    return new DrainCheck({
      queue,
      clock,
      endpoints: this.#endpoints,
      sweep: () => this.#housekeeping.quickly(),
      othersToo: settings.until.kind === 'drained',
      adopting: () => this.#housekeeping.adopting,
      takeable: () => member.peek((task, earlier) => this.#policy.admit(task, earlier)),
      announce: (note) => {
        this.#notes.setQuietly('stopping', note);
        return this.#heartbeat.beat();
      },
    });
  }

  /** Takes nothing new and ends when what runs has ended; with `now`, what runs goes back to the queue. */
  stop(now: boolean): void {
    this.#parts.emit({ event: 'stopping', running: this.#attempts.size, now });
    this.#stopping = true;
    this.#notes.setQuietly('stopping', STOPPING_NOTE);
    void this.#heartbeat.beat();
    if (now) this.#attempts.giveUp();
    this.#wakeUp();
  }

  /** Works until the end that the settings name. Rejects for a fault of koubou. Nothing runs any more when it settles. */
  async run(): Promise<PoolEnd> {
    const { queue, clock, member, settings } = this.#parts;
    const hint = queue.watch();
    const timers = [
      every(clock, settings.heartbeatSeconds * 1000, () => this.#heartbeat.beat()),
      every(clock, BUSY_BEAT_MS, async () => {
        if (this.#attempts.size > 0) this.#heartbeat.soon();
      }),
      every(clock, QUICK_SWEEP_MS, () => this.#housekeeping.quickly()),
      every(clock, FULL_SWEEP_MS, () => this.#housekeeping.all()),
      every(clock, CANCEL_LOOK_MS, () => obeyCancels(member, this.#attempts, this.#notes)),
    ];
    try {
      await this.#housekeeping.all();
      await this.#heartbeat.beat();
      return await this.#loop(hint);
    } finally {
      for (const cancel of timers) cancel();
      this.#endpoints.close();
      this.#attempts.giveUp();
      await this.#attempts.allEnded();
      await this.#heartbeat.close();
      await this.#housekeeping.close();
      await hint.close();
    }
  }

  async #loop(hint: ChangeHint): Promise<PoolEnd> {
    for (;;) {
      if (this.#attempts.fault !== undefined) throw this.#attempts.fault;
      if (this.#fenced) return { kind: 'fenced', ...this.#attempts.hangs };
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
    if (dueMs !== null && dueMs <= this.#parts.clock.wallMs()) await this.#housekeeping.quickly();
    this.#requireTrust();
    if (this.#mayClaim()) await this.#filling.fill();
    this.#notes.set('watcher', hint.trouble);
    return (await this.#atEnd()) ?? this.#waitMs(dueMs);
  }

  /** A home that is no longer this user's own has nothing more done; what runs ends as it would. */
  #requireTrust(): void {
    if (this.#stopping || this.#parts.settings.isTrusted?.() !== false) return;
    this.#notes.set(
      'trust',
      toText(say`the home has lost its signature: nothing more is claimed (${action('trust')})`),
    );
    this.stop(false);
  }

  #mayClaim(): boolean {
    const held = this.#stopping || this.#fenced || this.#outcomeWaits || this.#attempts.fault !== undefined;
    return !held && this.#claiming.pauseMs === 0;
  }

  #start(claim: Claim<Admitted>): void {
    // The request to stop may have come while the claim was on its way.
    const stopped: Stop[] = [
      ...(this.#stopping ? [{ kind: 'stopped' } as const] : []),
      ...(this.#fenced ? [{ kind: 'fenced' } as const] : []),
    ];
    this.#attempts.start(claim, stopped);
    this.#drainCheck.reset();
  }

  #waitMs(nextDueMs: number | null): number {
    return pauseMs({
      until: this.#parts.settings.until,
      active: this.#attempts.size > 0 || this.#stopping || this.#filling.backlog > 0 || this.#slots.mayClose,
      dueInMs: nextDueMs === null ? null : nextDueMs - this.#parts.clock.wallMs(),
      claimInMs: this.#claiming.pauseMs,
    });
  }

  /** The end, when it has come. */
  async #atEnd(): Promise<PoolEnd | undefined> {
    if (this.#attempts.size > 0 || this.#fenced) return undefined;
    const { completed, failed } = this.#attempts;
    const ended = { completed, failed, ...this.#attempts.hangs };
    if (this.#stopping) return { kind: 'stopped', left: await leftIn(this.#parts.queue), ...ended };
    const { until } = this.#parts.settings;
    if (until.kind === 'stopped') return undefined;
    if (until.kind === 'idle' && this.#attempts.idleMs < until.seconds * 1000) return undefined;
    const left = await this.#drainCheck.announced();
    return left && { kind: 'done', left, ...ended };
  }

  #setFenced(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#attempts.stopAll({ kind: 'fenced' });
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
