/**
 * What an agent CLI follows in the folder of its run (settings, plugins, servers that it starts) lies where no program in a
 * sandbox can write while it runs. The planted fault is where it is kept after that: who may write in the home finds it.
 */

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { moveOwn } from '../../src/names/own-file.ts';
import { apartPath } from '../../src/process/homes/apart.ts';
import { type ProcessIdentity, selfIdentity } from '../../src/process/liveness.ts';
import { makerName } from '../../src/process/maker.ts';
import { Layout } from '../../src/queue/files/layout/names.ts';
import { scratchOf } from '../../src/queue/files/tasks/artifact-files.ts';
import { dayOf } from '../../src/task/id.ts';
import { isWithin } from '../../src/text/is-within.ts';
import { RunState } from '../../src/worker/workspace/run-state.ts';
import { sealOf } from '../support/state.ts';
import { FakeRunner, Rig } from '../support/worker/rig.ts';

describe('the folder of a run', () => {
  let rig: Rig;
  let home: string;
  let apart: string;
  const runner = new FakeRunner();
  runner.changesFiles = true;

  beforeEach(async () => {
    rig = await Rig.make();
    ({ home } = rig.home);
    ({ apart } = sealOf(home));
  });
  afterEach(() => rig.remove());

  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const keptOf = (id: string): string => join(home, 'results', dayOf(id), id);

  it('is beside the key while it goes on, and then with the task', async () => {
    let path = '';
    runner.act = (_, { statePath }) => {
      path = statePath;
      put(join(statePath, 'sessions', 'one'), 'said');
      return 'Done.';
    };
    const id = await rig.add();
    await rig.drain(runner);
    assert.equal((await rig.record(id)).status, 'completed');
    assert.ok(isWithin(path, apart) && !isWithin(path, home), path);
    assert.ok(isWithin(join(keptOf(id), 'run-1.state'), home), 'the planted fault');
    assert.equal(readFileSync(join(keptOf(id), 'run-1.state', 'sessions', 'one'), 'utf8'), 'said');
    assert.deepEqual(readdirSync(apart), []);
  });

  it('is taken away with what a killed worker left, also in the project, and not that of one that lives', async () => {
    const stray = join(dirname(home), 'work', '.codex');
    mkdirSync(stray, { recursive: true });
    const left = (task: string, of: Partial<ProcessIdentity>): string => {
      const folder = join(apart, `${task}.${makerName({ ...selfIdentity(), ...of }, '0')}.runs`);
      put(join(folder, 'run-0.state', 'config.toml'), 'token');
      put(join(folder, 'run-0.state.strays.json'), JSON.stringify([stray]));
      return folder;
    };
    const dead = left('task_20260101_000000_000000_dead', { startTime: '1' });
    const alive = left('task_20260101_000000_000000_live', {});
    // Of another machine with the same folders of the user, or of this one before it was started anew.
    const [far, old] = ['far', 'old'].map((name) =>
      left(`task_20260101_000000_000000_${name}0`, { bootId: 'ab12cd34' }),
    ) as [string, string];
    const scratch = ['far', 'old'].map((name) => {
      const maker = makerName({ ...selfIdentity(), bootId: 'ab12cd34' }, '0');
      const folder = join(apart, `${name}.${maker}.tmp`);
      mkdirSync(folder);
      return folder;
    }) as [string, string];
    for (const folder of [old, scratch[1]]) utimesSync(folder, 1, 1);
    runner.act = () => 'Done.';
    const id = await rig.add();
    const own = left(id, { startTime: '1' });
    await rig.drain(runner);
    assert.equal(readFileSync(join(keptOf(id), 'run-0.state', 'config.toml'), 'utf8'), 'token');
    assert.equal(existsSync(own), false);
    assert.deepEqual([dead, alive, stray, far, old].map(existsSync), [false, true, false, true, false]);
    await apartPath({ home, seal: sealOf(home) }, 'own');
    assert.deepEqual(scratch.map(existsSync), [true, false]);
  });

  it('is that of one attempt alone, so that nobody takes it for what a killed worker left', async () => {
    const id = await rig.add();
    const ofRun = (run: number) => scratchOf(new Layout(home), id, run);
    const claim = { id, run: 1, scratch: ofRun(1), scratchOf: ofRun };
    const place = { home, seal: sealOf(home) };
    const [one, other] = [await RunState.make(place, claim), await RunState.make(place, claim)];
    assert.notEqual(one.path, other.path);
    await other.keep();
    assert.ok(existsSync(dirname(one.path)));
    await one.keep();
    assert.deepEqual(readdirSync(apart), []);
    await one.keep();
  });

  it('is kept in the place of whatever lies there, through no link', async () => {
    const elsewhere = join(dirname(home), 'elsewhere');
    put(join(elsewhere, 'mine'), 'precious');
    runner.act = ({ task_id: id }, { statePath }) => {
      put(join(statePath, 'sessions', 'one'), 'said');
      symlinkSync(elsewhere, join(keptOf(id), 'run-1.state'));
      return 'Done.';
    };
    const id = await rig.add();
    await rig.drain(runner);
    assert.deepEqual(readdirSync(elsewhere), ['mine']);
    assert.ok(lstatSync(join(keptOf(id), 'run-1.state')).isDirectory());
    symlinkSync(elsewhere, join(home, 'day'));
    await assert.rejects(moveOwn(join(keptOf(id), 'run-1.state'), join(home, 'day', 'state')), {
      code: 'conflict',
      message: /no file of koubou's own/,
    });
  });

  const elsewhere = (): string | undefined =>
    ['/dev/shm', '/var/tmp'].find(
      (path) => existsSync(path) && statSync(path).dev !== statSync(tmpdir()).dev,
    );

  it('fills no disk from another file system, by a file that is a hole or by what cannot be kept whole', async function () {
    const root = elsewhere();
    if (root === undefined) return this.skip();
    const from = mkdtempSync(join(root, 'koubou-state-'));
    const to = join(home, 'results', 'state');
    try {
      put(join(from, 'hole'), '');
      truncateSync(join(from, 'hole'), 2 ** 27);
      put(join(from, 'one'), 'said');
      await moveOwn(from, to);
      assert.deepEqual(readdirSync(to), ['one']);
      put(join(from, 'one'), 'said');
      // Node asks for such a name by another one.
      writeFileSync(Buffer.concat([Buffer.from(join(from, 'x')), Buffer.from([0xff])]), '');
      await assert.rejects(moveOwn(from, to));
      assert.equal(existsSync(to), false);
    } finally {
      rmSync(from, { recursive: true, force: true });
    }
  });

  it('is kept from another file system as well, its links as links', async function () {
    const root = elsewhere();
    if (root === undefined) return this.skip();
    const from = mkdtempSync(join(root, 'koubou-state-'));
    const to = join(home, 'results', 'state');
    try {
      put(join(from, 'sessions', 'one'), 'said');
      symlinkSync('/etc', join(from, 'link'));
      await moveOwn(from, to);
      assert.ok(lstatSync(join(to, 'link')).isSymbolicLink());
      assert.equal(readFileSync(join(to, 'sessions', 'one'), 'utf8'), 'said');
      assert.equal(existsSync(from), false);
    } finally {
      rmSync(from, { recursive: true, force: true });
    }
  });
});
