import assert from 'node:assert/strict';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { Machine } from '../../src/queue/files/disk/machine.ts';
import { thisMachine } from '../../src/queue/files/disk/machine.ts';
import type { Queue } from '../../src/queue/queue.ts';
import {
  budget,
  budgetOf,
  failedWith,
  newTask,
  noRetries,
  succeeded,
  takeAll,
  worker,
} from '../support/builders.ts';
import { census } from '../support/census/census.ts';
import { lookDead, lookRebooted } from '../support/queue/dead.ts';
import { LightDisk } from '../support/queue/disk.ts';
import { machineAhead, makeHome, type TestHome } from '../support/queue/home.ts';

/** Remembers from where to where files were renamed, whole folders left out. */
class RememberingDisk extends LightDisk {
  readonly renames: { from: string; to: string; inode: number }[] = [];

  override async rename(from: string, to: string): Promise<void> {
    await super.rename(from, to);
    const stat = fs.lstatSync(to);
    if (stat.isFile()) this.renames.push({ from, to, inode: stat.ino });
  }
}

/** A process that is dead for every other one by its start time. */
const doomed = (): Machine => {
  const machine = thisMachine();
  const startTimeOf = (pid: number) => (pid === process.pid ? '1' : machine.startTimeOf(pid));
  return { ...machine, self: { ...machine.self, startTime: '1' }, startTimeOf };
};

interface Left {
  ids: string[];
  renames: RememberingDisk['renames'];
  /** How often what has ended had been run. */
  ended: Map<string, number>;
}

/** Everything that a queue does, and then the end of all processes. */
const workUntilTheCut = async (home: TestHome): Promise<Left> => {
  const disk = new RememberingDisk();
  let aheadMs = 0;
  const nowMs = (): number => Date.now() + aheadMs;
  const queue = home.open({ disk, machine: doomed(), nowMs });
  const ids: string[] = [];
  const add = async (...tasks: Parameters<typeof newTask>) => {
    const added = await queue.add(tasks.map((over) => newTask(over)));
    ids.push(...added.map(({ id }) => id));
    return added[0]?.id ?? '';
  };
  const addMany = async (overs: NonNullable<Parameters<typeof newTask>[0]>[]) => {
    const added = await queue.add(overs.map((over) => newTask(over)));
    ids.push(...added.map(({ id }) => id));
  };
  const member = await queue.join(worker());
  const permits = [{ name: 'p', cap: 1 }];
  const end = async (how: 'completes' | 'fails' | 'goes back' | 'fails for good'): Promise<string> => {
    const claim = await member.claim(() => ({ take: true, permits }));
    assert.ok(claim, how);
    fs.writeFileSync(claim.scratch.outputPath, 'output');
    if (how === 'completes') await member.settle(claim, succeeded(claim, member), budget);
    else if (how === 'goes back')
      await member.settle(claim, failedWith('worker_stopped', claim, member), budget);
    else {
      const some = how === 'fails' ? budget : noRetries;
      await member.settle(claim, failedWith('exit_nonzero', claim, member), some);
    }
    return claim.id;
  };
  const later = async (): Promise<void> => {
    aheadMs += 2 * 3600 * 1000;
    await queue.sweep(budgetOf);
  };
  const parent = await add({ priority: 9 });
  await addMany([{ key: 'a' }, {}, { after: [parent] }]);
  await add({ key: 'b' });
  await add({ not_before: new Date(nowMs() + 60_000).toISOString() });
  await end('completes');
  await later();
  await end('fails');
  await later();
  await end('goes back');
  await end('fails');
  await later();
  for (let n = 0; n < 4; n += 1) await end('completes');
  const failed = await end('fails for good');
  await queue.retry(failed);
  const waits = await add({ priority: 1 });
  await queue.cancel(waits);
  await end('completes');
  const again = await end('fails for good').catch(() => undefined);
  if (again !== undefined) await queue.retry(again);
  await addMany([{ priority: 10 }, { priority: 1, key: 'c' }]);
  assert.ok(await member.claim(() => ({ take: true, permits })), 'one runs at the cut');
  const ended = new Map<string, number>();
  for (const id of ids) {
    const record = await queue.get(id);
    if (record?.status === 'completed' || record?.status === 'failed') ended.set(id, record.attempts.length);
  }
  return { ids, renames: disk.renames, ended };
};

/** Paths of files by inode. */
const filesOf = (folder: string): Map<number, string> => {
  const files = new Map<number, string>();
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.startsWith(join(folder, 'keys'))) files.set(fs.lstatSync(path).ino, path);
  }
  return files;
};

/** Shows files under the names they had before these renames as well. */
const showOldNames = (home: TestHome, renames: RememberingDisk['renames']): number => {
  let shown = 0;
  const files = filesOf(home.home);
  for (const { from, inode } of renames) {
    const now = files.get(inode);
    if (now === undefined || fs.existsSync(from)) continue;
    fs.mkdirSync(dirname(from), { recursive: true });
    fs.linkSync(now, from);
    shown += 1;
  }
  return shown;
};

const workOff = async (queue: Queue): Promise<void> => {
  const member = await queue.join(worker());
  for (let round = 0; round < 3; round += 1) {
    await queue.sweep(budgetOf);
    for (;;) {
      const claim = await member.claim(takeAll);
      if (claim === undefined) break;
      await member.settle(claim, succeeded(claim, member), budget);
    }
  }
  await member.leave();
  await queue.sweep(budgetOf);
};

const judge = async (home: TestHome, { ids, ended }: Left, what: string): Promise<void> => {
  const queue = home.open({ disk: new LightDisk(), nowMs: () => Date.now() + 48 * 3600 * 1000 });
  await workOff(queue);
  const { faults } = census(home.home, { acknowledged: ids, retried: ids });
  assert.deepEqual(faults, [], what);
  for (const id of ids) {
    const record = await queue.get(id);
    assert.ok(
      record?.status === 'completed' || record?.status === 'failed',
      `${what}: ${id} ${record?.status}`,
    );
    const runs = ended.get(id);
    if (runs !== undefined) assert.equal(record.attempts.length, runs, `${what}: ${id} ran again`);
  }
  assert.deepEqual(fs.readdirSync(home.path('tasks/tmp')), [], what);
  assert.deepEqual(fs.readdirSync(home.path('tasks/quarantine')), [], what);
  const holders = fs.readdirSync(home.path('tasks/in_progress')).filter((name) => !/^slot-\d\d$/.test(name));
  assert.deepEqual(holders, [], what);
  await queue.close();
};

describe('names that a file no longer has, shown after a loss of power', () => {
  let home: TestHome;
  let left: Left;

  beforeEach(async () => {
    home = await makeHome();
    left = await workUntilTheCut(home);
  });
  afterEach(() => home.remove());

  const cases: [name: string, some: (renames: Left['renames']) => Left['renames']][] = [
    ['all of them', (renames) => renames],
    [
      'only the newest of each file',
      (renames) => [...new Map(renames.map((each) => [each.inode, each])).values()],
    ],
    [
      'only the oldest of each file',
      (renames) => [...new Map(renames.toReversed().map((each) => [each.inode, each])).values()],
    ],
    ['those in tmp/', (renames) => renames.filter(({ from }) => from.includes('/tmp/'))],
    [
      'those in the hands of workers',
      (renames) => renames.filter(({ from }) => from.includes('/in_progress/')),
    ],
    [
      'those that waited',
      (renames) => renames.filter(({ from }) => /\/(pending|delayed|blocked)\//.test(from)),
    ],
    ['those that had ended', (renames) => renames.filter(({ from }) => /\/(completed|failed)\//.test(from))],
  ];
  for (const [name, some] of cases) {
    it(`lose and double nothing, and hold no drain up: ${name}`, async () => {
      assert.ok(showOldNames(home, some(left.renames)) > 0);
      await judge(home, left, name);
    });
  }
});

describe('a name that a file no longer has', () => {
  let home: TestHome;
  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => home.remove());

  it('goes also where it comes to light while a daemon works', async () => {
    const queue = home.open();
    const [added] = await queue.add([newTask()]);
    const id = added?.id ?? '';
    const member = await queue.join(worker());
    const claim = await member.claim(takeAll);
    assert.ok(claim);
    const path = (name: string) => home.path('tasks', name);
    const held = path(`in_progress/${member.workerId}/05-${id}.r1.b0.json`);
    const inode = fs.lstatSync(held).ino;
    await member.settle(claim, succeeded(claim, member), budget);
    fs.linkSync(filesOf(home.home).get(inode) ?? '', held);
    lookDead(home.home, member.workerId);
    await queue.sweep(budgetOf);
    assert.equal(await queue.state(id), 'completed');
    assert.ok(!fs.existsSync(dirname(held)));
    assert.deepEqual(census(home.home, { acknowledged: [id] }).faults, []);
    await queue.close();
  });

  it('doubles no permit, though its worker is not known to be dead yet', async () => {
    const permits = [{ name: 'p', cap: 1 }];
    const admit = () => ({ take: true, permits }) as const;
    const before = home.open();
    await before.add([newTask(), newTask(), newTask()]);
    const gone = await before.join(worker());
    assert.ok(await gone.claim(admit));
    const held = fs
      .readdirSync(home.path('tasks/in_progress', gone.workerId))
      .find((name) => name.startsWith('permit@'));
    fs.linkSync(home.path('tasks/in_progress', gone.workerId, held ?? ''), home.path('permits/p/1/permit'));
    lookRebooted(home.home, gone.workerId);
    let aheadMs = 0;
    const queue = home.open({ machine: machineAhead(() => aheadMs) });
    const member = await queue.join(worker());
    assert.ok(await member.claim(admit));
    for (let n = 0; n < 4; n += 1, aheadMs += 10_000) await queue.sweep(budgetOf);
    assert.ok(!fs.existsSync(home.path('tasks/in_progress', gone.workerId)), 'it is known to be dead by now');
    assert.equal(await member.claim(admit), undefined);
    await queue.close();
  });
});

describe('each name that a file no longer has', () => {
  it('does so too, alone', async function () {
    this.timeout(120_000);
    const first = await makeHome();
    const count = (await workUntilTheCut(first)).renames.length;
    first.remove();
    for (let nth = 0; nth < count; nth += process.env['KOUBOU_TEST_FULL'] === '1' ? 1 : 15) {
      const home = await makeHome();
      try {
        const left = await workUntilTheCut(home);
        showOldNames(home, left.renames.slice(nth, nth + 1));
        await judge(home, left, `rename ${nth}: ${left.renames[nth]?.from}`);
      } finally {
        home.remove();
      }
    }
  });
});
