/** Prepares what a command finds, and tries each fault on a copy of it, in namespaces of its own. Linux and root only. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { imageFolder, run } from '../../test/support/mounts.ts';
import type { CommandPoint } from './calls.ts';
import type { CommandScenario } from './scenarios.ts';
import { type Facts, Stage } from './stage.ts';

const POINT = fileURLToPath(import.meta.resolve('./point.ts'));
// As a container has it: the first process, to which those belong that outlive their parents, has a session of its own.
const SCRIPT = 'mount --bind "$1" "$2" && shift 2 && "$@"; exit $?';
const ISOLATED = [
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  'setsid',
  'sh',
  '-c',
  SCRIPT,
  'sh',
];

export interface Hurt {
  /** Whether another call got the fault, or none. */
  missed: boolean;
  /** Whether that was a call of Node's own, or none: an error there counts for nothing. */
  elsewhere: boolean;
  /** Where the call was this time. */
  nth: number | null;
  faults: string[];
}

/** What Node does for itself is not the same each time, nor is the number of the call then. */
const NEARBY = [1, -1, 2, -2];

export class Ground {
  readonly #folder: string;
  readonly #root: string;
  readonly #model: string;
  readonly #program: string;
  readonly #scenario: CommandScenario;
  #facts: Facts = { ids: [], id: '' };
  #copies = 0;

  private constructor(scenario: CommandScenario, program: string) {
    this.#scenario = scenario;
    this.#program = program;
    this.#folder = fs.mkdtempSync(join(imageFolder(), 'koubou-commands-'));
    this.#model = join(this.#folder, 'model');
    // Where it was prepared, each copy lies: git knows its worktrees by their paths.
    this.#root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'koubou-typed-')));
  }

  static async make(scenario: CommandScenario, program: string): Promise<Ground> {
    const ground = new Ground(scenario, program);
    const scratch = ground.#scratch('prepare');
    const root = ground.#root;
    try {
      ground.#facts = await scenario.prepare(new Stage(root, program, scratch));
      run('cp', '-a', root, ground.#model);
      for (const name of fs.readdirSync(root)) fs.rmSync(join(root, name), { recursive: true, force: true });
      return ground;
    } catch (error) {
      ground.remove();
      throw error;
    }
  }

  #scratch(name: string): string {
    const scratch = join(this.#folder, `scratch-${name}`);
    fs.mkdirSync(scratch);
    return scratch;
  }

  /** Where faults can be put, and the names that the command left without a flush of their folder. */
  async trace(): Promise<{ points: CommandPoint[]; unflushed: string[] }> {
    return (await this.#run()) as { points: CommandPoint[]; unflushed: string[] };
  }

  async hurt(point: CommandPoint): Promise<Hurt> {
    let hurt = (await this.#run(point)) as Hurt;
    const { faults } = hurt;
    for (const near of NEARBY) {
      if (!hurt.elsewhere) break;
      const nth = hurt.nth ?? Math.max(1, point.nth + near);
      hurt = (await this.#run({ ...point, nth })) as Hurt;
      faults.push(...hurt.faults);
    }
    return { ...hurt, faults };
  }

  async #run(point?: CommandPoint): Promise<unknown> {
    this.#copies += 1;
    const copy = join(this.#folder, `copy-${this.#copies}`);
    const scratch = this.#scratch(`${this.#copies}`);
    run('cp', '-a', this.#model, copy);
    try {
      const words = [this.#root, this.#program, scratch, this.#scenario.name, JSON.stringify(this.#facts)];
      const about = point === undefined ? [] : [JSON.stringify(point)];
      const child = spawn(
        'unshare',
        [...ISOLATED, copy, this.#root, process.execPath, POINT, ...words, ...about],
        { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' },
      );
      let said = '';
      let complained = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complained += chunk));
      await once(child, 'close');
      try {
        return JSON.parse(said);
      } catch {
        throw new Error(`${JSON.stringify(point)}: ${said}${complained}`);
      }
    } finally {
      fs.rmSync(copy, { recursive: true, force: true });
      fs.rmSync(scratch, { recursive: true, force: true });
    }
  }

  remove(): void {
    fs.rmSync(this.#folder, { recursive: true, force: true });
    fs.rmSync(this.#root, { recursive: true, force: true });
  }
}
