/**
 * A project with a repository and a home, the state folder and the home folder of its user, all below one root, and the
 * built command line in it. Imports nothing that takes long: a process is started for each fault.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';

export interface CommandEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

export interface Facts {
  /** Tasks that somebody was told of. */
  ids: string[];
  /** The one that the command is about. */
  id: string;
}

const LONGEST_MS = 40_000;
let commands = 0;

export class Stage {
  readonly root: string;
  readonly project: string;
  readonly home: string;
  readonly #program: string;
  /** Outside of the root. */
  readonly #scratch: string;
  readonly #longestMs: number;

  /** `longestMs`: a command that takes longer is killed. */
  constructor(root: string, program: string, scratch: string, longestMs = LONGEST_MS) {
    this.root = root;
    this.project = join(root, 'project');
    this.home = join(this.project, '.koubou');
    this.#program = program;
    this.#scratch = scratch;
    this.#longestMs = longestMs;
  }

  start(
    args: readonly string[],
    under: readonly string[] = [],
  ): { child: ChildProcess; end: Promise<CommandEnd> } {
    commands += 1;
    const files = ['stdout', 'stderr'].map((name) => join(this.#scratch, `${name}-${commands}`));
    const [stdout, stderr] = files.map((path) => fs.openSync(path, 'w'));
    const command = [...under, process.execPath, this.#program, ...args];
    const begun = performance.now();
    const child = spawn(command[0] ?? '', command.slice(1), {
      cwd: this.project,
      stdio: ['ignore', stdout, stderr],
      env: {
        PATH: `${join(this.root, 'bin')}:${process.env['PATH']}`,
        HOME: join(this.root, 'user'),
        XDG_STATE_HOME: join(this.root, 'state'),
        UV_USE_IO_URING: '0',
        UV_THREADPOOL_SIZE: '1',
      },
    });
    for (const file of [stdout, stderr]) if (file !== undefined) fs.closeSync(file);
    const clock = setTimeout(() => child.kill('SIGKILL'), this.#longestMs);
    const end = once(child, 'exit').then(([code, signal]) => {
      clearTimeout(clock);
      const [out = '', err = ''] = files.map((path) => fs.readFileSync(path, 'utf8'));
      const seconds = (performance.now() - begun) / 1000;
      return { code, signal, stdout: out, stderr: err, seconds } as CommandEnd;
    });
    return { child, end };
  }

  koubou(...args: string[]): Promise<CommandEnd> {
    return this.start(args).end;
  }

  /** For what has to go well. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.koubou(...args);
    if (code !== 0) throw new Error(`koubou ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  async add(...args: string[]): Promise<string> {
    const [id] = /^task_\w+$/m.exec(await this.must('delegate', ...args)) ?? [];
    if (id === undefined) throw new Error('delegate says no id');
    return id;
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: this.project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  read(...path: string[]): string | undefined {
    try {
      return fs.readFileSync(join(this.project, ...path), 'utf8');
    } catch {
      return undefined;
    }
  }

  write(name: string, text: string): void {
    fs.mkdirSync(join(this.project, name, '..'), { recursive: true });
    fs.writeFileSync(join(this.project, name), text);
  }

  /** As `koubou list` has it. */
  async state(id: string): Promise<string | undefined> {
    const { stdout } = await this.koubou('list', '--json');
    const listed = JSON.parse(stdout) as { tasks?: Listed[] } | Listed[];
    const tasks = Array.isArray(listed) ? listed : (listed.tasks ?? []);
    return tasks.find(({ task_id }) => task_id === id)?.status;
  }
}

interface Listed {
  task_id: string;
  status: string;
}
