/** Which endpoints answer. A task whose endpoint is down is not claimed, so waiting for it costs no attempt. */
import type { EmitEvent } from '../../events.ts';
import { after, type Clock } from '../../process/clock.ts';
import type { Runner } from '../../runner/runner.ts';

/** What a server may ask us to wait before it is asked again. */
const LONGEST_PAUSE_MS = 3600 * 1000;

/** A stream that broke off is more often the end of one model's process than of its server. */
const AT_ONCE = 0.2;

/** Seconds between the first two probes, and the most between two. The first is made after a fifth of them. */
export interface ProbeSeconds {
  first: number;
  last: number;
}

interface State {
  status: 'unknown' | 'up' | 'down';
  reason: string;
  downSince: number;
  everUp: boolean;
  probing: boolean;
  cancelProbe: () => void;
  probes: number;
  /** Runs that found it down one after the other, though a probe had found it well in between. */
  setbacks: number;
}

export interface EndpointsDeps {
  runners: ReadonlyMap<string, Runner>;
  clock: Clock;
  emit: EmitEvent;
  onChange: () => void;
  probeSeconds: ProbeSeconds;
}

export class Endpoints {
  readonly #clock: Clock;
  readonly #emit: EmitEvent;
  readonly #onChange: () => void;
  readonly #probeSeconds: ProbeSeconds;
  readonly #states = new Map<string, State>();
  #closed = false;

  constructor({ runners, clock, emit, onChange, probeSeconds }: EndpointsDeps) {
    this.#clock = clock;
    this.#probeSeconds = probeSeconds;
    this.#emit = emit;
    this.#onChange = onChange;
    for (const runner of runners.values()) {
      if (runner.endpoint !== null) {
        this.#states.set(runner.endpoint.name, {
          status: 'unknown',
          reason: '',
          downSince: 0,
          everUp: false,
          probing: false,
          cancelProbe: () => undefined,
          probes: 0,
          setbacks: 0,
        });
      }
    }
  }

  /** Whether the endpoint may be used. One that nobody asked yet is asked now, and is not up until it answered. */
  isUp(runner: Runner): boolean {
    if (runner.endpoint === null) return true;
    const state = this.#states.get(runner.endpoint.name);
    if (state === undefined) return true;
    if (state.status === 'unknown') void this.#probe(runner.endpoint.name, runner, state);
    return state.status === 'up';
  }

  /** Why the endpoint may not be used; null: it may, or nobody knows yet. */
  trouble(runner: Runner): string | null {
    const state = this.#states.get(runner.endpoint?.name ?? '');
    return state?.status === 'down' ? state.reason : null;
  }

  /** Whether some endpoint's first answer is still awaited. */
  get asking(): boolean {
    return [...this.#states.values()].some((state) => state.status === 'unknown' && state.probing);
  }

  /** Endpoints that are down, with the reason. */
  get down(): Record<string, string> {
    const down: Record<string, string> = {};
    for (const [name, state] of this.#states) if (state.status === 'down') down[name] = state.reason;
    return down;
  }

  /** Seconds since the newest breakdown of an endpoint that had been up; Infinity when there is none to wait for. */
  get downForSeconds(): number {
    const recent = [...this.#states.values()].filter((state) => state.status === 'down' && state.everUp);
    if (recent.length === 0) return Number.POSITIVE_INFINITY;
    return (this.#clock.steadyMs() - Math.max(...recent.map((state) => state.downSince))) / 1000;
  }

  /**
   * A run found the endpoint gone or without room: nothing is claimed for it until a probe, not before
   * `retryAfter` seconds, finds it well. A probe asks less than a run does, so until a run got an answer the pause grows,
   * and nothing more is told.
   */
  markDown(runner: Runner, reason: string, retryAfter: number | null): void {
    if (runner.endpoint === null || this.#closed) return;
    const state = this.#states.get(runner.endpoint.name);
    if (state === undefined || state.status === 'down') return;
    state.setbacks += 1;
    this.#setDown(runner.endpoint.name, runner, state, reason, retryAfter);
  }

  /** A run got an answer from it, be it of use or not. */
  markAnswered(runner: Runner): void {
    const state = this.#states.get(runner.endpoint?.name ?? '');
    if (state === undefined || state.setbacks === 0) return;
    const wasQuiet = state.setbacks > 1 && state.status === 'up';
    state.setbacks = 0;
    if (wasQuiet) this.#emit({ event: 'endpoint_up', endpoint: runner.endpoint?.name ?? '' });
  }

  #setDown(
    name: string,
    runner: Runner,
    state: State,
    reason: string,
    retryAfter: number | null = null,
  ): void {
    if (state.status !== 'down') {
      state.everUp ||= state.status === 'up';
      state.status = 'down';
      if (state.setbacks <= 1) state.downSince = this.#clock.steadyMs();
      state.probes = 0;
      if (state.setbacks <= 1) this.#emit({ event: 'endpoint_down', endpoint: name, reason });
      this.#onChange();
    }
    state.reason = reason;
    const wait =
      retryAfter === null
        ? this.#pause(state) * 1000
        : Math.min(
            LONGEST_PAUSE_MS,
            Math.max(retryAfter, state.setbacks > 1 ? this.#pause(state) : 0) * 1000,
          );
    state.probes += 1;
    state.cancelProbe();
    state.cancelProbe = after(this.#clock, wait, () => void this.#probe(name, runner, state));
  }

  /** Seconds before the next probe. */
  #pause({ probes, setbacks }: State): number {
    const { first, last } = this.#probeSeconds;
    const times = probes + Math.max(0, setbacks - 1);
    return Math.min(last, first * (times === 0 ? AT_ONCE : 2 ** (times - 1)));
  }

  async #probe(name: string, runner: Runner, state: State): Promise<void> {
    if (state.probing || this.#closed) return;
    state.probing = true;
    const health = await runner.check();
    state.probing = false;
    if (this.#closed) return;
    // Only a server that does not answer is down; a missing model is each task's own failure.
    if (!health.ok && health.error?.code === 'runner_unavailable') {
      this.#setDown(name, runner, state, health.message);
      return;
    }
    const wasDown = state.status === 'down';
    state.status = 'up';
    state.everUp = true;
    if (wasDown && state.setbacks <= 1) this.#emit({ event: 'endpoint_up', endpoint: name });
    this.#onChange();
  }

  close(): void {
    this.#closed = true;
    for (const state of this.#states.values()) state.cancelProbe();
  }
}
