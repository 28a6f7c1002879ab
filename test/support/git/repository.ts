/** A git repository with a home in it, as most people have it, and a worker whose agent does what a test says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ApplyDocument, DiscardDocument } from '../../../src/actions/documents/work.ts';
import { applyTask, discardTask, readPatch } from '../../../src/actions/tasks/worktrees.ts';
import { worded } from '../../../src/say/say.ts';
import type { NewTask, TaskRecord } from '../../../src/task/record.ts';
import type { WorkerSettings } from '../../../src/worker/settings.ts';
import { listWorktrees } from '../../../src/worktree/record.ts';
import { asOwner } from '../as-caller.ts';
import { sealOf } from '../state.ts';
import { FakeRunner, Rig } from '../worker/rig.ts';

export const environment = { PATH: process.env['PATH'] ?? '' };

/** Writes a file, in the way that an agent's act wants it. */
export const put =
  (name: string, content: string | Uint8Array) =>
  (cwd: string): void =>
    writeFileSync(join(cwd, name), content);

export const shell = (cwd: string, script: string): string =>
  execFileSync('sh', ['-c', script], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const gitIn = (cwd: string, args: readonly string[]): string =>
  // A commit asks by another two programs whether there is something to tidy up, which there never is.
  execFileSync(
    'git',
    ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'maintenance.auto=false', ...args],
    {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );

let first: string | undefined;

/** A repository with one commit, made by git once in each process; the others are copies of it. */
const firstRepository = (): string => {
  if (first !== undefined) return first;
  const folder = mkdtempSync(join(tmpdir(), 'koubou-first-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  gitIn(folder, ['init', '-q', '-b', 'main']);
  put('.gitignore', '/home/\nnode_modules/\n*.log\n')(folder);
  put('shared.txt', 'line\n'.repeat(50))(folder);
  mkdirSync(join(folder, 'sub'));
  put('sub/a.txt', 'a\n')(folder);
  gitIn(folder, ['add', '-A']);
  gitIn(folder, ['commit', '-qm', 'first']);
  first = folder;
  return folder;
};

export class Repository {
  readonly rig: Rig;
  readonly folder: string;
  readonly runner = new FakeRunner();

  private constructor(rig: Rig) {
    this.rig = rig;
    this.folder = realpathSync(dirname(rig.home.home));
    this.runner.changesFiles = true;
  }

  /** `within`: the folder that it is made in. */
  static async make(within?: string): Promise<Repository> {
    const repository = new Repository(await Rig.make(within));
    cpSync(firstRepository(), repository.folder, { recursive: true });
    // The index knows the files by their inodes and times, which are others.
    repository.git('update-index', '-q', '--refresh');
    return repository;
  }

  remove(): Promise<void> {
    return this.rig.remove();
  }

  git(...args: string[]): string {
    return gitIn(this.folder, args);
  }

  /** With that on its standard input. */
  gitWith(input: string, ...args: string[]): string {
    return execFileSync('git', args, { cwd: this.folder, encoding: 'utf8', input });
  }

  status(): string {
    return this.git('status', '--porcelain');
  }

  write(name: string, content: string | Uint8Array): void {
    put(name, content)(this.folder);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  commit(message: string): void {
    this.git('add', '-A');
    this.git('commit', '-qm', message);
  }

  add(over: Partial<NewTask> = {}): Promise<string> {
    const options = { retries: 0, worktree: true, ...over.options };
    return this.rig.add({ type: 'code', prompt: 'Do it.\nWell.', cwd: this.folder, ...over, options });
  }

  /** Adds a task, has it done, and gives its record. */
  async ran(
    act: (cwd: string) => void,
    over: Partial<NewTask> = {},
    settings: Partial<WorkerSettings> = {},
  ): Promise<TaskRecord> {
    this.runner.act = (_, { cwd }) => {
      act(cwd);
      return 'Done.';
    };
    const id = await this.add(over);
    await this.rig.drain(this.runner, settings);
    return this.rig.record(id);
  }

  /** Its id, once it has completed. */
  async done(...of: Parameters<Repository['ran']>): Promise<string> {
    const { task_id, status, result } = await this.ran(...of);
    assert.equal(status, 'completed', result?.error?.message);
    return task_id;
  }

  #app(variables: Readonly<Record<string, string>> = environment) {
    const { queue, home } = this.rig;
    return {
      ...asOwner,
      queue,
      home: home.home,
      seal: sealOf(home.home),
      project: () => assert.fail('a person is kept to no project'),
      programEnvironment: async () => variables,
    };
  }

  async apply(id: string, variables?: Readonly<Record<string, string>>): Promise<ApplyDocument> {
    return worded(await applyTask(this.#app(variables), id));
  }

  /** Whoever moved it since it was checked. */
  async applyBranch(id: string): Promise<ApplyDocument> {
    return worded(await applyTask(this.#app(), id, 'branch'));
  }

  discard(id: string): Promise<DiscardDocument> {
    return discardTask(this.#app(), id);
  }

  async patchOf(id: string): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await readPatch(this.#app(), id)).chunks()) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  async logOf(id: string): Promise<string> {
    return readFileSync((await this.rig.queue.artifacts.find(id, 1, 'log'))?.path ?? '', 'utf8');
  }

  /** The text of a file of the home, as koubou would write it with other members. */
  resealed(path: string, over: object): string {
    const { mac: _, ...members } = JSON.parse(readFileSync(path, 'utf8')) as { mac: string };
    return sealOf(this.rig.home.home).seal(JSON.stringify({ ...members, ...over }));
  }

  /** Of the last run that has one. */
  worktree(id: string): string {
    const folder = join(this.folder, 'home', 'worktrees');
    const runs = readdirSync(folder).flatMap((name) =>
      name.startsWith(`${id}.r`) ? [Number(name.slice(id.length + 2))] : [],
    );
    return join(folder, `${id}.r${Math.max(1, ...runs.filter(Number.isInteger))}`);
  }

  /** Ids of those that `koubou status` lists. */
  async listed(): Promise<string[]> {
    return (await listWorktrees(this.rig.home.home)).map(({ task_id }) => task_id);
  }

  /** Work trees that git knows of, the user's own included. */
  known(): number {
    return this.git('worktree', 'list').trim().split('\n').length;
  }

  branches(): string {
    return this.git('branch', '--list', 'koubou/*');
  }
}
