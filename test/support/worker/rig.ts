/** A daemon in this process, on a real queue, with runners that do what a test says. */
import { renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorInfo, errorInfo } from '../../../src/errors.ts';
import type { WorkerEvent } from '../../../src/events.ts';
import { type Clock, systemClock } from '../../../src/process/clock.ts';
import { closed } from '../../../src/queue/closed.ts';
import { thisMachine } from '../../../src/queue/files/disk/machine.ts';
import type { FileQueueOptions } from '../../../src/queue/files/file-queue.ts';
import type { Member, Queue } from '../../../src/queue/queue.ts';
import type { Health, RunContext, Runner, RunnerOutcome } from '../../../src/runner/runner.ts';
import type { NewTask, TaskFile, TaskRecord } from '../../../src/task/record.ts';
import type { Seal } from '../../../src/text/seal.ts';
import { runDaemon } from '../../../src/worker/daemon.ts';
import type { PoolEnd } from '../../../src/worker/pool/pool.ts';
import type { WorkerSettings } from '../../../src/worker/settings.ts';
import { newTask } from '../builders.ts';
import { makeHome, type TestHome } from '../queue/home.ts';
import { someSeal } from '../state.ts';
import { until } from '../until.ts';

export const settings = (over: Partial<WorkerSettings> = {}): WorkerSettings => ({
  label: 'w',
  version: '0.0.0',
  home: '/none',
  seal: someSeal,
  keys: [],
  worktreeLinks: [],
  min: 1,
  max: 1,
  idleSlotSeconds: 30,
  scaleUpAt: 2,
  heartbeatSeconds: 5,
  routing: { default: { general: 'fake', code: 'fake', command: 'fake' } },
  retries: { general: 2, code: 2, command: 0 },
  timeout: { general: 0, code: 0, command: 0 },
  stallSeconds: 0,
  loadSeconds: 0,
  unavailableSeconds: 3600,
  probeSeconds: { first: 0.1, last: 0.2 },
  localNetworks: [],
  sensitivePatterns: ['password', 'secret', 'api_key', 'token', 'private_key'],
  environment: { PATH: process.env['PATH'] ?? '' },
  until: { kind: 'stopped' },
  ...over,
});

export const failure = (
  error: ErrorInfo,
  over: Partial<Extract<RunnerOutcome, { ok: false }>> = {},
): RunnerOutcome => ({
  ok: false,
  error,
  retryAfter: null,
  charged: null,
  usage: null,
  model: 'm',
  endpoint: null,
  ...over,
});

/** Text is the result; anything else is the outcome itself. */
type Act = (task: TaskFile, context: RunContext) => Promise<string | RunnerOutcome> | string | RunnerOutcome;

export class FakeRunner implements Runner {
  readonly name: string;
  readonly endpoint: Runner['endpoint'];
  readonly defaultModel = 'm';
  staysLocal = true;
  changesFiles = false;
  act: Act;
  health: Health = { ok: true, message: 'well', error: null };
  checks = 0;
  running = 0;
  peak = 0;
  readonly runs: { id: string; feedback: string | null }[] = [];

  constructor(act: Act = () => 'done', over: { name?: string; maxConcurrent?: number } = {}) {
    this.name = over.name ?? 'fake';
    this.act = act;
    this.endpoint =
      over.maxConcurrent === undefined
        ? null
        : { name: 'server', url: 'http://127.0.0.1:1', maxConcurrent: over.maxConcurrent };
  }

  down(): void {
    const error = errorInfo('runner_unavailable', 'nobody answers');
    this.health = { ok: false, message: 'nobody answers', error };
  }

  up(): void {
    this.health = { ok: true, message: 'well', error: null };
  }

  check(): Promise<Health> {
    this.checks += 1;
    return Promise.resolve(this.health);
  }

  async run(task: TaskFile, context: RunContext): Promise<RunnerOutcome> {
    this.runs.push({ id: task.task_id, feedback: context.feedback });
    this.running += 1;
    this.peak = Math.max(this.peak, this.running);
    try {
      // As a good runner it returns when it is stopped, whatever its act still waits for.
      const answer = await Promise.race([this.act(task, context), untilStopped(task, context)]);
      if (typeof answer !== 'string') return answer;
      await writeFile(context.outputPath, answer);
      const observed = {
        terminal: true,
        end: null,
        promptTokens: null,
        promptBytes: null,
        thinking: null,
        remoteHost: null,
      };
      return { ok: true, observed, usage: null, model: 'm', endpoint: this.endpoint?.name ?? null };
    } finally {
      this.running -= 1;
    }
  }
}

/** Runs until it is stopped from outside, as a good runner does. */
export const untilStopped = (_: TaskFile, { lease: { signal } }: RunContext): Promise<RunnerOutcome> =>
  new Promise((resolve) => {
    const stop = (): void => resolve(failure(errorInfo('cancelled', 'The run was stopped.')));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

/** A promise and the one who keeps it. */
export const gate = (): { opened: Promise<void>; open: () => void } => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

/** Takes all that it holds away from a worker, as whoever takes it for dead does. */
export const fence = (inProgress: string, workerId: string): void =>
  renameSync(join(inProgress, workerId), join(inProgress, `.reap-${workerId}`));

export interface RunningDaemon {
  events: WorkerEvent[];
  requestStop: () => void;
  end: Promise<PoolEnd>;
  joined: boolean;
  ended: boolean;
  member: () => Member;
}

/** What a rig stands on: a queue, and a folder for what a daemon keeps of its own. */
export interface Ground {
  home: string;
  seal(): Seal;
  open(options: Pick<FileQueueOptions, 'randomBytes' | 'machine' | 'nowMs'>): Queue;
  remove(): void;
}

let drawn = 0;

/** Never the same, as names are made of it, and a very small number where it is read as one. */
const smallBytes = (count: number): Uint8Array => {
  const bytes = Buffer.alloc(count);
  drawn += 1;
  bytes.writeUInt32BE(drawn, count - 4);
  return bytes;
};

export class Rig<G extends Ground = TestHome> {
  readonly home: G;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly #daemons: RunningDaemon[] = [];

  constructor(home: G, clock: Clock = systemClock) {
    this.home = home;
    this.clock = clock;
    this.queue = this.open();
  }

  /** Back-offs are next to nothing. */
  open(): Queue {
    return closed(
      this.home.open({
        randomBytes: smallBytes,
        machine: thisMachine(this.clock),
        nowMs: this.clock.wallMs,
      }),
    );
  }

  /** `within`: the folder that the home is made in. */
  static async make(within?: string, clock?: Clock): Promise<Rig> {
    return new Rig(await makeHome('', within), clock);
  }

  async add(over: Partial<NewTask> = {}): Promise<string> {
    const [added] = await this.queue.add([newTask(over)]);
    return added?.id ?? '';
  }

  start(
    runners: Runner | readonly Runner[],
    over: Partial<WorkerSettings> = {},
    wrapMember: (member: Member) => Member = (member) => member,
  ): RunningDaemon {
    let member: Member | undefined;
    const own: Queue = this.open();
    // What a test has a member throw is closed as what a backend throws.
    const queue = closed(
      replacing(own, {
        join: async (worker) => {
          member = wrapMember(await own.join(worker));
          daemon.joined = true;
          return member;
        },
      }),
    );
    const daemon: RunningDaemon = {
      events: [],
      requestStop: () => undefined,
      end: Promise.resolve({ kind: 'fenced' }),
      joined: false,
      ended: false,
      member: () => {
        if (member === undefined) throw new Error('it has not joined yet');
        return member;
      },
    };
    daemon.end = runDaemon({
      queue,
      clock: this.clock,
      runners: new Map([runners].flat().map((runner) => [runner.name, runner])),
      settings: settings({ home: this.home.home, seal: this.home.seal(), ...over }),
      emit: (event) => daemon.events.push(event),
      onStopRequest: (listener) => {
        daemon.requestStop = listener;
        return () => undefined;
      },
    }).finally(() => {
      daemon.ended = true;
    });
    // A test that expects a rejection awaits it; one that does not must not end the whole run.
    daemon.end.catch(() => undefined);
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Works everything off. */
  drain(runners: Runner | readonly Runner[], over: Partial<WorkerSettings> = {}): Promise<PoolEnd> {
    return this.start(runners, { ...over, until: { kind: 'drained' } }).end;
  }

  async record(id: string): Promise<TaskRecord> {
    const record = await this.queue.get(id);
    if (record === undefined) throw new Error(`there is no ${id}`);
    return record;
  }

  ended(id: string): Promise<TaskRecord> {
    return until(async () => {
      const record = await this.record(id);
      return (record.status === 'completed' || record.status === 'failed') && record;
    }, `the end of ${id}`);
  }

  async remove(): Promise<void> {
    for (const daemon of this.#daemons) {
      await until(() => daemon.joined || daemon.ended, 'a daemon that can be stopped');
      daemon.requestStop();
      daemon.requestStop();
    }
    await Promise.allSettled(this.#daemons.map(({ end }) => end));
    await this.queue.close();
    this.home.remove();
  }
}

/** `target` with some of its methods replaced; the others keep their private fields. */
export const replacing = <T extends object>(target: T, methods: Partial<T>): T =>
  new Proxy(target, {
    get: (object, key) => {
      const value = methods[key as keyof T] ?? object[key as keyof T];
      return typeof value === 'function' ? value.bind(object) : value;
    },
  });
