import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findHome, templatesFolder } from '../../src/config/paths.ts';
import { KoubouError } from '../../src/errors.ts';
import { temporaryFolder } from './temporary-home.ts';

describe('the home', () => {
  const root = temporaryFolder();
  const folder = (...parts: string[]) => {
    const path = join(root(), ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const find = (cwd: string, environment: Record<string, string> = {}, flag?: string) =>
    findHome({ flag, cwd, environment: { HOME: join(root(), 'user'), ...environment } });
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd, stdio: 'pipe' });
  const repository = (...parts: string[]) => {
    const path = folder(...parts);
    git(path, 'init', '-q');
    git(path, 'commit', '-q', '--allow-empty', '-m', 'first');
    return path;
  };

  it('is the one that --home names, before $KOUBOU_HOME, before what lies near', () => {
    const cwd = folder('project');
    const near = folder('project', '.koubou');
    folder('named');
    folder('variable');
    const environment = { KOUBOU_HOME: join(root(), 'variable') };
    assert.equal(find(cwd, environment, '../named'), join(root(), 'named'));
    assert.equal(find(cwd, environment), join(root(), 'variable'));
    assert.equal(find(cwd, { KOUBOU_HOME: '' }), near);
  });

  it('is the nearest at or above the working directory', () => {
    folder('.koubou');
    const nearer = folder('a', '.koubou');
    assert.equal(find(folder('a', 'b', 'c')), nearer);
    assert.equal(find(folder('x')), join(root(), '.koubou'));
    assert.equal(find(folder('a', '.koubou', 'tasks')), nearer);
  });

  it('is not a file of that name', () => {
    const outer = folder('.koubou');
    writeFileSync(join(folder('a'), '.koubou'), '');
    assert.equal(find(folder('a')), outer);
  });

  it('is that of the main checkout in a git worktree', () => {
    const main = repository('main');
    git(main, 'worktree', 'add', '-q', join(root(), 'tree'));
    const home = folder('main', '.koubou');
    assert.equal(find(folder('tree', 'src', 'deep')), home);
    const inner = folder('main', 'src', '.koubou');
    assert.equal(find(folder('tree', 'src', 'deep')), inner);
  });

  it('is that of the worktree itself where somebody made one there', () => {
    git(repository('main'), 'worktree', 'add', '-q', join(root(), 'tree'));
    folder('main', '.koubou');
    const own = folder('tree', '.koubou');
    assert.equal(find(folder('tree', 'src')), own);
  });

  it('is the outer one in a worktree that lies in the home', () => {
    const main = repository('main');
    const home = folder('main', '.koubou');
    git(main, 'worktree', 'add', '-q', join(home, 'worktrees', 'w'));
    assert.equal(find(join(home, 'worktrees', 'w')), home);
  });

  it('is found above a submodule, and past git files that say nothing', () => {
    const home = folder('.koubou');
    writeFileSync(join(folder('sub'), '.git'), 'gitdir: ../.git/modules/sub\n');
    assert.equal(find(folder('sub')), home);
    writeFileSync(join(folder('odd'), '.git'), '');
    assert.equal(find(folder('odd')), home);
  });

  it('is not searched for without end through git files that name each other', () => {
    for (const [name, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      folder(name, 'git');
      writeFileSync(join(root(), name, '.git'), `gitdir: ${join(root(), name, 'git')}\n`);
      writeFileSync(join(root(), name, 'git', 'commondir'), join(root(), other, '.git'));
    }
    const home = folder('.koubou');
    assert.equal(find(join(root(), 'a')), home);
  });

  it('is ~/.koubou where none is near', () => {
    const user = folder('user', '.koubou');
    assert.equal(find(folder('x')), user);
  });

  it('is missed with exit code 3 and what to do', () => {
    const cwd = folder('x');
    const missed = (error: unknown) =>
      error instanceof KoubouError &&
      error.code === 'no_home' &&
      error.exitCode === 3 &&
      error.hint.includes('koubou init');
    assert.throws(() => find(cwd), missed);
    assert.throws(() => find(cwd, {}, 'nowhere'), missed);
    assert.throws(() => find(cwd, { KOUBOU_HOME: '/nowhere/at/all' }), missed);
  });
});

describe('the templates', () => {
  it('are found', () => {
    for (const name of ['agent.yaml', 'env', 'claude.md'])
      assert.ok(existsSync(join(templatesFolder(), name)), name);
  });
});
