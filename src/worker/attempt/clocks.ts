/**
 * The limits of one attempt: of the whole, of silence, of loading. Loading a model and queueing at the
 * endpoint are not the task's own time, so the other two stand still meanwhile; what koubou does around the run, and a
 * check that the caller asked for, may be silent.
 */
import { type ErrorInfo, errorInfo } from '../../errors.ts';
import { after, type Clock } from '../../process/clock.ts';

export interface Limits {
  /** Seconds; 0 is no limit. */
  timeout: number;
  stall: number;
  load: number;
}

/** Why an attempt was ended from outside. */
export type Stop =
  | { kind: 'cancelled' }
  | { kind: 'stopped' }
  | { kind: 'fenced' }
  | { kind: 'limit'; error: ErrorInfo };

export type Phase = 'preparing' | 'loading' | 'running' | 'checking';

export class AttemptClocks {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  #phase: Phase = 'running';
  #phaseSince: number;
  /** Milliseconds outside of loading before the present phase. */
  #ran = 0;
  #lastProgress: number;
  #stop: Stop | undefined;
  #ended = false;
  #doing: string | null = null;
  #cancelLook = (): void => undefined;

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#phaseSince = clock.steadyMs();
    this.#lastProgress = this.#phaseSince;
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the attempt was stopped from outside, or undefined when it was not. */
  get stopped(): Stop | undefined {
    return this.#stop;
  }

  progress(): void {
    this.#lastProgress = this.#clock.steadyMs();
  }

  phase(phase: Phase): void {
    if (phase === this.#phase) return;
    const now = this.#clock.steadyMs();
    if (this.#phase !== 'loading') this.#ran += now - this.#phaseSince;
    this.#phase = phase;
    this.#phaseSince = now;
    this.#lastProgress = now;
    this.#arm();
  }

  /** What it is at, for the error of one that takes too long; it follows "it was still". */
  doing(what: string | null): void {
    this.#doing = what;
  }

  stop(stop: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = stop;
    this.end();
    this.#controller.abort();
  }

  /** Nothing is limited any more. */
  end(): void {
    this.#ended = true;
    this.#cancelLook();
  }

  #arm(): void {
    this.#cancelLook();
    if (this.#ended) return;
    const next = this.#nextLimit();
    if (next === undefined) return;
    // A timer takes 32 bits of milliseconds; a longer limit is looked at again on the way.
    const inMs = Math.min(Math.max(next.inMs, 1), 2 ** 30);
    this.#cancelLook = after(this.#clock, inMs, () => this.#look());
  }

  #look(): void {
    const next = this.#nextLimit();
    if (next !== undefined && next.inMs <= 0) this.stop({ kind: 'limit', error: next.error });
    else this.#arm();
  }

  get #step(): string {
    return this.#doing === null || this.#phase === 'running' ? '' : `: it was still ${this.#doing}`;
  }

  #nextLimit(): { inMs: number; error: ErrorInfo } | undefined {
    const now = this.#clock.steadyMs();
    const inPhase = now - this.#phaseSince;
    const { timeout, stall, load } = this.#limits;
    if (this.#phase === 'loading') {
      if (load === 0) return undefined;
      const message = `The model was not ready after ${load} s (loading, or queued at the server).`;
      const hint = 'Raise defaults.load_timeout, choose a smaller model, or see what else the server does.';
      return { inMs: load * 1000 - inPhase, error: errorInfo('timeout', message, hint) };
    }
    const limits = [
      timeout === 0
        ? []
        : [
            {
              inMs: timeout * 1000 - this.#ran - inPhase,
              error: errorInfo('timeout', `It did not end within ${timeout} s${this.#step}.`),
            },
          ],
      stall === 0 || this.#phase !== 'running'
        ? []
        : [
            {
              inMs: stall * 1000 - (now - this.#lastProgress),
              error: errorInfo('stalled', `Nothing came from it for ${stall} s.`),
            },
          ],
    ].flat();
    return limits.sort((a, b) => a.inMs - b.inMs)[0];
  }
}
