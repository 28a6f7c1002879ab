/** The attempts that a daemon has in hand: begun, stopped, and counted when they have ended. */
import type { Claim } from '../../queue/queue.ts';
import { Attempt, type AttemptDeps, type AttemptEnd } from '../attempt/attempt.ts';
import type { Stop } from '../attempt/clocks.ts';
import type { Admitted } from './admission.ts';

export interface AttemptsDeps {
  dependencies: Omit<AttemptDeps, 'giveUp'>;
  /** Told of each end. What it rejects with is a fault, as is what an attempt rejects with. */
  ended: (end: AttemptEnd) => Promise<void>;
  /** Called when one is no longer in hand, however it ended. */
  left: () => void;
}

export class Attempts {
  readonly #parts: AttemptsDeps;
  readonly #running = new Map<string, { attempt: Attempt; ended: Promise<void> }>();
  readonly #giveUp = new AbortController();
  completed = 0;
  failed = 0;
  /** Of koubou, the first one. */
  fault: unknown;
  #idleSinceMs: number;
  /** Attempts that have ended, with something that hangs. */
  #hanging = 0;

  constructor(parts: AttemptsDeps) {
    this.#parts = parts;
    this.#idleSinceMs = parts.dependencies.clock.steadyMs();
  }

  get size(): number {
    return this.#running.size;
  }

  /** How long ago the last one ended, or since when there was none. */
  get idleMs(): number {
    return this.#parts.dependencies.clock.steadyMs() - this.#idleSinceMs;
  }

  /** Whether a system call of one that has ended goes on. */
  get hangs(): { hangs?: true } {
    return this.#hanging > 0 ? { hangs: true } : {};
  }

  has(id: string): boolean {
    return this.#running.has(id);
  }

  /** By task id. */
  get progress(): Record<string, Attempt['progress']> {
    return Object.fromEntries([...this.#running].map(([id, { attempt }]) => [id, attempt.progress]));
  }

  /** `stopped`: that which came before it began. */
  start(claim: Claim<Admitted>, stopped: readonly Stop[]): void {
    const attempt = new Attempt({ ...this.#parts.dependencies, giveUp: this.#giveUp.signal }, claim);
    this.#running.set(claim.id, { attempt, ended: this.#finish(claim.id, attempt) });
    for (const stop of stopped) attempt.stop(stop);
  }

  stop(id: string, stop: Stop): void {
    this.#running.get(id)?.attempt.stop(stop);
  }

  stopAll(stop: Stop): void {
    for (const { attempt } of this.#running.values()) attempt.stop(stop);
  }

  /** What runs goes back to the queue, uncharged, and no outcome is waited for. */
  giveUp(): void {
    this.#giveUp.abort();
    this.stopAll({ kind: 'stopped' });
  }

  async allEnded(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #finish(id: string, attempt: Attempt): Promise<void> {
    try {
      const end = await attempt.run();
      if (end.event === 'task_ended' && end.state === 'completed') this.completed += 1;
      if (end.event === 'task_ended' && end.state === 'failed') this.failed += 1;
      await this.#parts.ended(end);
    } catch (error) {
      this.fault ??= error;
    }
    this.#running.delete(id);
    this.#idleSinceMs = this.#parts.dependencies.clock.steadyMs();
    this.#noteHanging(attempt.left);
    this.#parts.left();
  }

  #noteHanging(left: Promise<void> | undefined): void {
    if (left === undefined) return;
    this.#hanging += 1;
    void left.finally(() => {
      this.#hanging -= 1;
    });
  }
}
