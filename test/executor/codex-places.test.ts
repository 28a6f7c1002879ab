import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { codexPlaces, makeBox } from '../../src/executor/codex/places.ts';
import type { CodexPlaces, ConfinedSandbox } from '../../src/executor/codex/profile.ts';
import { keyFolders } from '../../src/process/homes/key-folders.ts';

describe('the places of a run of Codex', () => {
  let root: string;
  let home: string;
  let path: string[];

  beforeEach(() => {
    path = ['/usr/bin'];
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-places-')));
    home = join(root, 'a', 'b', '.koubou');
    for (const name of ['config', 'tasks', 'worktrees/t/x/sub', 'worktrees/other']) {
      mkdirSync(join(home, name), { recursive: true });
    }
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const placesIn = async (
    cwd: string,
    sandbox: ConfinedSandbox = 'workspace-write',
    hidden: string[] = [],
    secrets: string[] = [],
  ): Promise<CodexPlaces> => {
    const box = { shown: '/s', codexHome: '/s/codex', copies: '/s/copies', temporary: '/t', programs: '/p' };
    return codexPlaces({ cwd, home, hidden, secrets, sandbox, box, bin: 'codex', path: path.join(':') });
  };

  it('hide the home and what exists of the keys, by their real names', async () => {
    mkdirSync(join(root, 'keys'));
    symlinkSync(join(root, 'keys'), join(root, 'link'));
    const { hidden, cwd } = await placesIn(join(root, 'a', 'b'), 'workspace-write', [
      join(root, 'link'),
      join(root, 'none'),
    ]);
    assert.equal(cwd, join(root, 'a', 'b'));
    assert.deepEqual(hidden, [home, join(root, 'keys')]);
  });

  it('hide homes that were moved, and are no folder of one', async () => {
    const keys = join(root, 'keys');
    const work = join(root, 'work');
    // Where each was, and where it is.
    const moves: [string, string][] = [
      ['far/.koubou', 'work/deep/kb'],
      ['project/.koubou', 'project-renamed/.koubou'],
    ];
    for (const [nth, [was, is]] of moves.entries()) {
      const id = `${nth}`.padStart(32, '0');
      mkdirSync(join(root, is, 'config'), { recursive: true });
      writeFileSync(join(root, is, 'home.json'), JSON.stringify({ version: 1, id, mac: 'm' }));
      mkdirSync(join(keys, 'homes'), { recursive: true });
      writeFileSync(join(keys, 'homes', id), JSON.stringify({ path: join(root, was) }));
    }
    const { hidden, between } = await placesIn(work, 'workspace-write', [keys]);
    const homes = moves.map(([, is]) => join(root, is));
    assert.deepEqual(hidden.slice(2).sort(), homes.toSorted());
    assert.deepEqual(between, [join(work, 'deep')]);
    const [, beside] = (await placesIn(work, 'read-only', [keys])).hidden.slice(1);
    assert.equal(beside, homes[1]);
    await assert.rejects(
      placesIn(join(work, 'deep', 'kb', 'config'), 'read-only', [keys]),
      /koubou's own folder/,
    );
  });

  it('keep the empty folder of a submodule as it is, with the folders on the way to it', async () => {
    const cwd = join(root, 'work');
    mkdirSync(join(cwd, 'lib', 'sub'), { recursive: true });
    const link = ['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib/sub`];
    for (const args of [['init', '-q'], link]) execFileSync('git', args, { cwd });
    const { kept, between } = await placesIn(cwd);
    assert.deepEqual([kept, between], [[join(cwd, 'lib', 'sub')], [join(cwd, 'lib')]]);
  });

  it('hide every home that the user has, but for one that the work lies in', async () => {
    const keys = join(root, 'keys');
    mkdirSync(join(keys, 'homes'), { recursive: true });
    const homes = ['a/b/c/.koubou', 'elsewhere/.koubou', 'a/b/d/.koubou'].map((name) => join(root, name));
    for (const [nth, path] of homes.entries()) {
      mkdirSync(join(path, 'worktrees', 'w'), { recursive: true });
      writeFileSync(join(keys, 'homes', `${nth}`), JSON.stringify({ path, dev: '1', ino: '1' }));
    }
    for (const [nth, text] of ['{"path":"/nowhere"}', '{"path":"relative"}', 'no JSON'].entries())
      writeFileSync(join(keys, 'homes', `odd-${nth}`), text);
    const { hidden, between } = await placesIn(join(root, 'a', 'b'), 'workspace-write', [keys]);
    assert.deepEqual([...hidden].sort(), [home, keys, ...homes].sort());
    assert.deepEqual([...between].sort(), [join(root, 'a', 'b', 'c'), join(root, 'a', 'b', 'd')]);
    const inside = await placesIn(join(homes[1] ?? '', 'worktrees', 'w'), 'workspace-write', [keys]);
    assert.ok(!inside.hidden.includes(homes[1] ?? ''));
  });

  it('hold the folders above what is hidden, and above the folder of the work in a worktree', async () => {
    assert.deepEqual((await placesIn(join(root, 'a', 'b'))).between, []);
    assert.deepEqual((await placesIn(root)).between, [join(root, 'a'), join(root, 'a', 'b')]);
    const top = join(home, 'worktrees', 't');
    const { worktree, between } = await placesIn(join(top, 'x', 'sub'));
    assert.equal(worktree, top);
    assert.deepEqual(between, [join(top, 'x')]);
    assert.deepEqual((await placesIn(root, 'read-only')).between, []);
  });

  it('hide the rest of the home piece by piece from who may only read a worktree', async () => {
    const { hidden } = await placesIn(join(home, 'worktrees', 't', 'x'), 'read-only');
    assert.deepEqual(hidden.map((path) => path.slice(home.length + 1)).sort(), [
      'config',
      'tasks',
      'worktrees/other',
    ]);
  });

  it('keep the programs that koubou starts by name, with the packages that they belong to', async () => {
    const modules = join(root, 'a', 'node_modules');
    const real = join(modules, '@openai', 'codex', 'bin', 'codex.js');
    for (const folder of [join(modules, '.bin'), dirname(real), join(root, 'tools')])
      mkdirSync(folder, { recursive: true });
    for (const program of [real, join(root, 'tools', 'git')])
      writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    symlinkSync(real, join(modules, '.bin', 'codex'));
    symlinkSync(join(root, 'tools', 'git'), join(modules, '.bin', 'git'));
    path = [join(modules, '.bin'), 'relative', '/usr/bin'];
    const { kept, between } = await placesIn(root);
    assert.deepEqual(kept, [join(modules, '.bin'), join(modules, '@openai'), join(root, 'tools', 'git')]);
    assert.deepEqual(
      [...between].sort(),
      [join(root, 'a'), join(root, 'a', 'b'), modules, join(root, 'tools')].sort(),
    );
    // Nobody makes a folder of the PATH that is not there yet.
    path = [join(root, 'a', 'b', 'node_modules', '.bin'), join(root, 'bin')];
    assert.deepEqual((await placesIn(root)).kept, [join(root, 'a', 'b', 'node_modules')]);
    path = [join(modules, '.bin'), '/usr/bin'];
    assert.deepEqual((await placesIn(join(root, 'tools'))).kept, [join(root, 'tools', 'git')]);
    assert.deepEqual((await placesIn(join(root, 'a', 'b'))).kept, []);
  });

  it('keep and hide what lies within each other by the outer one, and hide what is to be kept as well', async () => {
    const work = join(root, 'work');
    const made = (...names: string[]): string[] => names.map((name) => join(work, name));
    for (const folder of made('.claude/hooks/mod', 'x', '.gcloud/deep'))
      mkdirSync(folder, { recursive: true });
    writeFileSync(join(work, '.gcloud', 'deep', 'key.json'), '');
    writeFileSync(join(work, '.gitmodules'), '[submodule "mod"]\n\tpath = .claude/hooks/mod\n');
    symlinkSync(join(root, 'keys'), join(work, 'x', '.claude'));
    symlinkSync(join(home, 'config'), join(work, 'x', '.mcp.json'));
    mkdirSync(join(root, 'keys'));
    const secrets = made('.gcloud', '.gcloud/deep/key.json', '.claude');
    const { hidden, kept, between } = await placesIn(work, 'workspace-write', [join(root, 'keys')], secrets);
    assert.deepEqual(hidden, [home, join(root, 'keys'), ...made('.gcloud', '.claude')]);
    assert.deepEqual(kept, []);
    // Links that are watched lie there.
    assert.deepEqual(between, made('x'));
    const open = await placesIn(work);
    assert.deepEqual(open.kept, made('.claude'));
    assert.deepEqual(open.between, made('x'));
  });

  it('are refused in the home, and where a folder of a worktree was made to lead elsewhere', async () => {
    for (const cwd of [home, join(home, 'tasks')]) await assert.rejects(placesIn(cwd), { code: 'usage' });
    const sub = join(home, 'worktrees', 't', 'x', 'sub');
    rmSync(sub, { recursive: true });
    for (const elsewhere of [join(root, 'a'), join(home, 'worktrees', 'other')]) {
      symlinkSync(elsewhere, sub);
      await assert.rejects(placesIn(sub), { code: 'conflict' });
      rmSync(sub);
    }
  });

  it('are made for the user alone', async () => {
    const box = await makeBox(join(root, 'run'));
    for (const path of Object.values(box)) assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(root, 'run')).sort(), ['bin', 'shown', 'tmp']);
  });

  it('hide keys and logins, but for the ones that the program itself lies in, and are refused among them', async () => {
    const user = join(root, 'user');
    const under = (...names: string[]): string[] => names.map((name) => join(user, name));
    for (const folder of under('.ssh', '.opencode/bin', '.aws/work', 'project'))
      mkdirSync(folder, { recursive: true });
    writeFileSync(join(user, '.netrc'), '');
    writeFileSync(join(user, '.opencode/bin/codex'), '#!/bin/sh\n', { mode: 0o755 });
    // An agent may have said the PATH: a folder that it only names is hidden all the same.
    path = [join(user, '.ssh'), join(user, '.opencode/bin'), '/usr/bin'];
    const secrets = under('.ssh', '.netrc', '.opencode', '.aws', '.gone');
    const hidden = async (cwd: string): Promise<string[]> =>
      (await placesIn(cwd, 'workspace-write', [], secrets)).hidden.filter((each) => each !== home);
    assert.deepEqual(await hidden(join(user, 'project')), under('.ssh', '.netrc', '.aws'));
    for (const folder of under('.aws/work', '.ssh')) {
      await assert.rejects(hidden(folder), { code: 'not_allowed', message: /holds keys or logins/ });
    }
  });

  it('know where the key of the user lies where HOME names another folder', () => {
    const usual = process.env['HOME'];
    try {
      // Node's own os.homedir() says what HOME says.
      process.env['HOME'] = '/home/other';
      const folders = keyFolders({ HOME: '/home/other' });
      assert.ok(folders.includes(join(userInfo().homedir, '.local', 'state', 'koubou')));
    } finally {
      if (usual === undefined) delete process.env['HOME'];
      else process.env['HOME'] = usual;
    }
  });

  it('know where the keys of the user may lie', () => {
    const folders = keyFolders({ XDG_STATE_HOME: '/state', HOME: '/home/u' });
    assert.deepEqual(folders.slice(0, 2), ['/state/koubou', '/home/u/.local/state/koubou']);
    assert.ok(
      !keyFolders({ XDG_STATE_HOME: 'relative', HOME: '/home/u' }).some((path) =>
        path.startsWith('relative'),
      ),
    );
  });
});
