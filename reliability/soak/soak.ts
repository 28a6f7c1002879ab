/**
 * A long run: tasks of all kinds keep coming, faults befall the daemons one after the other, a census is taken every
 * second, and what the daemons hold is watched. In the end everything is worked off, and the last census is taken.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { census } from '../../test/support/census/census.ts';
import type { Daemon, Launched } from '../../test/support/koubou/daemon.ts';
import type { RunOptions } from '../../test/support/koubou/koubou.ts';
import { cannotMount, Mounted } from '../../test/support/mounts.ts';
import { seeded } from '../../test/support/seeded.ts';
import { type Step, steps } from '../../test/support/servers/scripted-server.ts';
import { faketimeLibrary } from '../machine/clock.ts';
import { Stage } from '../storms/stage.ts';
import { traceFaults } from '../storms/trace.ts';
import type { CensusLine } from './census-loop.ts';
import { FAULTS, type Ground, possible } from './faults.ts';
import { type Held, Resources } from './resources.ts';
import { Traffic } from './traffic.ts';

export interface SoakWish {
  seconds: number;
  seed: number;
  /** The bin/run.js of another build, of which one daemon more is started and watched. */
  other?: string;
  /** Done to the home from halfway on, to see that it is found, until it says that it was done; the soak ends later. */
  sabotage?: (home: string, ids: readonly string[]) => boolean;
  say?: (line: string) => void;
}

export interface SoakReport {
  traffic: Traffic['counts'];
  /** Tasks that lie in each state in the end. */
  ended: Record<string, number>;
  /** How often each fault befell the daemons. */
  befell: Record<string, number>;
  /** Faults that this machine does not allow. */
  impossible: string[];
  lost: number;
  censuses: number;
  longestCensusMs: number;
  held: Held[];
  faults: string[];
}

const COLLECT = new URL('collect.ts', import.meta.url).href;
const STANDING = 2;
const VICTIMS = 2;
const SLOTS = ['--workers', '3'];
/** Room for the home; a page of memory is taken only where something was written. */
const MEGABYTES = 3000;
const BETWEEN_FAULTS = [0.3, 2.5] as const;
const MORE_EVERY_MS = 150;

export const soak = async (wish: SoakWish): Promise<SoakReport> => {
  const random = seeded(wish.seed);
  const disk = (await cannotMount()) === null ? Mounted.make('tmpfs', { megabytes: MEGABYTES }) : null;
  const stage = await Stage.make({ within: disk?.folder, answer: answers(seeded(wish.seed + 1)) });
  try {
    return await new Soak(wish, stage, disk, random).run();
  } finally {
    await stage.remove();
    disk?.remove();
  }
};

/** Good answers mostly, and each way in which a server fails. */
const answers = (random: () => number) => async (): Promise<Step> => {
  const bad: Step[] = [
    steps.empty(),
    steps.cutByLength(),
    steps.cutInStream(),
    steps.withoutDone(),
    steps.invalidLine(),
    steps.serverError(),
    steps.busy('1'),
    steps.tooManyRequests('1'),
    steps.toolCallAsText(),
  ];
  await delay(30 + 200 * random());
  const chosen = bad[Math.floor(random() * bad.length * 6)];
  return chosen ?? steps.text('An answer. '.repeat(1 + Math.floor(random() * 2000)));
};

class Soak {
  readonly #wish: SoakWish;
  readonly #stage: Stage;
  readonly #disk: Mounted | null;
  readonly #random: () => number;
  readonly #clock: string | null;
  readonly #idsPath: string;
  readonly #traffic: Traffic;
  readonly #faults: string[] = [];
  readonly #befell: Record<string, number> = {};
  readonly #over = new AbortController();
  #censuses = 0;
  #longestCensusMs = 0;

  constructor(wish: SoakWish, stage: Stage, disk: Mounted | null, random: () => number) {
    this.#wish = wish;
    this.#stage = stage;
    this.#disk = disk;
    this.#random = random;
    this.#clock = faketimeLibrary() === undefined ? null : stage.path('clock');
    if (this.#clock !== null) writeFileSync(this.#clock, '+0');
    this.#idsPath = stage.path('ids');
    writeFileSync(this.#idsPath, '');
    const places = { folder: stage.path(), idsPath: this.#idsPath };
    this.#traffic = new Traffic(stage.daemons, stage.trace, places, random);
  }

  async run(): Promise<SoakReport> {
    const { seconds, other, say = () => undefined } = this.#wish;
    const standing: { name: string; daemon: Daemon }[] = [];
    for (let number = 1; number <= STANDING; number += 1) {
      standing.push({ name: `daemon ${number}`, daemon: await this.#start() });
    }
    if (other !== undefined) standing.push({ name: 'other build', daemon: await this.#start(other) });
    const victims: Launched[] = [];
    while (victims.length < VICTIMS) victims.push(await this.#start());
    const resources = new Resources(standing.map(({ name, daemon }) => ({ name, pid: daemon.pid })));
    const ground: Ground = {
      daemons: this.#stage.daemons,
      standing: standing.map(({ daemon }) => daemon),
      victims,
      launch: () => this.#start(),
      server: this.#stage.server,
      disk: this.#disk,
      clock: this.#clock,
      random: this.#random,
      pause: (time) => this.#pause(time),
    };
    const stopCensus = this.#takeCensuses();
    const told = setInterval(() => say(this.#line(resources)), 30_000);
    try {
      await Promise.all([
        this.#until(() => this.#traffic.more(), MORE_EVERY_MS),
        this.#until(async () => resources.look(), 1000),
        this.#befall(ground),
        this.#end(seconds),
      ]);
    } finally {
      this.#over.abort();
      clearInterval(told);
    }
    for (const { name, daemon } of standing) if (daemon.gone()) this.#faults.push(`${name} is gone`);
    return this.#settled(ground, resources.held, stopCensus);
  }

  async #end(seconds: number): Promise<void> {
    await Promise.all([this.#pause(seconds), this.#sabotage(seconds / 2)]);
    this.#over.abort();
  }

  async #sabotage(afterSeconds: number): Promise<void> {
    const { sabotage } = this.#wish;
    if (sabotage === undefined) return;
    await this.#pause(afterSeconds);
    const again = async (isOver: () => boolean): Promise<void> => {
      while (!this.#over.signal.aborted && !isOver()) await this.#pause(0.1);
    };
    await again(() => sabotage(this.#stage.daemons.home.home, this.#traffic.ids));
    // The first one that is told of may have begun before.
    const enough = this.#censuses + 2;
    await again(() => this.#censuses >= enough);
  }

  #line(resources: Resources): string {
    const held = resources.held.map(
      ({ name, memory, files }) => `${name}: ${memory.end.toFixed(0)} MB, ${files.end} files`,
    );
    return `${this.#traffic.counts.added} tasks, ${this.#censuses} censuses, ${this.#faults.length} faults; ${held.join('; ')}`;
  }

  get #environment(): Record<string, string> {
    const options = { NODE_OPTIONS: `--import=${COLLECT}` };
    if (this.#clock === null) return options;
    return {
      ...options,
      LD_PRELOAD: faketimeLibrary() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#clock,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  #start(program?: string): Promise<Daemon> {
    return this.#stage.daemons.start(SLOTS, { environment: this.#environment, program } satisfies RunOptions);
  }

  async #until(action: () => Promise<void>, everyMs: number): Promise<void> {
    while (!this.#over.signal.aborted) {
      await action();
      await this.#pause(everyMs / 1000);
    }
  }

  async #pause(seconds: number): Promise<void> {
    await delay(seconds * 1000, undefined, { signal: this.#over.signal }).catch(() => undefined);
  }

  /** Every kind once, in an order by chance, then again. */
  async #befall(ground: Ground): Promise<void> {
    while (!this.#over.signal.aborted) {
      const names = possible(ground);
      while (names.length > 0 && !this.#over.signal.aborted) {
        const [name = ''] = names.splice(Math.floor(this.#random() * names.length), 1);
        this.#befell[name] = (this.#befell[name] ?? 0) + 1;
        await FAULTS[name]?.(ground);
        const [least, most] = BETWEEN_FAULTS;
        await this.#pause(least + this.#random() * (most - least));
      }
    }
  }

  #takeCensuses(): () => Promise<void> {
    const loop = join(import.meta.dirname, 'census-loop.ts');
    const child = spawn(process.execPath, [loop, this.#stage.daemons.home.home, this.#idsPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const { faults, ms } = JSON.parse(line) as CensusLine;
      this.#censuses += 1;
      this.#longestCensusMs = Math.max(this.#longestCensusMs, ms);
      this.#faults.push(...faults.map((fault) => `while it worked: ${fault}`));
    });
    const ended = once(child, 'close');
    let stopping = false;
    void ended.then(([code, signal]) => {
      if (stopping) return;
      this.#faults.push(`the census ended with ${code ?? signal}`);
      this.#over.abort();
    });
    return async () => {
      stopping = true;
      child.kill('SIGKILL');
      await ended;
    };
  }

  /** Works everything off and looks at what came of it. */
  async #settled(ground: Ground, held: Held[], stopCensus: () => Promise<void>): Promise<SoakReport> {
    const { daemons, trace } = this.#stage;
    for (const daemon of [...ground.standing, ...ground.victims]) daemon.kill('SIGTERM');
    await Promise.all([...ground.standing, ...ground.victims].map(({ ended }) => ended));
    // What was put off while the clock was ahead is due by then.
    if (this.#clock !== null) writeFileSync(this.#clock, '+2h');
    const { code, stdout } = await daemons.koubou(['work', '--drain', '--workers', '6'], {
      environment: this.#environment,
      under: ['timeout', '--signal=KILL', '600'],
    });
    await stopCensus();
    const { ids, retried, counts, faults } = this.#traffic;
    if (code !== 0) this.#faults.push(`the drain ended with ${code}: ${stdout}`);
    const last = census(daemons.home.home, {
      acknowledged: ids,
      retried,
      retries: 3,
    });
    const records = await daemons.queue.list({});
    const ended: Record<string, number> = {};
    for (const { state } of last.tasks.values()) ended[state] = (ended[state] ?? 0) + 1;
    const unsettled = records.filter(({ status }) => status !== 'completed' && status !== 'failed');
    const ours = records.filter(({ result }) => result?.error?.code === 'internal');
    const attempts = records.flatMap((record) => record.attempts);
    this.#faults.push(
      ...faults,
      ...last.faults,
      ...unsettled.map(({ task_id, status }) => `${task_id} is ${status} after all was worked off`),
      ...ours.map(
        ({ task_id, result }) => `${task_id} failed by koubou's own fault: ${result?.error?.message}`,
      ),
      ...traceFaults(trace.lines(), records),
    );
    rmSync(this.#idsPath);
    return {
      traffic: counts,
      ended,
      befell: this.#befell,
      impossible: Object.keys(FAULTS).filter((name) => !possible(ground).includes(name)),
      lost: attempts.filter(({ error }) => error?.code === 'worker_lost').length,
      censuses: this.#censuses,
      longestCensusMs: this.#longestCensusMs,
      held,
      faults: [...new Set(this.#faults)],
    };
  }
}
