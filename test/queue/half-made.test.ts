import assert from 'node:assert/strict';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { makeKey } from '../../src/home/key.ts';
import { halfMadePath } from '../../src/process/half-made.ts';
import { selfIdentity } from '../../src/process/liveness.ts';
import { makerName } from '../../src/process/maker.ts';
import { writeFirst, writeOver } from '../../src/process/write-whole.ts';
import { budgetOf } from '../support/builders.ts';
import { machineAhead, makeHome, type TestHome } from '../support/queue/home.ts';
import { sealOf } from '../support/state.ts';

/** Everything that koubou makes beside its place, by the name that it is to have. */
const PLACES = [
  'home.json',
  '.probe/',
  '.doctor/',
  '.gitignore',
  'config/agent.yaml',
  'config/.env',
  'run/config-cache.json',
  'run/autostart.lock.7',
  'run/task_20260101_000000_000000_0000.run-1.patch/',
  'worktrees/task_20260101_000000_000000_0000.json',
];

describe('what is half made', () => {
  let home: TestHome;
  const self = selfIdentity();
  const madeBy = (over: Partial<typeof self>) => (path: string) =>
    `${path}.${makerName({ ...self, ...over }, '0123456789ab')}.tmp`;

  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => home.remove());

  const plant = (nameOf: (path: string) => string): string[] =>
    PLACES.map((place) => {
      const path = nameOf(home.path(place.replace(/\/$/, '')));
      fs.mkdirSync(dirname(path), { recursive: true });
      if (place.endsWith('/')) {
        fs.mkdirSync(join(path, 'objects', 'aa'), { recursive: true });
        fs.writeFileSync(join(path, 'objects', 'aa', 'bb'), 'part');
        fs.symlinkSync(home.home, join(path, 'link'));
      } else {
        fs.writeFileSync(path, 'part');
      }
      return path;
    });
  const left = (paths: readonly string[]) => paths.filter((path) => fs.existsSync(path));

  it('goes with a sweep where its maker is dead, in every place and for no other file', async () => {
    const dead = [...plant(madeBy({ startTime: '1' })), ...plant(madeBy({ bootId: 'ffffffff' }))];
    const living = plant(halfMadePath);
    const others = [home.path('config', 'mine.tmp'), home.path('run', 'agent.yaml.123.abc.tmp')];
    for (const path of others) fs.writeFileSync(path, '');
    const queue = home.open();
    await queue.sweep(budgetOf);
    assert.deepEqual(left(dead), []);
    assert.deepEqual(left(living), living);
    assert.deepEqual(left(others), others);
    assert.ok(fs.existsSync(home.path('tasks', 'pending')), 'no link was followed');
    await queue.close();
  });

  it('goes with a sweep beside the key as well, where git and an apply are at work', async () => {
    for (const folder of [sealOf(home.home).apart, home.path('run', 'apart')]) {
      fs.mkdirSync(folder, { recursive: true });
      // Of another machine, which has the same folders of the user.
      const far = madeBy({ bootId: 'ab12cd34' });
      const [dead, living, elsewhere] = [madeBy({ startTime: '1' }), halfMadePath, far].map((nameOf) =>
        nameOf(join(folder, 'a')),
      ) as [string, string, string];
      const all = [dead, living, elsewhere];
      for (const path of all) fs.mkdirSync(join(path, 'objects'), { recursive: true });
      const queue = home.open();
      await queue.sweep(budgetOf);
      assert.deepEqual(left(all), [living, elsewhere]);
      await queue.close();
    }
  });

  it('is given a minute where its maker cannot be looked at', async () => {
    const paths = plant(madeBy({ pidNamespace: 'pid:[1]' }));
    let passedMs = 0;
    const queue = home.open({ machine: machineAhead(() => passedMs) });
    await queue.sweep(budgetOf);
    assert.deepEqual(left(paths), paths);
    passedMs = 59_000;
    await queue.sweep(budgetOf);
    assert.deepEqual(left(paths), paths);
    passedMs = 61_000;
    await queue.sweep(budgetOf);
    assert.deepEqual(left(paths), []);
    await queue.close();
  });

  it('goes when the same file is written the next time, also outside of a home', () => {
    for (const write of [writeFirst, writeOver]) {
      const path = home.path(write.name);
      const [dead, alive] = [madeBy({ startTime: '1' })(path), halfMadePath(path)];
      for (const half of [dead, alive]) fs.writeFileSync(half, 'part');
      write(path, 'whole');
      assert.deepEqual(left([dead, alive]), [alive]);
      assert.equal(fs.readFileSync(path, 'utf8'), 'whole');
    }
  });

  it('goes when the key is asked for the next time, also where it was made whole', () => {
    const state = home.path('state');
    const key = makeKey(state);
    const [dead, alive] = [madeBy({ startTime: '1' })(join(state, 'key')), halfMadePath(join(state, 'key'))];
    for (const half of [dead, alive]) fs.writeFileSync(half, key);
    assert.deepEqual(makeKey(state), key);
    assert.deepEqual(left([dead, alive]), [alive]);
  });
});
