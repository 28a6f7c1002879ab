/**
 * Principle 2 for the folder that a task works in: it is found when the task is added, and no program is started where
 * another one came in its place. Beside each promise stands the same attack on what has no guard.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { codexPlaces } from '../../src/executor/codex/places.ts';
import { confinementOf } from '../../src/executor/confine.ts';
import { Project } from '../support/koubou/project.ts';
import { FakeRunner, Rig } from '../support/worker/rig.ts';

describe('the folder that a task works in', () => {
  let project: Project;
  let elsewhere: string;
  const at = (...names: string[]): string => join(project.folder, ...names);
  const swap = (): void => {
    renameSync(at('sub'), at('sub2'));
    symlinkSync(elsewhere, at('sub'));
  };

  beforeEach(async () => {
    project = await Project.make();
    elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-elsewhere-')));
    mkdirSync(at('sub'));
  });
  afterEach(async () => {
    await project.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  const added = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await project.run('delegate', '--type', 'command', ...args);
    assert.equal(code, 0, stderr);
    return stdout.split('\n')[0] ?? '';
  };
  const endOf = async (id: string): Promise<{ status: string; message: string }> => {
    await project.run('work', '--drain');
    const record = await project.queue.get(id);
    return { status: record?.status ?? '', message: record?.result?.error?.message ?? '' };
  };
  const MAKES = ['--', 'sh', '-c', 'echo words > made'];

  it('has nothing run in it where a link came in its place', async () => {
    const id = await added('--cwd', 'sub', ...MAKES);
    swap();
    const { status, message } = await endOf(id);
    assert.deepEqual(readdirSync(elsewhere), []);
    assert.equal(status, 'failed');
    assert.match(message, /sub is not the folder that the task was added for, .*has become a link/);
  });

  it('would be left for another one where nobody kept it with the task', async () => {
    const rig = await Rig.make();
    try {
      const cwd = at('sub');
      const runs: string[] = [];
      const runner = new FakeRunner((_, context) => {
        runs.push(context.cwd);
        return 'words';
      });
      await rig.add({ cwd });
      const kept = await rig.add({ cwd, places: { [cwd]: cwd } });
      swap();
      await rig.drain(runner);
      assert.deepEqual(runs, [elsewhere]);
      assert.equal((await rig.record(kept)).result?.error?.code, 'conflict');
    } finally {
      await rig.remove();
    }
  });

  it('has nothing run in it where a folder above became a link, or its own link leads elsewhere', async () => {
    mkdirSync(at('sub', 'deep'));
    mkdirSync(join(elsewhere, 'deep'));
    symlinkSync('sub2', at('link'));
    mkdirSync(at('sub2'));
    const [deep, linked] = [
      await added('--cwd', 'sub/deep', ...MAKES),
      await added('--cwd', 'link', ...MAKES),
    ];
    rmSync(at('sub2'), { recursive: true });
    swap();
    rmSync(at('link'));
    symlinkSync(elsewhere, at('link'));
    assert.match((await endOf(deep)).message, /sub has become a link/);
    assert.match((await endOf(linked)).message, /it led to .*sub2 before, and .*link leads to .* now/);
    assert.deepEqual(readdirSync(elsewhere), ['deep']);
    assert.deepEqual(readdirSync(join(elsewhere, 'deep')), []);
  });

  it('has no check run in it where the run put a link in its place', async () => {
    const swapping = `cd .. && mv sub sub2 && ln -s ${elsewhere} sub`;
    const id = await added('--cwd', 'sub', '--check', 'echo words > made', '--', 'sh', '-c', swapping);
    const { status, message } = await endOf(id);
    assert.deepEqual(readdirSync(elsewhere), []);
    assert.equal(status, 'failed');
    assert.match(message, /sub has become a link/);
  });

  it('is given to no sandbox where a link came in it, and not where that leads', async () => {
    swap();
    const cwd = at('sub');
    const refuses = (code: string) => (error: unknown) => {
      assert.ok(error instanceof KoubouError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, /has become a link/);
      return true;
    };
    const confinementIn = (folder: string): ReturnType<typeof confinementOf> =>
      confinementOf(
        { cwd: folder, statePath: at('state'), own: [], attached: [], staysLocal: true },
        { home: null, keys: [], environment: { PATH: '/usr/bin' }, network: 'none', writes: 'folder' },
      );
    assert.ok((await confinementIn(elsewhere)).writable.includes(elsewhere));
    await assert.rejects(confinementIn(cwd), refuses('not_allowed'));
    const box = { shown: '/s', codexHome: '/s/codex', copies: '/s/copies', temporary: '/t', programs: '/p' };
    const codexIn = (folder: string): ReturnType<typeof codexPlaces> =>
      codexPlaces({
        cwd: folder,
        home: project.home,
        hidden: [],
        sandbox: 'workspace-write',
        box,
        bin: 'codex',
        path: '/usr/bin',
      });
    assert.equal((await codexIn(elsewhere)).cwd, elsewhere);
    await assert.rejects(codexIn(cwd), refuses('conflict'));
  });

  it('may be named by a link of the user, and what is expected and written there is found', async () => {
    symlinkSync(elsewhere, at('link'));
    const id = await added(
      '--cwd',
      'link',
      '--output',
      'out.txt',
      '--expect',
      'out.txt',
      '--expect',
      'made',
      '--check',
      'test -e made',
      '--',
      'sh',
      '-c',
      'echo words > made; echo result',
    );
    assert.deepEqual(await endOf(id), { status: 'completed', message: '' });
    assert.deepEqual(readdirSync(elsewhere).sort(), ['made', 'out.txt']);
  });

  it('may be made anew before the run', async () => {
    const id = await added('--cwd', 'sub', ...MAKES);
    rmSync(at('sub'), { recursive: true });
    mkdirSync(at('sub'));
    assert.deepEqual(await endOf(id), { status: 'completed', message: '' });
    assert.ok(existsSync(at('sub', 'made')));
  });

  it('is refused at once where no folder can be', async () => {
    writeFileSync(at('file'), '');
    const { code, stderr } = await project.run(
      'delegate',
      '--type',
      'command',
      '--cwd',
      'file/sub',
      ...MAKES,
    );
    assert.equal(code, 2);
    assert.match(stderr, /No task can work in .*a part of its path is a file/);
  });
});
