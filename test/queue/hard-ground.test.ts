import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { NodeDisk } from '../../src/queue/files/disk/node-disk.ts';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import { createFileHome } from '../../src/queue/files/layout/create-home.ts';
import { dayOf } from '../../src/task/id.ts';
import type { NewTask } from '../../src/task/record.ts';
import {
  beat,
  budget,
  budgetOf,
  failedWith,
  newTask,
  succeeded,
  takeAll,
  worker,
} from '../support/builders.ts';
import { census } from '../support/census/census.ts';
import { lookDead } from '../support/queue/dead.ts';
import { FailingDisk, LightDisk } from '../support/queue/disk.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';

const codeOf = (code: string) => (error: unknown) => error instanceof KoubouError && error.code === code;

describe('on hard ground', () => {
  let home: TestHome;
  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => home.remove());

  const reserve = (): string[] => fs.readdirSync(home.path('reserve'));
  const slots = (): string[] =>
    fs.readdirSync(home.path('tasks/in_progress')).filter((name) => name.startsWith('slot-'));

  it('says how to mend a home that lacks a folder', async () => {
    fs.rmSync(home.path('results'), { recursive: true });
    const said = (error: unknown) => error instanceof KoubouError && /`koubou init`/.test(error.hint);
    await assert.rejects(home.open().add([newTask()]), said);
    await createFileHome(home.home, { allowNetworkFs: false });
    await home.open().add([newTask()]);
  });

  describe('a full disk', () => {
    /** Full until as many files of the reserve are gone. */
    const full = (disk: FailingDisk, calls: RegExp, needed: number, held = 64): void => {
      disk.fail = (call) => (calls.test(call) && reserve().length > held - needed ? 'ENOSPC' : undefined);
    };

    it('has room set aside, which is filled up again', async () => {
      const queue = home.open();
      await queue.sweep(budgetOf);
      assert.equal(reserve().length, 64);
      assert.equal(fs.statSync(home.path('reserve', reserve()[0] ?? '')).size, 16 * 1024);
      fs.rmSync(home.path('reserve', reserve()[0] ?? ''));
      await queue.sweep(budgetOf);
      assert.equal(reserve().length, 64);
    });

    it('refuses new tasks with nothing written', async () => {
      const disk = new FailingDisk();
      const queue = home.open({ disk });
      const before = fs.readdirSync(home.path('tasks/pending'));
      disk.free = async () => ({ bytes: 1024, inodes: null });
      await assert.rejects(queue.add([newTask()]), codeOf('disk_full'));
      disk.free = async () => ({ bytes: 1e12, inodes: 3 });
      await assert.rejects(queue.add([newTask()]), codeOf('disk_full'));
      disk.free = async () => ({ bytes: 1e12, inodes: null });
      for (const calls of [/makeFolder/, /create/, /rename/]) {
        disk.fail = (call) => (calls.test(call) ? 'ENOSPC' : undefined);
        await assert.rejects(queue.add([newTask()]), codeOf('disk_full'));
        await assert.rejects(queue.add([newTask(), newTask()]), codeOf('disk_full'));
        if (!calls.test('rename')) {
          await assert.rejects(queue.add([newTask({ key: 'k' })]), codeOf('disk_full'));
        }
      }
      disk.fail = () => undefined;
      assert.deepEqual(fs.readdirSync(home.path('tasks/pending')), before);
      assert.deepEqual(census(home.home).faults, []);
      await queue.add([newTask({ key: 'k' })]);
    });

    it('lets running tasks end, and cancels, by freeing what was set aside', async () => {
      const disk = new FailingDisk();
      const queue = home.open({ disk });
      await home.open().sweep(budgetOf);
      const [a, b] = await queue.add([newTask(), newTask()]);
      const member = await queue.join(worker());
      const claim = await member.claim(takeAll);
      assert.ok(claim && a && b);
      disk.fail = (call) => (call === 'create' ? 'ENOSPC' : undefined);
      await member.recordChild(claim, { pid: 1, startTime: '1' });
      full(disk, /create|link/, 40);
      const settled = await member.settle(claim, succeeded(claim, member), budget);
      assert.equal(settled.kind === 'settled' && settled.state, 'completed');
      assert.ok(reserve().length > 0, 'not all of it');
      full(disk, /create|link/, 60);
      assert.equal((await queue.cancel(b.id)).result, 'cancelled');
      assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
    });

    it('says so when nothing is left, and the same settling goes through later', async () => {
      const disk = new FailingDisk();
      const queue = home.open({ disk });
      await home.open().sweep(budgetOf);
      const [a] = await queue.add([newTask()]);
      const member = await queue.join(worker());
      const claim = await member.claim(takeAll);
      assert.ok(claim && a);
      disk.fail = (call) => (/create|link/.test(call) ? 'ENOSPC' : undefined);
      await assert.rejects(member.settle(claim, succeeded(claim, member), budget), codeOf('disk_full'));
      assert.equal(reserve().length, 0);
      assert.equal(await member.renew(beat()), 'alive', 'it goes on');
      // Published, but the task could not be moved.
      disk.fail = (call, path) => (call === 'rename' && path.includes('/completed/') ? 'ENOSPC' : undefined);
      const outcome = succeeded(claim, member);
      await assert.rejects(member.settle(claim, outcome, budget));
      disk.fail = () => undefined;
      const settled = await member.settle(claim, outcome, budget);
      assert.equal(settled.kind === 'settled' && settled.state, 'completed');
      assert.ok(!fs.existsSync(home.path('results', dayOf(a.id), a.id, 'late')), 'it is not late');
    });

    it('begins no task that would have no room to print, or for its files', async () => {
      const disk = new FailingDisk();
      const queue = home.open({ disk });
      const [a] = await queue.add([newTask()]);
      const member = await queue.join(worker());
      disk.free = async () => ({ bytes: 64 * 1024, inodes: null });
      await assert.rejects(member.claim(takeAll), codeOf('disk_full'));
      disk.free = async () => ({ bytes: 1e9, inodes: 40 });
      await assert.rejects(member.claim(takeAll), codeOf('disk_full'));
      assert.equal(await member.claim(() => ({ take: false, why: 'endpoint' })), undefined);
      assert.equal(await queue.state(a?.id ?? ''), 'pending');
      disk.free = async () => ({ bytes: 1e9, inodes: null });
      assert.equal((await member.claim(takeAll))?.id, a?.id);
    });

    it('strands no task that could be claimed but not begun', async () => {
      const disk = new FailingDisk();
      const queue = home.open({ disk });
      const [a] = await queue.add([newTask()]);
      const member = await queue.join(worker());
      const capped = () => ({ take: true as const, permits: [{ name: 'p', cap: 1 }] });
      disk.fail = (call, path) =>
        call === 'makeFolder' && path.includes('/results/') ? 'ENOSPC' : undefined;
      await assert.rejects(member.claim(capped));
      assert.equal(await queue.state(a?.id ?? ''), 'pending');
      assert.ok(await queue.get(a?.id ?? ''));
      disk.fail = (call, path) => (call === 'syncFolder' && path.endsWith('/pending') ? 'EIO' : undefined);
      await assert.rejects(member.claim(capped));
      assert.equal(await queue.state(a?.id ?? ''), 'pending');
      disk.fail = (call, path) => (call === 'create' && path.endsWith('.log') ? 'ENOSPC' : undefined);
      const claim = await member.claim(capped);
      assert.equal(claim?.run, 1);
      assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
    });

    it('takes a worker in, by freeing what was set aside', async () => {
      const disk = new FailingDisk();
      await home.open().sweep(budgetOf);
      full(disk, /makeFolder/, 40);
      const member = await home.open({ disk }).join(worker());
      assert.ok(reserve().length > 0, 'not all of it');
      await member.leave();
    });

    it('has ready-made places for workers, 32 of them, used and given back', async () => {
      const disk = new FailingDisk();
      const queue = home.open({ disk });
      assert.equal(slots().length, 32);
      disk.fail = (call, path) =>
        call === 'makeFolder' && path.includes('in_progress') ? 'ENOSPC' : undefined;
      const members = await Promise.all(Array.from({ length: 5 }, () => queue.join(worker())));
      assert.equal(slots().length, 27);
      await members[0]?.leave();
      assert.equal(slots().length, 28);
      disk.fail = () => undefined;
      await queue.sweep(budgetOf);
      assert.equal(slots().length, 32);
      await members[1]?.leave();
      assert.equal(slots().length, 32);
    });
  });

  describe('rubbish', () => {
    it('in any folder neither stops the work nor is lost', async () => {
      const queue = home.open({ disk: new LightDisk() });
      const [done, open] = await queue.add([newTask(), newTask()]);
      assert.ok(done && open);
      const member = await queue.join(worker());
      const claim = await member.claim(takeAll);
      assert.ok(claim);
      await member.settle(claim, failedWith('model_not_found', claim, member), budget);
      const id = (n: number): string => `task_20240101_00000${n}_000000_aaaa`;
      const makers: ((path: string) => void)[] = [
        (path) => fs.mkdirSync(path),
        (path) => fs.writeFileSync(path, ''),
        (path) => fs.writeFileSync(path, '{"half":'),
        (path) => fs.writeFileSync(path, '\uFEFF{}'),
        (path) => fs.writeFileSync(path, 'null'),
        (path) => fs.symlinkSync('/etc/passwd', path),
        (path) => fs.symlinkSync('nowhere', path),
        (path) => execFileSync('/usr/bin/env', ['mkfifo', path]),
        (path) => fs.writeFileSync(path, Buffer.from([0xff, 0xfe])),
        (path) => fs.writeFileSync(path, JSON.stringify({ ...claim.task, task_id: '../../x' })),
      ];
      const taskNames: Record<string, (n: number) => string> = {
        'tasks/pending': (n) => `05-${id(n)}.r0.b0.json`,
        'tasks/blocked': (n) => `05-${id(n)}.r0.b0.json`,
        'tasks/delayed': (n) => `000000000000${n}-05-${id(n)}.r0.b0.json`,
        'tasks/completed': (n) => `rubbish${n}`,
        [`tasks/failed/${dayOf(done.id)}`]: (n) => `rubbish${n}`,
        'tasks/in_progress': (n) => (n % 2 === 0 ? `slot-9${n}` : `w-00000000-1-1-${'a'.repeat(5)}${n}`),
        [`tasks/in_progress/${member.workerId}`]: (n) => `rubbish${n}`,
        'tasks/tmp': (n) =>
          `${['', 'batch-', 'commit-'][n % 3]}00000000-1-1-${'a'.repeat(19)}${n}${n % 3 === 0 ? '.json' : ''}`,
        'tasks/quarantine': (n) => `rubbish${n}.why.json`,
        'ctl/cancel': (n) => (n % 2 === 0 ? id(n) : `${id(n)}.b1`),
        ctl: (n) => `rubbish${n}`,
        run: (n) => `w-00000000-1-1-${'b'.repeat(5)}${n}.json`,
        'run/children': (n) => `rubbish${n}`,
        keys: (n) => `rubbish${n}`,
        permits: (n) => `rubbish${n}`,
        results: (n) => `rubbish${n}`,
        [`results/${dayOf(done.id)}/${done.id}`]: (n) => `run-1${n}x.json`,
        reserve: (n) => `rubbish${n}`,
      };
      let made = 0;
      for (const [folder, name] of Object.entries(taskNames)) {
        for (const [n, make] of makers.entries()) {
          make(home.path(folder, name(n)));
          made += 1;
        }
      }
      fs.mkdirSync(home.path('ctl/cancel', open.id), { recursive: true });
      fs.mkdirSync(home.path('tasks/tmp/batch-00000000-1-1-aaaaaaaaaaaaaaaaaaaac/sub'), { recursive: true });
      assert.ok(made > 150);
      for (let n = 0; n < 3; n += 1) {
        await queue.sweep(budgetOf);
        await queue.sweepQuickly(budgetOf);
      }
      assert.equal(await queue.state(open.id), 'failed', 'a folder is a mark as well');
      const [next] = await queue.add([newTask({ priority: 1, key: 'k' })]);
      const fresh = await queue.join(worker());
      const taken = await fresh.claim(takeAll);
      assert.equal(taken?.id, next?.id, 'what cannot be read was set aside on the way');
      if (taken) await fresh.settle(taken, succeeded(taken, fresh), budget);
      await queue.list({});
      await queue.counts();
      await queue.workers();
      await queue.nextDueMs();
      await queue.retry(done.id);
      await queue.cancel(done.id);
      lookDead(home.home, member.workerId);
      await queue.sweep(budgetOf);
      assert.ok((await queue.quarantined()).length >= 3 * makers.length);
    });

    it('in place of an outcome ends the task with that as the reason', async () => {
      const queue = home.open({ disk: new LightDisk() });
      const makers: ((path: string) => void)[] = [
        (path) => fs.writeFileSync(path, '{"ver'),
        (path) => fs.mkdirSync(path),
        (path) => fs.symlinkSync('/etc/passwd', path),
        (path) => fs.writeFileSync(path, 'null'),
      ];
      for (const make of makers) {
        const [added] = await queue.add([newTask()]);
        const member = await queue.join(worker());
        const claim = await member.claim(takeAll);
        assert.ok(claim && added);
        make(home.path('results', dayOf(claim.id), claim.id, 'run-1.json'));
        lookDead(home.home, member.workerId);
        await queue.sweep(() => ({ ...budget, retries: 0 }));
        assert.equal(await queue.state(claim.id), 'failed');
        const found = await queue.get(claim.id);
        assert.equal(found?.result?.error?.code, 'internal');
        assert.match(found?.result?.error?.message ?? '', /run-1\.json/);
        assert.equal(await queue.retry(claim.id), 'pending');
        assert.equal((await queue.cancel(claim.id)).result, 'cancelled');
      }
    });

    it('in place of a key is a conflict, said with the path', async () => {
      const queue = home.open();
      await queue.add([newTask({ key: 'k' })]);
      const folder = fs.readdirSync(home.path('keys'))[0] ?? '';
      const key = home.path('keys', folder, fs.readdirSync(home.path('keys', folder))[0] ?? '');
      fs.rmSync(key);
      fs.writeFileSync(key, '{');
      await assert.rejects(queue.add([newTask({ key: 'k' })]), (error) => {
        assert.ok(codeOf('key_conflict')(error));
        assert.match(String(error), /keys/);
        return true;
      });
    });

    it('that forged an outcome of a far run hides no task', async () => {
      const queue = home.open();
      const [added] = await queue.add([newTask()]);
      const id = added?.id ?? '';
      fs.mkdirSync(home.path('results', dayOf(id), id));
      fs.writeFileSync(home.path('results', dayOf(id), id, 'run-7.json'), '{}');
      assert.equal(await queue.state(id), 'pending');
      const [child] = await queue.add([newTask({ after: [id] })]);
      await queue.sweep(budgetOf);
      assert.equal(await queue.state(child?.id ?? ''), 'blocked');
    });
  });

  it('tasks may hold anything JSON can, under names that mean something elsewhere', async () => {
    const queue = home.open();
    const evil = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    const extra = { task_id: 'task_20200101_000000_000000_aaaa', version: 2, unknown: 'kept' };
    const asked = newTask({
      context: evil,
      labels: { constructor: 'x', 'a/../b': '\n' },
      key: '../../../etc/passwd',
      ...extra,
    });
    const [added] = await queue.add([asked]);
    assert.ok(added);
    const found = await queue.get(added.id);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    assert.equal((found as unknown as { polluted?: boolean }).polluted, undefined);
    assert.equal(found?.labels.constructor, 'x');
    assert.deepEqual(await queue.add([asked]), [{ id: added.id, existed: true }]);
    assert.equal(found?.unknown, 'kept');
    assert.deepEqual(census(home.home).faults, []);
  });

  it('a prompt of 10 MB goes through, one of 17 MB is refused with what to do', async () => {
    const queue = home.open();
    const prompt = '語'.repeat(Math.floor((10 * 1024 * 1024) / 3));
    const [added] = await queue.add([newTask({ prompt })]);
    const member = await queue.join(worker());
    const claim = await member.claim(takeAll);
    assert.equal(claim?.id, added?.id);
    assert.equal(claim?.task.prompt.length, prompt.length);
    await assert.rejects(queue.add([newTask({ prompt: 'x'.repeat(17 * 1024 * 1024) })]), (error) => {
      assert.ok(error instanceof KoubouError);
      assert.equal(error.code, 'usage');
      assert.match(error.hint, /--file/);
      return true;
    });
    assert.deepEqual(fs.readdirSync(home.path('tasks/tmp')), []);
  });

  it('a look for work ends, though tasks that nobody takes keep arriving', async () => {
    const queue = home.open({ disk: new LightDisk() });
    await queue.add(Array.from({ length: 5 }, () => newTask()));
    const member = await queue.join(worker());
    let looks = 0;
    const claim = await member.claim(() => {
      looks += 1;
      assert.ok(looks < 1000, 'it goes round and round');
      member.candidates.lookAgain();
      return { take: false, why: 'endpoint' };
    });
    assert.equal(claim, undefined);
    assert.ok(looks <= 10, `${looks} looks at 5 tasks`);
  });

  it('a batch may be larger than the descriptors that may be open', async () => {
    let open = 0;
    let most = 0;
    class Counting extends NodeDisk {
      override async create(path: string, data: string | Uint8Array): Promise<void> {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        await super.create(path, data, false);
        open -= 1;
      }
    }
    const queue = home.open({ disk: new Counting() });
    await queue.add(Array.from({ length: 500 }, () => newTask()));
    assert.ok(most <= 100, `${most} at once`);
  });

  it('a home may lie deep, under names with blanks and Japanese', async () => {
    const deep = await makeHome(join(...Array.from({ length: 20 }, () => 'a b 工房')));
    try {
      assert.ok(Buffer.byteLength(deep.home) > 200);
      const queue = deep.open();
      const [added] = await queue.add([newTask({ key: 'k' })]);
      const member = await queue.join(worker());
      const claim = await member.claim(() => ({ take: true, permits: [{ name: '/x y/工房', cap: 1 }] }));
      assert.equal(claim?.id, added?.id);
    } finally {
      deep.remove();
    }
  });

  for (const code of ['EROFS', 'EACCES']) {
    it(`a home that cannot be written to (${code}) says so, and can be looked at`, async () => {
      const [added] = await home.open().add([newTask()]);
      const disk = new FailingDisk();
      disk.fail = () => code;
      const queue = home.open({ disk });
      for (const tasks of [[newTask()], [newTask({ key: 'k' })], [newTask(), newTask()]]) {
        await assert.rejects(queue.add(tasks), (error) => {
          assert.ok(error instanceof KoubouError);
          assert.match(error.message, /cannot be written to; nothing was added/);
          assert.match(error.hint, /permissions/);
          return true;
        });
      }
      assert.equal((await queue.get(added?.id ?? ''))?.status, 'pending');
      assert.equal((await queue.list({})).length, 1);
      assert.equal((await queue.counts()).pending, 1);
    });
  }
});

describe('an end that was cut short', () => {
  let home: TestHome;
  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => home.remove());

  /** Goes no further than the rename by which a task ends. */
  class Cut extends LightDisk {
    override async link(from: string, to: string): Promise<void> {
      if (to.endsWith('run-1.json')) throw new Error('cut short');
      await super.link(from, to);
    }
  }

  /** A task that was cancelled, or failed for its parent's sake, up to the rename. */
  const cutShort = async (
    code: 'cancelled' | 'dependency_failed',
  ): Promise<{ id: string; queue: FileQueue }> => {
    const queue = home.open();
    const cut = home.open({ disk: new Cut() });
    const add = async (over: Partial<NewTask> = {}): Promise<string> =>
      (await queue.add([newTask(over)]))[0]?.id ?? '';
    const parent = await add();
    const id = await add(code === 'cancelled' ? {} : { after: [parent] });
    await queue.cancel(parent);
    await assert.rejects(code === 'cancelled' ? cut.cancel(id) : cut.sweepQuickly(budgetOf), /cut short/);
    return { id, queue };
  };

  for (const code of ['cancelled', 'dependency_failed'] as const) {
    it(`is completed by the next sweep as ${code}`, async () => {
      const { id, queue } = await cutShort(code);
      const found = await queue.get(id);
      assert.equal(found?.status, 'failed');
      assert.equal(found?.result?.error?.code, 'unknown', 'until then nobody knows');
      await queue.sweep(budgetOf);
      assert.equal((await queue.get(id))?.result?.error?.code, code);
      assert.deepEqual(census(home.home).faults, []);
    });

    for (const written of [true, false]) {
      const known = written ? code : 'unknown';
      it(`is completed as ${known} by a retry of what was ${code}, before it runs again`, async () => {
        const { id, queue } = await cutShort(code);
        if (!written) {
          for (const name of fs.readdirSync(home.path('tasks/tmp'))) fs.rmSync(home.path('tasks/tmp', name));
        }
        const parents = (await queue.get(id))?.after ?? [];
        for (const parent of parents) await queue.retry(parent);
        if ((await queue.state(id)) === 'failed') await queue.retry(id);
        const [first] = (await queue.get(id))?.attempts ?? [];
        const outcome = home.path('results', dayOf(id), id, 'run-1.json');
        assert.equal(first, undefined, 'it never ran');
        assert.equal(JSON.parse(fs.readFileSync(outcome, 'utf8')).error.code, known);
        await queue.sweep(budgetOf);
        assert.deepEqual(census(home.home, { retried: [...parents, id] }).faults, []);
        const member = await queue.join(worker());
        for (let claim = await member.claim(takeAll); claim; claim = await member.claim(takeAll)) {
          assert.equal(claim.run, 2);
          await member.settle(claim, succeeded(claim, member), budget);
          await queue.sweep(budgetOf);
        }
        assert.equal(await queue.state(id), 'completed');
      });
    }
  }

  it('is told to a canceller as what it is recorded as, also when it was not yet recorded', async () => {
    const queue = home.open();
    const [parent] = await queue.add([newTask()]);
    const [child] = await queue.add([newTask({ after: [parent?.id ?? ''] })]);
    const id = child?.id ?? '';
    await queue.cancel(parent?.id ?? '');
    const moved = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    /** Stands still between taking the child away, as its parent failed, and saying so. */
    class Sweeper extends LightDisk {
      override async rename(from: string, to: string): Promise<void> {
        await super.rename(from, to);
        if (!to.includes(`/failed/`)) return;
        moved.resolve();
        await told.promise;
      }
    }
    /** Has seen the child wait, and marks it when it does not any more. */
    class Canceller extends LightDisk {
      override async create(path: string, data: string | Uint8Array, durable: boolean): Promise<void> {
        if (path.includes('/cancel/')) await moved.promise;
        await super.create(path, data, durable);
      }
    }
    const sweeping = home.open({ disk: new Sweeper() }).sweepQuickly(budgetOf);
    const { result } = await home.open({ disk: new Canceller() }).cancel(id);
    told.resolve();
    await sweeping;
    await queue.sweep(budgetOf);
    const code = (await queue.get(id))?.result?.error?.code;
    assert.equal(result === 'cancelled', code === 'cancelled', `${result}, but ${code}`);
    assert.deepEqual(census(home.home).faults, []);
  });

  it('is not what the mark of an earlier cancel means, when the task was retried since', async () => {
    const queue = home.open();
    const [added] = await queue.add([newTask()]);
    const id = added?.id ?? '';
    await queue.cancel(id);
    await queue.retry(id);
    // Taken away, and back after a power cut; and one of a canceller who was slow.
    fs.writeFileSync(home.path('ctl/cancel', id), '');
    await queue.sweep(budgetOf);
    assert.equal(await queue.state(id), 'pending');
    assert.deepEqual(fs.readdirSync(home.path('ctl/cancel')), []);
    const member = await queue.join(worker());
    fs.writeFileSync(home.path('ctl/cancel', id), '');
    const claim = await member.claim(takeAll);
    assert.ok(claim, 'it is not taken for cancelled');
    assert.deepEqual(await member.cancelRequests(), []);
    assert.deepEqual(await queue.cancel(id), { id, result: 'asked' });
    assert.deepEqual(await member.cancelRequests(), [id]);
    await queue.sweep(budgetOf);
    assert.deepEqual(fs.readdirSync(home.path('ctl/cancel')), [`${id}.b1`]);
  });
});

describe('a permit', () => {
  it('is there once, also when two make it in the same moment', async () => {
    const home = await makeHome();
    try {
      class Blind extends LightDisk {
        // Each sees what was before the other made it.
        override async facts(path: string) {
          return path.endsWith('permits/p/1') ? undefined : super.facts(path);
        }
      }
      const queue = home.open({ disk: new Blind() });
      await queue.add(Array.from({ length: 4 }, () => newTask()));
      const members = await Promise.all([1, 2, 3].map(() => queue.join(worker())));
      const capped = () => ({ take: true as const, permits: [{ name: 'p', cap: 1 }] });
      const claims = await Promise.all(members.map((member) => member.claim(capped)));
      assert.equal(claims.filter((claim) => claim !== undefined).length, 1);
      const holders = members.map(({ workerId }) => workerId);
      assert.deepEqual(census(home.home, { holders }).faults, []);
    } finally {
      home.remove();
    }
  });
});

describe('making a home', () => {
  let root: string;
  const { statfsSync, fsyncSync } = fs;
  beforeEach(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'koubou-home-'));
  });
  afterEach(() => {
    fs.statfsSync = statfsSync;
    fs.fsyncSync = fsyncSync;
    fs.rmSync(root, { recursive: true, force: true });
  });
  const onType = (type: number): void => {
    fs.statfsSync = ((path: string) => Object.assign(statfsSync(path), { type })) as never;
  };

  const networks: [name: string, type: number][] = [
    ['NFS', 0x6969],
    ['SMB', 0x517b],
    ['CIFS', 0xff534d42],
    ['9p', 0x01021997],
    ['FUSE', 0x65735546],
  ];
  for (const [name, type] of networks) {
    it(`refuses ${name}, with nothing made, unless it is allowed`, async () => {
      onType(type);
      const home = join(root, 'home');
      await assert.rejects(createFileHome(home, { allowNetworkFs: false }), (error) => {
        assert.ok(error instanceof KoubouError);
        assert.equal(error.code, 'usage');
        assert.match(error.message, new RegExp(name));
        assert.match(error.hint, /--allow-network-fs/);
        return true;
      });
      assert.deepEqual(fs.readdirSync(root), []);
      await createFileHome(home, { allowNetworkFs: true });
      assert.ok(fs.existsSync(join(home, 'tasks/pending')));
    });
  }

  it('refuses a file system without hard links, with nothing made', async () => {
    const { linkSync } = fs;
    fs.linkSync = () => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    };
    try {
      const home = join(root, 'home');
      await assert.rejects(createFileHome(home, { allowNetworkFs: false }), /cannot do what the queue needs/);
    } finally {
      fs.linkSync = linkSync;
    }
    assert.deepEqual(fs.readdirSync(root), []);
  });

  it('says where it cannot be made', async () => {
    fs.writeFileSync(join(root, 'file'), '');
    for (const path of ['file', 'file/home']) {
      await assert.rejects(createFileHome(join(root, path), { allowNetworkFs: false }), {
        code: 'conflict',
        message: /cannot be made \(a file, and no folder, lies there or on the way\)/,
      });
    }
  });

  it('puts the way to it on the device as well', async () => {
    const synced = new Set<string>();
    fs.fsyncSync = (descriptor) => {
      synced.add(fs.readlinkSync(`/proc/self/fd/${descriptor}`));
      fsyncSync(descriptor);
    };
    const real = fs.realpathSync(root);
    await createFileHome(join(real, 'a', 'b', 'home'), { allowNetworkFs: false });
    if (process.platform !== 'linux') return;
    for (const folder of ['', 'a', 'a/b', 'a/b/home', 'a/b/home/tasks', 'a/b/home/tasks/in_progress']) {
      assert.ok(synced.has(join(real, folder)), folder);
    }
  });

  it('makes what is missing of one that is there, and loses nothing', async () => {
    const home = join(root, 'home');
    await createFileHome(home, { allowNetworkFs: false });
    const mine = join(home, 'tasks/pending/mine.txt');
    fs.writeFileSync(mine, 'x');
    fs.rmdirSync(join(home, 'tasks/delayed'));
    const { made } = await createFileHome(home, { allowNetworkFs: false });
    assert.deepEqual(made, [join(home, 'tasks/delayed')]);
    assert.ok(fs.existsSync(mine));
    assert.equal(fs.statSync(home).mode & 0o777, 0o700);
  });
});
