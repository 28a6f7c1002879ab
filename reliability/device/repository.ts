/** A repository with a home in it, on a disk that loses power, and what people and daemons do there. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerEvent } from '../../src/events.ts';
import { builtKoubou } from '../../test/support/koubou/built.ts';
import { type Ended, type Running, type RunOptions, startKoubou } from '../../test/support/koubou/koubou.ts';
import { until } from '../../test/support/until.ts';
import { inAnotherBoot } from '../another-boot.ts';

export interface Promised {
  added: Set<string>;
  completed: Set<string>;
  applied: Set<string>;
  discarded: Set<string>;
  /** What was typed and had not ended. */
  cutShort: string[] | null;
}

const AGENT = join(import.meta.dirname, 'agent.sh');
const CONFIG = `
runners:
  agent: { kind: agent, bin: sh, args: [${JSON.stringify(AGENT)}] }
routing: { default: { code: agent } }
# A worker of another boot is dead when three of its beats are missing.
defaults: { heartbeat_interval: 1s }
`;
const LINES = 300;

export class Repository {
  readonly folder: string;
  readonly home: string;
  /** Where the power does not go away. */
  readonly #outside: string;
  readonly promised: Promised = {
    added: new Set(),
    completed: new Set(),
    applied: new Set(),
    discarded: new Set(),
    cutShort: null,
  };
  readonly #running = new Set<Running>();
  #over = false;
  readonly #program: string | undefined;

  private constructor(within: string, outside: string, program?: string) {
    this.#program = program;
    this.folder = join(within, 'project');
    this.home = join(this.folder, '.koubou');
    this.#outside = outside;
  }

  /** `program`: as of Series. */
  static async make(within: string, outside: string, program?: string): Promise<Repository> {
    const made = new Repository(within, outside, program);
    mkdirSync(made.folder);
    made.git('init', '-q', '-b', 'main');
    writeFileSync(join(made.folder, 'read.me'), 'A project.\n');
    made.git('add', '-A');
    made.git('commit', '-qm', 'first');
    const { code, stderr } = await made.koubou('init');
    if (code !== 0) throw new Error(`koubou init: ${stderr}`);
    writeFileSync(join(made.home, 'config', 'agent.yaml'), CONFIG);
    // All of it was made long ago.
    execFileSync('sync', ['-f', made.folder]);
    return made;
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async #start(args: readonly string[]): Promise<Running> {
    const running = await startKoubou(args, this.#here());
    this.#running.add(running);
    void running.ended.then(() => this.#running.delete(running));
    return running;
  }

  async koubou(...args: string[]): Promise<Ended> {
    return (await this.#start(args)).ended;
  }

  /** As after the machine was started anew. */
  async koubouAnew(...args: string[]): Promise<Ended> {
    const under = inAnotherBoot(this.#outside, []);
    return (await startKoubou(args, { ...this.#here(), under })).ended;
  }

  /** As a daemon does after the machine was started anew: who worked there is dead when three beats did not come, or none for a minute. */
  async sweptAnew(): Promise<void> {
    const run = join(this.home, 'run');
    const dead = readdirSync(run).filter((name) => name.startsWith('worker-'));
    const under = inAnotherBoot(this.#outside, []);
    const { child, ended } = await startKoubou(['work'], { ...this.#here(), under });
    try {
      await until(() => !dead.some((name) => existsSync(join(run, name))), 'the end of the dead', 90_000);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  }

  #here(): RunOptions {
    return { cwd: this.folder, environment: { HOME: this.#outside }, program: this.#program };
  }

  /** To be done in the folder itself; its id. */
  async add(prompt: string): Promise<string> {
    const { code, stdout, stderr } = await this.koubou('delegate', '--type', 'code', prompt);
    const [id] = /^task_\w+$/m.exec(stdout) ?? [];
    if (id === undefined) throw new Error(`koubou delegate: ${code} ${stdout}${stderr}`);
    return id;
  }

  content(id: string): string {
    return Array.from({ length: LINES }, (_, n) => `${id} ${n + 1}\n`).join('');
  }

  applied(id: string): string | undefined {
    const path = join(this.folder, 'made', `${id}.txt`);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  committed(id: string): string | undefined {
    try {
      return this.git('show', `koubou/${id}:made/${id}.txt`);
    } catch {
      return undefined;
    }
  }

  /** Two daemons work, two people add, one takes over or throws away what is done; until the power goes. */
  async traffic(random: () => number): Promise<void> {
    await builtKoubou();
    this.#over = false;
    const daemon = async (): Promise<void> => {
      const running = await this.#start(['work', '--json', '--workers', '2']);
      let seen = 0;
      running.child.stdout?.on('data', () => {
        const lines = running.said.stdout.split('\n').slice(0, -1);
        for (const line of lines.slice(seen)) {
          const event = JSON.parse(line) as WorkerEvent;
          if (event.event === 'task_ended' && event.state === 'completed')
            this.promised.completed.add(event.task_id);
        }
        seen = lines.length;
      });
      await running.ended;
    };
    const adder = async (): Promise<void> => {
      while (!this.#over) {
        const { stdout } = await this.koubou('delegate', '--type', 'code', '--worktree', 'Make the file.');
        for (const [id] of stdout.matchAll(/^task_\w+$/gm)) this.promised.added.add(id);
      }
    };
    const taker = async (): Promise<void> => {
      while (!this.#over) {
        const [id] = [...this.promised.completed].filter(
          (each) => !this.promised.applied.has(each) && !this.promised.discarded.has(each),
        );
        if (id === undefined) {
          await this.koubou('status');
          continue;
        }
        const verb = random() < 0.6 ? 'apply' : 'discard';
        // It may be done though nobody is told any more.
        if (verb === 'discard') this.promised.discarded.add(id);
        this.promised.cutShort = [verb, id];
        const { code } = await this.koubou(verb, id);
        if (code === null) return;
        this.promised.cutShort = null;
        if (code === 0 && verb === 'apply') this.promised.applied.add(id);
      }
    };
    await Promise.all([daemon(), daemon(), adder(), adder(), taker()]);
  }

  /** No process is left that was there before the cut. */
  async stop(): Promise<void> {
    this.#over = true;
    for (;;) {
      const running = [...this.#running];
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all(running.map(({ ended }) => ended));
      if (this.#running.size === 0) return;
    }
  }
}
