/** The program as a door opens it, on a project with a home of its own; no command is started. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DelegateRequest, delegate } from '../../src/actions/delegate/delegate.ts';
import { openWorkerApp, runWorker } from '../../src/actions/workers/run-worker.ts';
import { type App, type AppRequest, openApp } from '../../src/app/app.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { WorkerEvent } from '../../src/events.ts';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Claim } from '../../src/queue/queue.ts';
import { toText } from '../../src/say/say.ts';
import type { Fields } from '../../src/task/fields/asked-task.ts';
import type { TaskRecord } from '../../src/task/record.ts';
import { failedWith, noRetries, succeeded, takeAll, worker } from './builders.ts';
import { layHome } from './queue/home.ts';
import { stateHome } from './state.ts';
import { until } from './until.ts';

/** Programs run; of models there is one whose server never answers: nothing listens on port 1. */
export const CONFIG = `
endpoints: { nowhere: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  ollama: { kind: ollama, endpoint: nowhere, model: tiny }
  command: { kind: command }
routing: { default: { general: ollama, code: ollama, command: command } }
`;

/** The mark that an agent leaves in the environment of what it starts. */
export const AS_AGENT = { CLAUDECODE: '1' };

/** A user with nothing of their own: who works in their own folder works in no project. */
const NOBODY = '/nowhere';

type Opening = Partial<Omit<AppRequest, 'environment'>> & {
  /** Added to an environment that holds nothing of koubou's and of no agent. */
  environment?: Readonly<Record<string, string>>;
};

export class AppProject {
  readonly folder: string;
  readonly home: string;
  readonly queue: FileQueue;
  /** What koubou said of the home as it was opened. */
  readonly warnings: string[] = [];

  protected constructor(folder: string, queue: FileQueue) {
    this.folder = folder;
    this.home = join(folder, '.koubou');
    this.queue = queue;
  }

  static async make(config = CONFIG): Promise<AppProject> {
    return new AppProject(...(await layProject(config)));
  }

  /** Ends the daemons that were started for it, too. */
  async remove(): Promise<void> {
    const others = async () => (await this.queue.workers()).filter(({ pid }) => pid !== process.pid);
    for (const { pid } of await others()) process.kill(pid, 'SIGKILL');
    await until(async () => (await others()).length === 0);
    rmSync(this.folder, { recursive: true, force: true });
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** agent.yaml */
  configure(text: string): void {
    this.write('.koubou/config/agent.yaml', text);
  }

  /** Of a person, unless it is told otherwise. */
  request({ environment = {}, ...over }: Opening = {}): AppRequest {
    const surroundings = { PATH: process.env['PATH'] ?? '', HOME: NOBODY, XDG_STATE_HOME: stateHome };
    return {
      cwd: this.folder,
      purpose: 'act',
      warn: (line) => this.warnings.push(toText(line)),
      environment: { ...surroundings, ...environment },
      ...over,
    };
  }

  open(over: Opening = {}): Promise<App> {
    return openApp(this.request(over));
  }

  openAsAgent(over: Opening = {}): Promise<App> {
    return this.open({ ...over, environment: { ...AS_AGENT, ...over.environment } });
  }

  /** The ids of the tasks that were added. */
  async delegate(
    fields: Fields,
    over: Partial<Omit<DelegateRequest, 'fields'>> & { app?: App } = {},
  ): Promise<string[]> {
    const { app = await this.open(), ...rest } = over;
    const { added } = await delegate({ fields, skipExisting: false, ...rest }, app);
    return added.map(({ id }) => id);
  }

  /** Works off what can be done now, as a daemon does, in this process; answers with what it told of. */
  async drain(over: Opening = {}): Promise<WorkerEvent[]> {
    const told: WorkerEvent[] = [];
    await runWorker(await openWorkerApp(this.request(over)), {
      version: '0.0.0',
      min: undefined,
      max: undefined,
      until: { kind: 'drained' },
      onStopRequest: () => () => undefined,
      emit: (event) => told.push(event),
    });
    return told;
  }

  /** In the order in which they were added. */
  async records(): Promise<TaskRecord[]> {
    return (await this.queue.list({})).reverse();
  }

  /** Of the only task. */
  async only(): Promise<TaskRecord> {
    const [record, ...others] = await this.records();
    if (record === undefined || others.length > 0) throw new Error(`${others.length} others, or none`);
    return record;
  }

  /** Takes the next task as a worker does, and ends it. */
  async finish(
    output: string | Uint8Array,
    how: 'success' | 'failure' = 'success',
    code: ErrorCode = 'check_failed',
  ): Promise<Claim> {
    const member = await this.queue.join(worker());
    const claim = await member.claim(takeAll);
    if (claim === undefined) throw new Error('nothing to do');
    writeFileSync(claim.scratch.outputPath, output);
    const outcome = how === 'success' ? succeeded(claim, member) : failedWith(code, claim, member);
    await member.settle(claim, outcome, noRetries);
    await member.leave();
    return claim;
  }
}

/** A folder with a home in it, as somebody has who works with koubou. */
export const layProject = async (config = CONFIG): Promise<[folder: string, queue: FileQueue]> => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-project-')));
  const home = join(folder, '.koubou');
  const seal = await layHome(home);
  mkdirSync(join(home, 'config'), { recursive: true });
  writeFileSync(join(home, 'config', 'agent.yaml'), config);
  return [folder, new FileQueue({ home, seal })];
};

/** One for each test of the suite that calls this. */
export const projectForEach = (config?: string): (() => AppProject) => {
  let project: AppProject;
  beforeEach(async () => {
    project = await AppProject.make(config);
  });
  afterEach(() => project.remove());
  return () => project;
};
