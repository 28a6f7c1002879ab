/** A repository whose task has completed in a worktree, put back as it was before each kill, and what is wrong after one. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { put, Repository } from '../../test/support/git/repository.ts';
import { koubou, startKoubou } from '../../test/support/koubou/koubou.ts';
import { sealOf } from '../../test/support/state.ts';

export type Command = 'apply' | 'discard';

const LINES = 'line\n'.repeat(50);

/** So that each call has the same number each time. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };

/** Every kind of change: written, made, gone, a file that becomes a folder and the reverse, a link, a bit. */
const act = (cwd: string): void => {
  put('shared.txt', `${LINES}last\n`)(cwd);
  put('large.bin', Buffer.alloc(3_000_000, 7))(cwd);
  fs.rmSync(join(cwd, 'gone'), { recursive: true });
  put('gone', 'a file now')(cwd);
  fs.rmSync(join(cwd, 'kind'));
  fs.mkdirSync(join(cwd, 'kind/deep'), { recursive: true });
  put('kind/deep/x', 'x')(cwd);
  fs.symlinkSync('kind/deep/x', join(cwd, 'link'));
  fs.chmodSync(join(cwd, 'mode.sh'), 0o755);
};

export class Ground {
  readonly repository: Repository;
  readonly id: string;
  /** Where an apply has what it is about to write. */
  readonly apart: string;
  readonly #model: string;
  readonly #before: string;
  #applied = '';
  /** The bin/run.js of another build. */
  program: string | undefined;

  private constructor(repository: Repository, id: string, model: string) {
    this.repository = repository;
    this.id = id;
    this.apart = sealOf(repository.rig.home.home).apart;
    this.#model = model;
    this.#before = this.files();
  }

  static async make(within: string): Promise<Ground> {
    const repository = await Repository.make(within);
    const { folder } = repository;
    fs.mkdirSync(join(folder, 'gone'));
    for (const name of ['gone/a', 'kind', 'mode.sh']) repository.write(name, `${name}\n`);
    repository.write('large.bin', Buffer.alloc(3_000_000, 1));
    repository.commit('more');
    repository.write('mine.txt', 'mine\n');
    repository.write('sub/a.txt', 'staged\n');
    repository.git('add', 'sub/a.txt');
    // Where it meets what the task did, so that nothing can be applied.
    const tree = 'read-tree HEAD && git update-index --add --cacheinfo';
    const blob = repository.gitWith('theirs\n', 'hash-object', '-w', '--stdin').trim();
    execFileSync(
      'sh',
      [
        '-c',
        `GIT_INDEX_FILE=.git/other sh -c 'git ${tree} 100644,${blob},link && git write-tree' >.git/tree && rm .git/other`,
      ],
      { cwd: folder },
    );
    const other = repository.git(
      'commit-tree',
      '-p',
      'HEAD',
      '-m',
      'meanwhile',
      repository.read('.git/tree').trim(),
    );
    repository.git('branch', 'meanwhile', other.trim());
    const id = await repository.done(act);
    const model = `${folder}.model`;
    fs.rmSync(join(folder, '.git/tree'));
    execFileSync('cp', ['-a', folder, model]);
    const ground = new Ground(repository, id, model);
    const { code, stderr } = await ground.run('apply');
    if (code !== 0) throw new Error(`apply by itself: ${stderr}`);
    ground.#applied = ground.files();
    return ground;
  }

  async remove(): Promise<void> {
    fs.rmSync(this.#model, { recursive: true, force: true });
    await this.repository.remove();
  }

  /** The folder that the run worked in. */
  get worktree(): string {
    const { path } = JSON.parse(read(join(this.#model, 'home', 'worktrees', `${this.id}.json`))) as {
      path: string;
    };
    return path;
  }

  get home(): string {
    return this.repository.rig.home.home;
  }

  /** As it was before the first command. */
  reset(): void {
    const { folder } = this.repository;
    for (const name of fs.readdirSync(folder)) fs.rmSync(join(folder, name), { recursive: true });
    fs.rmSync(this.apart, { recursive: true, force: true });
    execFileSync('cp', ['-a', `${this.#model}/.`, folder]);
  }

  run(command: Command): ReturnType<typeof koubou> {
    const { home, program } = this;
    return koubou([command, this.id], { home, program, cwd: dirname(home) });
  }

  start(command: Command, under: readonly string[]): ReturnType<typeof startKoubou> {
    const { home, program } = this;
    const cwd = dirname(home);
    return startKoubou([command, this.id], { home, program, cwd, under, environment: ONE_THREAD });
  }

  /** What the user's files are, as text; what is koubou's and git's is left out. */
  files(): string {
    const { folder } = this.repository;
    return fs
      .readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/^(home|\.git)(\/|$)/.test(name))
      .sort()
      .map((name) => `${name} ${stateOf(join(folder, name))}`)
      .join('\n');
  }

  /** What is wrong after a kill and what comes after it; null: nothing. */
  async judge(command: Command, then: 'repeated' | 'conflicting'): Promise<string | null> {
    const wrong = this.#gitWorks();
    if (wrong !== null) return `after the kill: ${wrong}`;
    const judged = command === 'discard' ? await this.#discarded() : await this.#appliedAgain(then);
    return judged ?? this.#gitWorks() ?? this.#left();
  }

  async #appliedAgain(then: 'repeated' | 'conflicting'): Promise<string | null> {
    const { repository } = this;
    const index = fs.readFileSync(join(repository.folder, '.git/index'));
    // Only what was through before the kill may stay.
    const isThrough = this.files() === this.#applied && !this.#hasJournal();
    if (then === 'conflicting') repository.git('symbolic-ref', 'HEAD', 'refs/heads/meanwhile');
    const { code, stdout, stderr } = await this.run('apply');
    const want = then === 'repeated' || isThrough ? this.#applied : this.#before;
    const expected = then === 'repeated' ? 0 : 1;
    if (code !== expected) return `apply again ended with ${code}: ${stdout}${stderr}`;
    const files = this.files();
    if (files !== want) return `the files are not as they should be:\n${differing(want, files)}`;
    if (!fs.readFileSync(join(repository.folder, '.git/index')).equals(index)) return 'the index was written';
    return null;
  }

  #hasJournal(): boolean {
    return fs.existsSync(join(this.apart, `${this.id}.journal`, 'journal.json'));
  }

  async #discarded(): Promise<string | null> {
    const { repository, id, home } = this;
    const { code, stderr } = await this.run('discard');
    const isForgotten = code === 2 && stderr.includes('has no worktree');
    if (code !== 0 && !isForgotten) return `discard again ended with ${code}: ${stderr}`;
    if (repository.branches() !== '') return 'the branch is there';
    if (this.files() !== this.#before)
      return `files of the user changed:\n${differing(this.#before, this.files())}`;
    const kept = fs.readdirSync(join(home, 'worktrees')).filter((name) => name.startsWith(id));
    return kept.length === 0 ? null : `worktrees/ still has ${kept.join(', ')}`;
  }

  /** The user's own git, and that nothing is half there. */
  #gitWorks(): string | null {
    const { folder } = this.repository;
    for (const args of [
      ['status'],
      ['worktree', 'list'],
      ['log', '--all'],
      ['fsck', '--no-dangling'],
      ['branch', 'probe'],
      ['branch', '-D', 'probe'],
    ]) {
      const { status, stderr } = spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
      if (status === 0) continue;
      const lock = /'([^']+\.lock)'/.exec(stderr)?.[1];
      // One of koubou's names its holder, and the next koubou takes it away.
      if (lock !== undefined && /^koubou \d+ /.test(read(lock))) continue;
      return `git ${args.join(' ')}: ${stderr}`;
    }
    for (const name of locksIn(join(folder, '.git'))) {
      if (!/^koubou \d+ /.test(read(name)) && !/\.lock\.\d+/.test(name)) return `git's lock ${name} was left`;
    }
    return null;
  }

  #left(): string | null {
    const { folder } = this.repository;
    const left = [
      ...locksIn(join(folder, '.git')),
      ...fs.readdirSync(join(folder, '.git')).filter((name) => /^koubou-|\.koubou$/.test(name)),
      ...fs.readdirSync(folder).filter((name) => name.startsWith('.koubou-')),
      ...(fs.existsSync(this.apart) ? fs.readdirSync(this.apart) : []).filter((name) =>
        name.endsWith('.journal'),
      ),
    ];
    return left.length === 0 ? null : `left behind: ${left.join(', ')}`;
  }
}

const locksIn = (folder: string): string[] =>
  fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => basename(name).includes('.lock'))
    .map((name) => join(folder, name));

const read = (path: string): string => {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const stateOf = (path: string): string => {
  const facts = fs.lstatSync(path);
  if (facts.isSymbolicLink()) return `-> ${fs.readlinkSync(path)}`;
  if (facts.isDirectory()) return '/';
  return `${facts.mode & 0o111} ${facts.size} ${JSON.stringify(fs.readFileSync(path).subarray(0, 40).toString('latin1'))}`;
};

const differing = (want: string, is: string): string => {
  const [wanted, found] = [want.split('\n'), is.split('\n')];
  return [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
};
