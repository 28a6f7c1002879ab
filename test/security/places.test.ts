/**
 * What a sandbox is given, and what it hides: whatever an agent says by a PATH, by links that it turns round meanwhile and
 * by names of its own making. Beside each promise stands the same attack on what has no guard.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bubblewrapExecutor } from '../../src/executor/bubblewrap.ts';
import { type ConfineOptions, confinementOf } from '../../src/executor/confine.ts';
import type { Confinement } from '../../src/executor/executor.ts';
import { bubblewrap, pathWith } from '../helpers/bubblewrap.ts';

describe('the places of a sandbox', function () {
  this.timeout(30_000);
  let root: string;
  let user: string;
  let cwd: string;
  let path: string;
  let runs = 0;

  before(function () {
    if (bubblewrap() === null && this.test?.parent) {
      this.test.parent.title += ': skipped, no bubblewrap works here (test/security/install)';
      this.skip();
    }
  });

  const write = (file: string, text = 'secret\n'): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-places-')));
    user = join(root, 'user');
    cwd = join(user, 'project');
    mkdirSync(join(cwd, '.koubou', 'results', 'run-1.state'), { recursive: true });
    execFileSync('git', ['init', '--quiet', cwd]);
    path = pathWith(join(root, 'bin'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const environment = (): Record<string, string> => ({ PATH: path, HOME: user });
  const state = (): string => join(user, '.local', 'state', 'koubou');

  const confinement = (over: Partial<ConfineOptions> = {}, folder = cwd): Promise<Confinement> =>
    confinementOf(
      {
        cwd: folder,
        statePath: join(cwd, '.koubou', 'results', 'run-1.state'),
        readable: [],
        staysLocal: true,
      },
      {
        home: join(cwd, '.koubou'),
        keys: [state()],
        environment: environment(),
        network: 'none',
        writes: 'folder',
        ...over,
      },
    );

  /** What the script printed in there, on both its outputs. */
  const said = async (places: Confinement, script: string, folder = cwd): Promise<string> => {
    runs += 1;
    const out = join(root, `out-${runs}`);
    const program = await bubblewrapExecutor(bubblewrap() ?? '', places).start({
      command: 'sh',
      args: ['-c', script],
      cwd: folder,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: out,
      stderrPath: out,
      marker: null,
    });
    await program.ended;
    return readFileSync(out, 'utf8');
  };

  it('open nothing that is hidden because the PATH names it, or what it lies in', async () => {
    const keys = [join(user, '.ssh', 'id'), join(state(), 'key'), join(cwd, '.koubou', 'config', '.env')];
    for (const key of keys) write(key);
    const look = `cat ${keys.join(' ')}`;
    const named = [...keys.map((key) => dirname(key)), user, join(user, '.local', 'state')];
    path = `${path}:${named.join(':')}`;
    const places = await confinement();
    assert.doesNotMatch(await said(places, look), /^secret$/m);
    const opened = { ...places, readable: [...places.readable, ...keys.map((key) => dirname(key))] };
    assert.match(await said(opened, look), /^secret\nsecret\nsecret$/m);
  });

  it('show programs of the PATH also where they lie beside what is hidden, or in /tmp', async () => {
    const folders = [join(root, 'tools'), join(user, '.npm', '_npx', 'a'), join(user, '.opencode', 'bin')];
    for (const [nth, folder] of folders.entries()) {
      write(join(folder, `tool-${nth}`), '#!/bin/sh\necho "$0"\n');
      execFileSync('chmod', ['+x', join(folder, `tool-${nth}`)]);
    }
    write(join(user, '.opencode', 'auth'));
    path = `${path}:${folders.join(':')}`;
    const tools = folders.map((folder, nth) => `${folder}/tool-${nth}\n`).join('');
    const all = await said(await confinement(), `tool-0; tool-1; tool-2; cat ${user}/.opencode/auth`);
    assert.ok(all.startsWith(tools), all);
    assert.doesNotMatch(all, /^secret$/m);
  });
});
