/** A home with tasks of all kinds that cannot fail by themselves, a model server, and the trace that tasks leave. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NewTask } from '../../src/task/record.ts';
import { type Daemon, Daemons } from '../../test/support/koubou/daemon.ts';
import {
  type ScriptedServer,
  type ScriptedStep,
  startScriptedServer,
  steps,
} from '../../test/support/servers/scripted-server.ts';
import { type Judged, judge } from './judge.ts';
import { Trace } from './trace.ts';

/** What a model takes for its answer. */
const ANSWER_MS = 150;

export interface StageOptions {
  /** The bin/run.js of the build that is looked at; undefined: of this source. */
  program?: string | undefined;
  /** The folder that the home is made in. */
  within?: string | undefined;
  /** What the model server answers, each time. */
  answer?: ScriptedStep;
}

export class Stage {
  readonly daemons: Daemons;
  readonly trace: Trace;
  /** The bin/run.js of the build that is looked at; undefined: of this source. */
  readonly program: string | undefined;
  /** Every task that was added. */
  readonly ids: string[] = [];
  readonly #folder: string;
  readonly server: ScriptedServer;
  #count = 0;

  private constructor(
    daemons: Daemons,
    server: ScriptedServer,
    trace: Trace,
    folder: string,
    program: string | undefined,
  ) {
    this.daemons = daemons;
    this.trace = trace;
    this.server = server;
    this.#folder = folder;
    this.program = program;
  }

  static async make(options: StageOptions = {}): Promise<Stage> {
    const { program, within, answer = () => delay(ANSWER_MS, steps.text('An answer.')) } = options;
    const folder = mkdtempSync(join(tmpdir(), 'koubou-storm-'));
    const trace = new Trace(join(folder, 'trace'));
    const server = await startScriptedServer([answer]);
    const config = `
endpoints: { here: { kind: ollama, url: '${server.url}', max_concurrent: 4 } }
runners:
  local: { kind: ollama, endpoint: here, model: scripted }
  agent: { kind: agent, bin: sh, args: ${JSON.stringify(trace.command(2, 0.1).slice(1))}, confine: off }
routing: { default: { general: local, code: agent } }
`;
    const daemons = await Daemons.make(config, within);
    for (const name of ['programs', 'shared', 'repository']) mkdirSync(join(folder, name));
    const git = (...args: string[]): Buffer =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        cwd: join(folder, 'repository'),
      });
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'first');
    return new Stage(daemons, server, trace, folder, program);
  }

  path(...parts: string[]): string {
    return join(this.#folder, ...parts);
  }

  /** Programs, models, agents in one folder, agents in worktrees, and what waits for others, in turn. */
  async add(count: number): Promise<string[]> {
    const programs = (): Partial<NewTask> => ({
      type: 'command',
      prompt: '',
      command: this.trace.command(3, 0.1),
      cwd: this.path('programs'),
      options: { output: this.path(`output-${this.#count}`) },
    });
    const tasks = Array.from({ length: count }, (): Partial<NewTask> => {
      this.#count += 1;
      const nth = this.#count % 10;
      if (nth < 5) return programs();
      if (nth < 7) return { prompt: `question ${this.#count}` };
      const code = { type: 'code', prompt: 'Change it.' } as const;
      if (nth === 7) return { ...code, cwd: this.path('shared') };
      if (nth === 8) return { ...code, cwd: this.path('repository'), options: { worktree: true } };
      const before = this.ids.at(-1);
      return { ...programs(), after: before === undefined ? [] : [before] };
    });
    const ids = await this.daemons.addAll(tasks);
    this.ids.push(...ids);
    return ids;
  }

  /** A daemon of the build that is looked at. */
  start(workers: number): Promise<Daemon> {
    return this.daemons.start(['--workers', `${workers}`], { program: this.program });
  }

  async addTask(task: Partial<NewTask>): Promise<string> {
    const id = await this.daemons.add({ cwd: this.path('programs'), ...task });
    this.ids.push(id);
    return id;
  }

  /** Works off what is left, and says what is wrong then. A home in disorder may have no end. `mayGiveUp`: as judge's. */
  async drain({ maxSeconds = 600, mayGiveUp = false } = {}): Promise<Judged> {
    const { code, stdout, stderr } = await this.daemons.koubou(['work', '--drain', '--workers', '4'], {
      under: ['timeout', '--signal=KILL', `${maxSeconds}`],
    });
    const judged = await judge(this.daemons, this.ids, this.trace, mayGiveUp);
    if (code !== 0) judged.faults.push(`the drain ended with ${code}: ${stdout}${stderr}`);
    return judged;
  }

  async remove(): Promise<void> {
    await this.daemons.remove();
    await this.server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Does it with a stage of its own. */
export const onStage = async <T>(act: (stage: Stage) => Promise<T>, program?: string): Promise<T> => {
  const stage = await Stage.make({ program });
  try {
    return await act(stage);
  } finally {
    await stage.remove();
  }
};
