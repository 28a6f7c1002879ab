/**
 * What a program leaves that worked in the user's own repository: nothing that the user's next git runs or follows, and
 * nothing of the user's own is lost. Beside each promise stands the same attack by a program that no sandbox holds.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bubblewrapExecutor } from '../../src/executor/bubblewrap/bubblewrap.ts';
import { confinementOf } from '../../src/executor/confine.ts';
import type { Executor } from '../../src/executor/executor.ts';
import { localExecutor } from '../../src/executor/local.ts';
import { nestedRepositories } from '../../src/executor/repositories/nested-repositories.ts';
import type { ProgramEnd } from '../../src/process/programs/start-program.ts';
import { bubblewrap, needBubblewrap, pathWith } from '../support/koubou/bubblewrap.ts';

describe('what a program left that worked in a plain repository', function () {
  this.timeout(60_000);
  let root: string;
  let cwd: string;
  let mark: string;
  let path: string;
  let runs = 0;

  needBubblewrap();

  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  };

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-left-')));
    cwd = join(root, 'user', 'project');
    mark = join(root, 'mark');
    path = pathWith(join(root, 'bin'));
    mkdirSync(cwd, { recursive: true });
    git('init', '-q', '-b', 'main');
    write('evil', `#!/bin/sh\n: > ${mark}\n`);
    chmodSync(join(cwd, 'evil'), 0o755);
    write('a.txt', 'one\n');
    write('sub/file', 'x\n');
    commit('one');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const environment = (): Record<string, string> => ({
    PATH: path,
    HOME: join(root, 'user'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b.c',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b.c',
  });

  /** Of the user, outside; what it says, also where it fails. */
  const shell = (script: string): string =>
    execFileSync('sh', ['-c', `{ ${script}\n} 2>&1; true`], { cwd, encoding: 'utf8', env: environment() });
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', env: environment() });
  const commit = (message: string): void => {
    git('add', '-A');
    git('commit', '-q', '-m', message);
  };

  const confined = async (): Promise<Executor> =>
    bubblewrapExecutor(
      bubblewrap() ?? '',
      await confinementOf(
        { cwd, statePath: root, own: [], attached: [], staysLocal: true },
        { home: null, keys: [], environment: environment(), network: 'none', writes: 'folder' },
      ),
    );

  const ran = async (executor: Executor, script: string): Promise<ProgramEnd & { said: string }> => {
    runs += 1;
    const out = join(root, `out-${runs}`);
    const program = await executor.start({
      command: 'sh',
      args: ['-c', script],
      cwd,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: out,
      stderrPath: out,
      lease: null,
    });
    return { ...(await program.ended), said: readFileSync(out, 'utf8') };
  };

  it('a folder among packages, or whose name is no text, is made no repository', async () => {
    const odd = "$(printf 'd\\377')";
    shell(`mkdir -p node_modules/m ${odd}; echo x > node_modules/m/x; echo x > ${odd}/x`);
    for (const folder of ['node_modules/m', odd]) {
      const plant = `cd ${folder}; cp -r "$OLDPWD/.git/." . ; rm -f commondir; git config -f config core.worktree .; git config -f config core.fsmonitor "$OLDPWD/evil"; true`;
      const { broken } = await ran(await confined(), plant);
      assert.equal(broken?.code, 'repository_lost', folder);
      shell(`cd ${folder}; git status`);
      assert.ok(!existsSync(mark), folder);
    }
  });

  it('is no repository in a folder that was there, by which git there takes its settings', async () => {
    const plant = `cd sub; cp -r ../.git/. .; rm -f commondir; git config -f config core.worktree .; git config -f config core.bare false; git config -f config core.fsmonitor "$PWD/../evil"; true`;
    const { broken } = await ran(await confined(), plant);
    assert.equal(broken?.code, 'repository_lost');
    shell('cd sub; git status');
    assert.ok(!existsSync(mark));
    shell('git clean -qfdx sub');
    await ran(localExecutor, plant);
    shell('cd sub; git status');
    assert.ok(existsSync(mark), 'the test would not notice it');
    // One in a folder of its own is as the program was asked to make it.
    shell('git clean -qfdx sub');
    assert.equal((await ran(await confined(), 'git clone -q --bare . fixtures.git')).broken, undefined);
  });

  describe('in repositories below', () => {
    const evil = (name: string): string => `printf '[core]\\n\\tfsmonitor = x\\n' >> ${name}/.git/config`;

    it('is nothing in their settings, however many others lie there, and in packages neither', async () => {
      for (const name of ['libs/mine', 'node_modules/dep']) shell(`mkdir -p ${name}; git init -q ${name}`);
      await ran(await confined(), 'for i in $(seq 60); do mkdir -p a$i/.git; done');
      for (const name of ['libs/mine', 'node_modules/dep']) {
        const { said } = await ran(await confined(), evil(name));
        assert.match(said, /Read-only/, name);
        await ran(localExecutor, evil(name));
        assert.match(readFileSync(join(cwd, name, '.git/config'), 'utf8'), /fsmonitor/);
      }
    });

    it('is nothing at all where there are more than can be guarded: no program is started', async () => {
      shell('for i in $(seq 301); do mkdir -p b$i/.git; done');
      await assert.rejects(confined(), { code: 'not_allowed', message: /more than 300 repositories/ });
      assert.equal((await nestedRepositories(join(cwd, 'b1'), '')).guarded.length, 0);
    });

    it('is nothing below a name that is no UTF-8: the folder around it is read-only, or no program is started', async () => {
      const odd = "$(printf 'caf\\351')";
      shell(`mkdir -p libs/${odd}/empty libs/plain`);
      assert.doesNotMatch((await ran(await confined(), 'echo x >libs/plain/x')).said, /Read-only/);
      shell(`git init -q libs/${odd}/mine`);
      const { said } = await ran(await confined(), `cd libs/${odd}; ${evil('mine')}`);
      assert.match(said, /Read-only/);
      shell(`mv libs/${odd} .`);
      await assert.rejects(confined(), { code: 'not_allowed', message: /whose name is no UTF-8/ });
    });

    it('is nothing in a folder that koubou cannot look through', async function () {
      if (process.getuid?.() === 0) this.skip();
      shell('mkdir -p shut; git init -q shut/in; chmod 0 shut');
      const { said } = await ran(await confined(), `chmod 755 shut; ${evil('shut/in')}`);
      assert.match(said, /Read-only/);
      shell('chmod 755 shut');
    });
  });
});
