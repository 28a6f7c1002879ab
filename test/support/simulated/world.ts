/**
 * A simulated machine: one disk, one clock, many processes of which one goes on at a time. Before each call to the disk
 * a process may have to wait; who of the waiting goes on, who is killed there and when power fails comes from a seed.
 */

import type { Machine } from '../../../src/queue/files/disk/machine.ts';
import { Layout, SLOT_COUNT } from '../../../src/queue/files/layout/names.ts';
import { SimulatedFiles } from './files.ts';

/** Where the home lies on the simulated disk. */
export const HOME = '/home';
const MOST_CALLS = 200_000;

export interface Chances {
  /** That a process has to wait before a call to the disk. */
  wait: number;
  /** At each choice of who goes on: that one is killed, and that power fails. */
  kill: number;
  power: number;
}

export interface Waiting {
  process: SimulatedProcess;
  goOn: () => void;
}

const never = (): Promise<never> => new Promise(() => undefined);

export class SimulatedProcess {
  readonly machine: Machine;
  readonly pid: number;
  killed = false;
  /** Others take it for dead, as they may take a process in another container that was stopped for long. */
  seemsDead = false;
  readonly #world: World;

  constructor(world: World, pid: number) {
    this.#world = world;
    this.pid = pid;
    const self = {
      bootId: world.bootId(),
      pid,
      startTime: `${pid}`,
      pidNamespace: 'pid:[1]',
      hostId: 'simulated',
    };
    this.machine = {
      self,
      // It never takes itself for dead.
      startTimeOf: (other) => (other === pid ? `${pid}` : world.startTimeOf(other)),
      stopTree: async () => undefined,
      steadyMs: () => world.steadyMs,
      sleep: async (ms) => {
        world.pass(ms);
        await this.#wait();
      },
    };
  }

  /** Called before each call to the disk. Never answers in a process that was killed. */
  async turn(call: string, path: string, to = ''): Promise<void> {
    if (this.killed) return never();
    if (this.#world.random() < this.#world.chances.wait) await this.#wait();
    this.#world.called();
    this.#world.tell?.(`${this.pid} ${call} ${path} ${to}`);
  }

  async #wait(): Promise<void> {
    await new Promise<void>((goOn) => {
      this.#world.waiting.push({ process: this, goOn });
    });
  }
}

export class World {
  readonly files: SimulatedFiles;
  readonly random: () => number;
  /** Told of each call to the disk, kill and power loss, where somebody wants to know. */
  tell: ((line: string) => void) | undefined;
  chances: Chances = { wait: 0, kill: 0, power: 0 };
  waiting: Waiting[] = [];
  steadyMs = 0;
  kills = 0;
  powerLosses = 0;
  choices = 0;
  calls = 0;
  #wallMs = Date.parse('2026-01-15T09:00:00.000Z');
  readonly #processes = new Map<number, SimulatedProcess>();
  #pids = 0;

  constructor(random: () => number) {
    this.random = random;
    this.files = new SimulatedFiles(() => this.#wallMs);
    this.#makeHome();
  }

  #makeHome(): void {
    const layout = new Layout(HOME);
    this.files.makeFolder(HOME);
    for (const folder of layout.folders()) this.files.makeFolder(folder);
    for (let number = 0; number < SLOT_COUNT; number += 1) {
      this.files.makeFolder(`${layout.inProgress}/slot-${String(number).padStart(2, '0')}`);
    }
    for (const folder of ['/', HOME, ...layout.folders()]) {
      this.files.store(this.files.changesIn(this.files.folder(folder, 'open')));
    }
  }

  /** A queue that never comes to rest would be played for ever. */
  called(): void {
    this.calls += 1;
    if (this.calls > MOST_CALLS) throw new Error(`No end after ${MOST_CALLS} calls to the disk.`);
  }

  bootId(): string {
    return `${String(this.powerLosses).padStart(8, '0')}-0000-4000-8000-000000000000`;
  }

  start(): SimulatedProcess {
    this.#pids += 1;
    const process = new SimulatedProcess(this, this.#pids);
    this.#processes.set(process.pid, process);
    return process;
  }

  startTimeOf(pid: number): string | null {
    const process = this.#processes.get(pid);
    return process === undefined || process.killed || process.seemsDead ? null : `${pid}`;
  }

  /** A wall clock of which no two looks are alike. */
  readonly nowMs = (): number => {
    this.#wallMs += 0.001;
    return this.#wallMs;
  };

  pass(ms: number): void {
    this.steadyMs += ms;
    this.#wallMs += ms;
  }

  /** Sets the wall clock; back as well as ahead. */
  setClock(byMs: number): void {
    this.#wallMs += byMs;
  }

  kill(process: SimulatedProcess): void {
    if (process.killed) return;
    process.killed = true;
    this.tell?.(`${process.pid} is killed`);
    this.kills += 1;
    this.waiting = this.waiting.filter((other) => other.process !== process);
  }

  /** All processes end; the machine goes on. */
  endAll(): void {
    for (const process of this.#processes.values()) process.killed = true;
    this.waiting = [];
  }

  /** All processes end, and what was not synced may be lost. */
  losePower(): void {
    this.endAll();
    this.#processes.clear();
    this.powerLosses += 1;
    this.tell?.('the power fails');
    this.files.losePower(this.random);
  }

  /** Lets processes go on, one at a time, until none waits any more. `killed` is told of each that was killed. */
  async run(killed: (process: SimulatedProcess) => void): Promise<void> {
    const { kill, power } = this.chances;
    for (;;) {
      // Whatever can go on without the disk has gone on when the event loop comes round.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.waiting.length === 0) return;
      this.pass(1);
      this.choices += 1;
      if (power > 0 && this.random() < power) return this.losePower();
      const index = Math.floor(this.random() * this.waiting.length);
      const [next] = this.waiting.splice(index, 1) as [Waiting];
      if (kill > 0 && this.random() < kill) {
        this.kill(next.process);
        killed(next.process);
      } else {
        next.goOn();
      }
    }
  }
}
