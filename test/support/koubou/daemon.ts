/** Real daemons on a home of their own: the built command line, real signals, real children. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerEvent } from '../../../src/events.ts';
import { startTimeOf } from '../../../src/process/liveness.ts';
import type { Queue } from '../../../src/queue/queue.ts';
import type { NewTask, TaskRecord } from '../../../src/task/record.ts';
import { newTask } from '../builders.ts';
import { makeHome, type TestHome } from '../queue/home.ts';
import { until } from '../until.ts';
import { type Ended, koubou, type RunOptions, startKoubou } from './koubou.ts';

/** A daemon's process, whether or not it has joined. */
export interface Launched {
  pid: number;
  /** What it told so far. */
  events(): WorkerEvent[];
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
  /** Whether its process is gone. */
  gone(): boolean;
}

export interface Daemon extends Launched {
  workerId: string;
}

export class Daemons {
  readonly home: TestHome;
  readonly queue: Queue;
  readonly #pids: number[] = [];
  readonly #ends: Promise<unknown>[] = [];
  readonly #ids = new Set<string>();

  private constructor(home: TestHome) {
    this.home = home;
    this.queue = home.open();
  }

  /** `config` is the text of config/agent.yaml; `within` the folder that the home is made in. */
  static async make(config = '', within?: string): Promise<Daemons> {
    const daemons = new Daemons(await makeHome('', within));
    daemons.configure(`${config}\n`);
    return daemons;
  }

  configure(text: string): void {
    writeFileSync(join(this.home.home, 'config', 'agent.yaml'), text);
  }

  async add(over: Partial<NewTask> = {}): Promise<string> {
    const [id = ''] = await this.addAll([over]);
    return id;
  }

  async addAll(tasks: readonly Partial<NewTask>[]): Promise<string[]> {
    const added = await this.queue.add(tasks.map((over) => newTask({ cwd: this.home.home, ...over })));
    for (const { id } of added) this.#ids.add(id);
    return added.map(({ id }) => id);
  }

  /** Adds a command task; its working folder is the home. */
  shell(script: string, over: Partial<NewTask> = {}): Promise<string> {
    return this.add({ type: 'command', prompt: '', command: ['sh', '-c', script], ...over });
  }

  koubou(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return koubou(args, { home: this.home.home, ...options });
  }

  /** `koubou work` with these flags. */
  async launch(flags: readonly string[] = [], options: RunOptions = {}): Promise<Launched> {
    const { child, said, ended } = await startKoubou(['work', '--json', ...flags], {
      home: this.home.home,
      ...options,
    });
    const pid = child.pid ?? 0;
    this.#pids.push(pid);
    this.#ends.push(ended);
    const events = (): WorkerEvent[] =>
      said.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as WorkerEvent);
    return {
      pid,
      events,
      kill: (signal) => child.kill(signal),
      ended,
      gone: () => startTimeOf(pid) === null,
    };
  }

  /** The same, once it has joined. */
  async start(flags: readonly string[] = [], options: RunOptions = {}): Promise<Daemon> {
    const launched = await this.launch(flags, options);
    let end: Ended | undefined;
    void launched.ended.then((ended) => {
      end = ended;
    });
    const joined = await until(() => {
      if (end !== undefined) throw new Error(`it ended before it joined: ${end.stdout}${end.stderr}`);
      return launched.events().find((event) => event.event === 'worker_started');
    }, 'a daemon');
    return { ...launched, workerId: joined.worker_id };
  }

  async record(id: string): Promise<TaskRecord> {
    const record = await this.queue.get(id);
    if (record === undefined) throw new Error(`there is no ${id}`);
    return record;
  }

  ended(id: string, maxMs?: number): Promise<TaskRecord> {
    return until(
      async () => {
        const record = await this.record(id);
        return (record.status === 'completed' || record.status === 'failed') && record;
      },
      `the end of ${id}`,
      maxMs,
    );
  }

  /** The content of a file in the home, once it is there and ends with a newline. */
  said(name: string): Promise<string> {
    return until(() => {
      const text = this.read(name);
      return text.endsWith('\n') && text.trim();
    }, name);
  }

  read(name: string): string {
    try {
      return readFileSync(join(this.home.home, name), 'utf8');
    } catch {
      return '';
    }
  }

  /** Names of the folders in which each task lies; one each is right. */
  places(): Map<string, string[]> {
    const places = new Map<string, string[]>();
    for (const name of readdirSync(this.home.path('tasks'), { recursive: true, encoding: 'utf8' })) {
      const id = /(?:^|\/|-)(task_\w+)\.r\d+(?:\.b\d+)?\.json$/.exec(name)?.[1];
      if (id !== undefined) places.set(id, [...(places.get(id) ?? []), name.slice(0, name.lastIndexOf('/'))]);
    }
    return places;
  }

  /** Living processes that were started for some task of this home. Linux only; elsewhere none. */
  children(): number[] {
    if (process.platform !== 'linux') return [];
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name) || startTimeOf(Number(name)) === null) return [];
      let environment = '';
      try {
        environment = readFileSync(`/proc/${name}/environ`, 'utf8');
      } catch {
        return [];
      }
      const id = /(?:^|\0)KOUBOU_RUN=[^\0]*\/(task_\w+)\.r/.exec(environment)?.[1];
      return id !== undefined && this.#ids.has(id) ? [Number(name)] : [];
    });
  }

  /** Kills whatever of this test still lives, by pid, and removes the home. */
  async remove(): Promise<void> {
    // One in another pid namespace has a number that is somebody else's here.
    const workers = (await this.queue.workers()).filter((worker) => worker.start_time !== undefined);
    for (const pid of new Set([...this.#pids, ...workers.map((worker) => worker.pid), ...this.children()])) {
      if (startTimeOf(pid) !== null) process.kill(pid, 'SIGKILL');
    }
    await Promise.all(this.#ends);
    await until(
      () => workers.every(({ pid }) => startTimeOf(pid) === null) && this.children().length === 0,
      'the end of all processes',
    );
    await this.queue.close();
    this.home.remove();
  }
}
