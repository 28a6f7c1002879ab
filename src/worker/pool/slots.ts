/** How many tasks a daemon runs at a time: more while much waits, fewer after a while without use. Pure but for its own state. */

export interface Bounds {
  min: number;
  max: number;
}

export interface Scaling {
  /** Waiting tasks for each busy slot, above which one more slot is opened. */
  scaleUpAt: number;
  /** Milliseconds after which an idle slot above `min` is given up. */
  idleMs: number;
}

export class Slots {
  readonly #scaling: Scaling;
  #bounds: Bounds;
  #count: number;
  #allBusyAt: number;

  constructor(bounds: Bounds, scaling: Scaling, nowMs: number) {
    this.#scaling = scaling;
    this.#bounds = { min: bounds.min, max: Math.max(bounds.min, bounds.max) };
    this.#count = this.#bounds.min;
    this.#allBusyAt = nowMs;
  }

  get count(): number {
    return this.#count;
  }

  /** More are open than need to be. */
  get mayClose(): boolean {
    return this.#count > this.#bounds.min;
  }

  setBounds(bounds: Bounds): void {
    this.#bounds = { min: bounds.min, max: Math.max(bounds.min, bounds.max) };
    this.#clamp();
  }

  /** `busy` slots of them work, `backlog` tasks wait. */
  adjust(busy: number, backlog: number, nowMs: number): void {
    if (busy >= this.#count) {
      this.#allBusyAt = nowMs;
      if (backlog > this.#scaling.scaleUpAt * busy) this.#count += 1;
    } else if (nowMs - this.#allBusyAt > this.#scaling.idleMs) {
      this.#count = Math.max(this.#bounds.min, busy);
    }
    this.#clamp();
  }

  #clamp(): void {
    this.#count = Math.min(Math.max(this.#count, this.#bounds.min), this.#bounds.max);
  }
}
