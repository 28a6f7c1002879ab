/** What all users of one queue in memory share, as processes share the files of a home. Nothing here waits for anything. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KoubouError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/process/clock.ts';
import type { Hint } from '../../../src/queue/hint.ts';
import type { ArtifactKind, Beat, WorkerIdentity, WorkerMessage } from '../../../src/queue/queue.ts';
import { IdSource } from '../../../src/task/id.ts';
import type { State } from '../../../src/task/lifecycle.ts';
import { type EventName, firstState, nextState } from '../../../src/task/lifecycle.ts';
import type { RunOutcome, TaskFile } from '../../../src/task/record.ts';
import { Permits } from './permits.ts';

export interface Entry {
  readonly task: TaskFile;
  state: State;
  /** Runs started, and ends without one. */
  run: number;
  /** The run after which budgets count. */
  base: number;
  /** Of a delayed task, wall-clock milliseconds. */
  dueMs: number | null;
  /** The worker that has it in hand, and since when. */
  holder: string | null;
  claimedMs: number;
  isCancelAsked: boolean;
  isHeld: boolean;
  isRead: boolean;
  /** By run, ascending. */
  readonly outcomes: Map<number, RunOutcome>;
  /** Outcomes that came second: they change nothing. */
  readonly late: RunOutcome[];
  /** By run. */
  readonly artifacts: Map<number, Map<ArtifactKind, Buffer>>;
}

export interface Worker {
  readonly id: string;
  readonly about: WorkerIdentity;
  readonly joinedMs: number;
  /** The folder that is there until it is fenced. */
  readonly lease: string;
  /** Whether its process is gone, as whoever looks can see. */
  isDead: boolean;
  beat:
    | (Beat & { atMs: number; steadyMs: number; passed: ReadonlyMap<string, 'endpoint' | 'permit'> })
    | null;
  message: WorkerMessage | undefined;
  /** Process groups of its runs, by marker. */
  readonly children: Map<string, { pid: number; startTime: string | null }>;
}

export interface StoreOptions {
  clock: Clock;
  /** A number in [0, 1). */
  random: () => number;
}

export class Store {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ids: IdSource;
  readonly entries = new Map<string, Entry>();
  /** The task that holds a key. */
  readonly keys = new Map<string, string>();
  /** Those that joined, and have neither left nor been fenced. */
  readonly workers = new Map<string, Worker>();
  readonly permits = new Permits();
  readonly hints = new Set<Hint>();
  /** Of this machine: scratches and leases of its workers. */
  readonly folder = mkdtempSync(join(tmpdir(), 'koubou-memory-'));
  #joined = 0;

  constructor({ clock, random }: StoreOptions) {
    this.clock = clock;
    this.random = random;
    const bytes = (count: number): Uint8Array =>
      Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
    this.ids = new IdSource(clock.wallMs, bytes);
  }

  newWorkerId(): string {
    this.#joined += 1;
    return `worker-${this.#joined}`;
  }

  put(task: TaskFile): void {
    const { task_id: id, after, after_any, not_before, key } = task;
    const state = firstState({
      parents: after.length + after_any.length > 0,
      notBefore: not_before !== null,
    });
    this.entries.set(id, {
      task,
      state,
      run: 0,
      base: 0,
      dueMs: state === 'delayed' ? Date.parse(not_before ?? '') : null,
      holder: null,
      claimedMs: 0,
      isCancelAsked: false,
      isHeld: false,
      isRead: false,
      outcomes: new Map(),
      late: [],
      artifacts: new Map(),
    });
    if (key !== null) this.keys.set(key, id);
    this.hint();
  }

  in(...states: readonly State[]): Entry[] {
    return [...this.entries.values()].filter(({ state }) => states.includes(state));
  }

  /** The only door through which a state changes. */
  move(entry: Entry, event: EventName, to: { dueMs?: number; holder?: string } = {}): State {
    const state = nextState(entry.state, event);
    if (state === undefined)
      throw new KoubouError('internal', `"${event}" cannot happen to a task in ${entry.state}.`);
    entry.state = state;
    entry.dueMs = to.dueMs ?? null;
    entry.holder = to.holder ?? null;
    if (state === 'pending') this.hint();
    return state;
  }

  hint(): void {
    for (const each of this.hints) each.wake();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
