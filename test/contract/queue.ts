/**
 * What every backend of the queue promises, written against the Queue interface alone. Put another backend
 * under it by giving `describeQueue` what makes one.
 */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { KoubouError } from '../../src/errors.ts';
import type { Admission, ByteRange, Claim, Member, Queue } from '../../src/queue/queue.ts';
import type { Budget } from '../../src/task/budget.ts';
import type { NewTask, TaskFile } from '../../src/task/record.ts';
import { until } from '../helpers/until.ts';
import {
  beat,
  budget,
  budgetOf,
  failedWith,
  full,
  newTask,
  noRetries,
  succeeded,
  takeAll,
  worker,
} from '../support/builders.ts';

export interface QueueBackend {
  /** One more user of the same queue, as another process would be. */
  open(): Promise<Queue>;
  /** Makes the member's process look dead to everybody else; the member itself goes on like a zombie. */
  kill(member: Member): Promise<void>;
  /** Moves the wall clock of everybody. */
  advance(ms: number): void;
  /** A moment passes, in which every member is ready to look for new tasks again. */
  lookAgain(): void;
  cleanup(): Promise<void>;
}

const refuses = (code: string) => (error: unknown) => {
  assert.ok(error instanceof KoubouError, String(error));
  assert.equal(error.code, code, error.message);
  assert.ok(error.message.length > 0 && error.hint.length > 0);
  return true;
};

export const describeQueue = (name: string, makeBackend: () => Promise<QueueBackend>): void => {
  describe(`a queue of ${name}`, () => {
    let backend: QueueBackend;
    let queue: Queue;

    beforeEach(async () => {
      backend = await makeBackend();
      queue = await backend.open();
    });
    afterEach(async () => {
      await queue.close();
      await backend.cleanup();
    });

    const add = async (over: Partial<NewTask> = {}): Promise<string> => {
      const [added] = await queue.add([newTask(over)]);
      assert.ok(added);
      return added.id;
    };
    const claimMaybe = (member: Member, admit: () => Admission = takeAll): Promise<Claim | undefined> => {
      backend.lookAgain();
      return member.claim(admit);
    };
    const claim = async (member: Member, admit?: Parameters<Member['claim']>[0]): Promise<Claim> => {
      backend.lookAgain();
      const taken = await member.claim(admit ?? takeAll);
      assert.ok(taken, 'there was something to claim');
      return taken;
    };
    const end = async (member: Member, taken: Claim, how: 'success' | 'failure' = 'success') => {
      const outcome =
        how === 'success' ? succeeded(taken, member) : failedWith('exit_nonzero', taken, member);
      const settled = await member.settle(taken, outcome, noRetries);
      assert.equal(settled.kind, 'settled');
      return settled;
    };
    const record = async (id: string) => {
      const found = await queue.get(id);
      assert.ok(found, `${id} exists`);
      return found;
    };
    const reasonOf = async (id: string) => (await record(id)).result?.error?.code ?? null;

    const textOf = async (id: string, run: number, range?: ByteRange): Promise<string> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of queue.artifacts.read(id, run, 'output', range)) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };

    describe('adding', () => {
      it('gives back what was asked', async () => {
        const asked = newTask({
          prompt: '日本語\n"quotes" \u2028 and \u0000 nothing lost',
          context: { deep: [1, { x: null }] },
          labels: { a: 'b' },
          options: { model: 'm', retries: 1 },
          priority: 7,
        });
        const [added] = await queue.add([asked]);
        assert.ok(added);
        assert.equal(added.existed, false);
        const found = await record(added.id);
        for (const [field, value] of Object.entries(asked)) {
          assert.deepEqual(found[field], value, field);
        }
        assert.equal(found.status, 'pending');
        assert.equal(found.waiting, null);
        assert.deepEqual(found.attempts, []);
        assert.equal(found.result, null);
      });

      it('answers in the order of the tasks, with ids that rise', async () => {
        const added = await queue.add(Array.from({ length: 20 }, (_, n) => newTask({ prompt: `${n}` })));
        const ids = added.map(({ id }) => id);
        assert.deepEqual(ids, [...ids].sort());
        for (const [n, id] of ids.entries()) assert.equal((await record(id)).prompt, `${n}`);
      });

      it('adds nothing for no tasks', async () => {
        assert.deepEqual(await queue.add([]), []);
      });

      it('adds all of a batch or none', async () => {
        await add({ key: 'taken', prompt: 'first' });
        const good = newTask({ prompt: 'good' });
        const batches: [code: string, batch: NewTask[]][] = [
          ['usage', [good, newTask({ priority: 11 })]],
          ['usage', [good, newTask({ not_before: 'soon' })]],
          ['no_such_task', [good, newTask({ after: ['task_20200101_000000_000000_aaaa'] })]],
          ['no_such_task', [good, newTask({ after_any: ['../../etc/passwd'] })]],
          ['key_conflict', [good, newTask({ key: 'taken', prompt: 'other' })]],
          ['key_conflict', [newTask({ key: 'k' }), newTask({ key: 'k' })]],
        ];
        for (const [code, batch] of batches) await assert.rejects(queue.add(batch), refuses(code));
        assert.equal((await queue.counts()).pending, 1);
      });

      it('names the field that is wrong', async () => {
        const wrong = newTask({ priority: 0 });
        await assert.rejects(queue.add([wrong]), /priority/);
      });

      it('answers the same key with the same task, also after it ended', async () => {
        const id = await add({ key: 'once' });
        assert.deepEqual(await queue.add([newTask({ key: 'once' })]), [{ id, existed: true }]);
        const member = await queue.join(worker());
        await end(member, await claim(member));
        assert.deepEqual(await queue.add([newTask({ key: 'once' })]), [{ id, existed: true }]);
        assert.equal((await queue.counts()).pending, 0);
      });

      it('does not care who asks again, nor for a relative time that has moved on', async () => {
        const at = (ms: number) => new Date(Date.now() + ms).toISOString();
        const id = await add({ key: 'k', created_by: 'cli', not_before: at(60_000) });
        const again = await queue.add([newTask({ key: 'k', created_by: 'mcp', not_before: at(61_000) })]);
        assert.deepEqual(again, [{ id, existed: true }]);
      });

      it('does not care in which batch it comes again', async () => {
        const id = await add({ key: 'k', labels: { batch: 'one', lang: 'ja' } });
        const again = await queue.add([newTask({ key: 'k', labels: { batch: 'two', lang: 'ja' } })]);
        assert.deepEqual(again, [{ id, existed: true }]);
      });

      it('refuses a key that asks for something else', async () => {
        await add({ key: 'once' });
        await assert.rejects(queue.add([newTask({ key: 'once', prompt: 'other' })]), refuses('key_conflict'));
        assert.equal((await queue.counts()).pending, 1);
      });

      it('mixes known keys and new ones in a batch', async () => {
        const known = await add({ key: 'known' });
        const added = await queue.add([newTask({ key: 'new' }), newTask({ key: 'known' }), newTask()]);
        assert.deepEqual(
          added.map(({ existed }) => existed),
          [false, true, false],
        );
        assert.equal(added[1]?.id, known);
        assert.equal((await queue.counts()).pending, 3);
      });

      it('gives one task to many that add one key at once', async () => {
        const others = await Promise.all(Array.from({ length: 4 }, () => backend.open()));
        const many = Array.from({ length: full ? 40 : 12 }, (_, n) => n);
        const answers = await Promise.all(
          many.map((n) =>
            n % 3 === 0
              ? (others[n % 4] as Queue).add([newTask({ key: 'race' }), newTask({ prompt: `beside ${n}` })])
              : (others[n % 4] as Queue).add([newTask({ key: 'race' })]),
          ),
        );
        const ids = new Set(answers.map((answer) => answer[0]?.id));
        assert.equal(ids.size, 1, [...ids].join());
        assert.equal(answers.filter((answer) => answer[0]?.existed === false).length, 1);
        assert.equal((await queue.counts()).pending, 1 + many.filter((n) => n % 3 === 0).length);
      });
    });

    describe('looking', () => {
      it('knows nothing of what is not there', async () => {
        for (const id of ['task_20200101_000000_000000_aaaa', '', '../x', 'task_']) {
          assert.equal(await queue.get(id), undefined);
          assert.equal(await queue.state(id), undefined);
          assert.equal(await queue.artifacts.find(id, null, 'output'), undefined);
          assert.equal(await textOf(id, 1), '');
          await queue.markRead(id);
        }
        assert.deepEqual(await queue.list({}), []);
        assert.deepEqual(await queue.find('task', 5), []);
      });

      it('lists newest first, by state, type, label and time, and no more than asked', async () => {
        const a = await add({ type: 'code', labels: { p: '1' } });
        backend.advance(5000);
        const b = await add({ type: 'code', labels: { p: '2' } });
        const c = await add({ after: [a] });
        const ids = async (filter: Parameters<Queue['list']>[0]) =>
          (await queue.list(filter)).map((item) => item.task_id);
        assert.deepEqual(await ids({}), [c, b, a]);
        assert.deepEqual(await ids({ limit: 1 }), [c]);
        assert.deepEqual(await ids({ states: ['blocked'] }), [c]);
        assert.deepEqual(await ids({ type: 'code' }), [b, a]);
        assert.deepEqual(await ids({ labels: { p: '1' } }), [a]);
        assert.deepEqual(await ids({ type: 'code', limit: 1 }), [b]);
        const since = Date.parse((await record(a)).created_at) + 2000;
        assert.deepEqual(await ids({ sinceMs: since }), [c, b]);
      });

      it('finds ids by a part of them', async () => {
        const id = await add();
        assert.deepEqual(await queue.find(id.slice(-11), 5), [id]);
        assert.deepEqual(await queue.find('zzzzzzzz', 5), []);
        const more = await add();
        assert.deepEqual(await queue.find('task_', 1), [more]);
      });

      it('counts every state', async () => {
        const member = await queue.join(worker());
        const done = await add();
        await end(member, await claim(member));
        await add();
        await end(member, await claim(member), 'failure');
        await add();
        await claim(member);
        await add();
        await add({ after: [done], after_any: [] });
        await add({ not_before: new Date(Date.now() + 3_600_000).toISOString() });
        assert.deepEqual(await queue.counts(), {
          pending: 3,
          in_progress: 1,
          completed: 1,
          failed: 1,
          delayed: 1,
          blocked: 1,
          quarantined: 0,
        });
      });

      it('remembers which results somebody looked at', async () => {
        const member = await queue.join(worker());
        const id = await add();
        await queue.markRead(id);
        await end(member, await claim(member));
        const unread = async () => (await queue.list({ unread: true })).map((item) => item.task_id);
        assert.deepEqual(await unread(), [id]);
        await queue.markRead(id);
        await queue.markRead(id);
        assert.deepEqual(await unread(), []);
      });
    });

    describe('telling which have ended', () => {
      it('names those, and how, whether it is asked for few or for many', async () => {
        const member = await queue.join(worker());
        const ids = await Promise.all(Array.from({ length: 12 }, () => add()));
        const one = await claim(member);
        await end(member, one);
        const two = await claim(member);
        await end(member, two, 'failure');
        await claim(member);
        const expected = new Map([
          [one.id, 'completed'],
          [two.id, 'failed'],
        ]);
        assert.deepEqual(await queue.ended(ids), expected);
        assert.deepEqual(await queue.ended([one.id, two.id]), expected);
        assert.deepEqual(await queue.ended([one.id]), new Map([[one.id, 'completed']]));
        assert.deepEqual(await queue.ended([]), new Map());
      });
    });

    describe('claiming', () => {
      it('gives the most urgent first, then the oldest', async () => {
        const low = await add({ priority: 1 });
        const first = await add();
        const second = await add();
        const urgent = await add({ priority: 10 });
        const member = await queue.join(worker());
        const order: string[] = [];
        for (let n = 0; n < 4; n += 1) order.push((await claim(member)).id);
        assert.deepEqual(order, [urgent, first, second, low]);
        assert.equal(await claimMaybe(member), undefined);
      });

      it('takes the oldest each eighth time, so that urgent ones starve nobody', async () => {
        const old = await add({ priority: 1 });
        await queue.add(Array.from({ length: 30 }, () => newTask({ priority: 10 })));
        const member = await queue.join(worker());
        const taken: string[] = [];
        for (let n = 0; n < 16; n += 1) taken.push((await claim(member)).id);
        assert.ok(taken.slice(0, 8).includes(old), 'within eight claims');
        assert.equal(new Set(taken).size, 16);
      });

      it('passes over what is not admitted, however much of it there is', async () => {
        await queue.add(Array.from({ length: 700 }, () => newTask({ priority: 9, labels: { down: 'yes' } })));
        const wanted = await add({ priority: 1 });
        const member = await queue.join(worker());
        const taken = await claim(member, (task) =>
          task.labels.down === 'yes' ? { take: false, why: 'endpoint' } : { take: true, permits: [] },
        );
        assert.equal(taken.id, wanted);
        assert.equal((await queue.counts()).pending, 700);
      });

      it('gives each task to one of two members', async () => {
        await queue.add(Array.from({ length: 40 }, () => newTask()));
        const other = await backend.open();
        const members = [await queue.join(worker()), await other.join(worker())];
        const takeOut = async (member: Member): Promise<string[]> => {
          const ids: string[] = [];
          for (;;) {
            const taken = await claimMaybe(member);
            if (taken === undefined) return ids;
            ids.push(taken.id);
          }
        };
        const ids = (await Promise.all(members.map(takeOut))).flat();
        assert.equal(ids.length, 40);
        assert.equal(new Set(ids).size, 40);
      });

      it('shows a task in hand as in progress, with its worker', async () => {
        const id = await add();
        const member = await queue.join(worker());
        const taken = await claim(member);
        assert.equal(taken.run, 1);
        assert.equal(taken.task.task_id, id);
        assert.equal(await member.holds(taken), true);
        const found = await record(id);
        assert.equal(found.status, 'in_progress');
        assert.equal(found.attempts[0]?.worker_id, member.workerId);
        assert.equal(await queue.state(id), 'in_progress');
      });

      it('answers with the admission by which the task was taken', async () => {
        await add({ prompt: 'no', priority: 9 });
        await add({ prompt: 'yes' });
        const member = await queue.join(worker());
        backend.lookAgain();
        const admit = ({ prompt }: TaskFile) =>
          prompt === 'yes'
            ? { take: true as const, permits: [], why: `it says ${prompt}` }
            : { take: false as const, why: 'permit' as const };
        const taken = await member.claim(admit);
        assert.equal(taken?.admission.why, 'it says yes');
      });

      it('is looked for beforehand, and nothing is taken or said to wait', async () => {
        const member = await queue.join(worker());
        const peek = (admit: () => Admission): Promise<boolean> => {
          backend.lookAgain();
          return member.peek(admit);
        };
        assert.equal(await peek(takeAll), false);
        const ids = [await add(), await add()];
        assert.equal(await peek(() => ({ take: false, why: 'permit' })), false);
        const [admitted, seen]: [Admission, string[]] = [
          { take: true, permits: [{ name: 'p', cap: 0 }] },
          [],
        ];
        assert.equal(await peek(() => admitted), true, 'permits are not asked for');
        const look = (task: TaskFile): Admission => {
          seen.push(task.task_id);
          return { take: false, why: 'endpoint' };
        };
        assert.equal(await member.peek(look), false);
        assert.deepEqual(seen, ids);
        await member.renew(beat());
        assert.deepEqual([(await record(ids[0] ?? '')).waiting, (await queue.counts()).pending], [null, 2]);
      });

      it('throws away nothing when admit throws', async () => {
        const id = await add();
        const member = await queue.join(worker());
        await assert.rejects(
          claim(member, () => {
            throw new Error('a bug above');
          }),
          /a bug above/,
        );
        assert.equal((await claim(member)).id, id);
      });
    });

    describe('permits', () => {
      const capped = (cap: number) => (): Admission => ({
        take: true,
        permits: [{ name: 'endpoint/a model', cap }],
      });

      it('hold a cap across members, and are given back when a run ends', async () => {
        await queue.add(Array.from({ length: 5 }, () => newTask()));
        const other = await backend.open();
        const [a, b] = [await queue.join(worker()), await other.join(worker())];
        const first = await claim(a, capped(2));
        await claim(b, capped(2));
        assert.equal(await claimMaybe(a, capped(2)), undefined);
        assert.equal(await claimMaybe(b, capped(2)), undefined);
        await end(a, first);
        await claim(b, capped(2));
        assert.equal(await claimMaybe(a, capped(2)), undefined);
        assert.ok(await claimMaybe(a, capped(3)), 'a raised cap gives more');
      });

      it('are all taken or none', async () => {
        await queue.add([newTask(), newTask()]);
        const member = await queue.join(worker());
        await claim(member, () => ({ take: true, permits: [{ name: 'b', cap: 1 }] }));
        const both = (): Admission => ({
          take: true,
          permits: [
            { name: 'a', cap: 1 },
            { name: 'b', cap: 1 },
          ],
        });
        assert.equal(await claimMaybe(member, both), undefined);
        assert.ok(await claimMaybe(member, () => ({ take: true, permits: [{ name: 'a', cap: 1 }] })));
      });

      it('of a dead worker come back', async () => {
        await queue.add(Array.from({ length: 3 }, () => newTask()));
        const [dying, living] = [await queue.join(worker()), await queue.join(worker())];
        await claim(dying, capped(1));
        assert.equal(await claimMaybe(living, capped(1)), undefined);
        await backend.kill(dying);
        await queue.sweepQuickly(budgetOf);
        await claim(living, capped(1));
        assert.equal(await claimMaybe(living, capped(1)), undefined, 'and are not doubled');
      });

      it('may have any name', async () => {
        const names = [
          '..',
          '.',
          '',
          '/',
          'a@b@1',
          '日本語',
          '\n',
          '\ud800',
          'x'.repeat(300),
          `${'x'.repeat(299)}y`,
        ];
        const member = await queue.join(worker());
        for (const name of names) {
          await queue.add([newTask(), newTask()]);
          const admit = (): Admission => ({ take: true, permits: [{ name, cap: 1 }] });
          const taken = await claim(member, admit);
          assert.equal(await claimMaybe(member, admit), undefined, JSON.stringify(name));
          await end(member, taken);
          await end(member, await claim(member, admit));
        }
      });
    });

    describe('ending a run', () => {
      it('records a success with its output', async () => {
        const id = await add();
        const member = await queue.join(worker());
        const taken = await claim(member);
        appendFileSync(taken.scratch.outputPath, 'the answer');
        const settled = await end(member, taken);
        assert.equal(settled.kind === 'settled' && settled.state, 'completed');
        const found = await record(id);
        assert.equal(found.status, 'completed');
        assert.equal(found.result?.success, true);
        assert.equal(found.result?.output, 'the answer');
        assert.equal(found.attempts.length, 1);
        for (const run of [null, 1]) {
          const { path: _, ...output } = (await queue.artifacts.find(id, run, 'output')) ?? {};
          assert.deepEqual(output, { run: 1, bytes: 10 });
        }
        assert.equal(await textOf(id, 1), 'the answer');
        assert.equal(await textOf(id, 1, { from: 4 }), 'answer');
        assert.equal(await textOf(id, 1, { from: 4, to: 7 }), 'ans');
        for (const none of [{ from: 10 }, { from: 4, to: 4 }, { from: 99 }])
          assert.equal(await textOf(id, 1, none), '');
        assert.equal(await queue.artifacts.find(id, 2, 'output'), undefined);
        assert.equal(await textOf(id, 2), '');
        assert.equal(await queue.artifacts.find(id, null, 'patch'), undefined);
        assert.equal(await member.holds(taken), false);
      });

      it('tries charged errors again until the retries are spent', async () => {
        const id = await add();
        const member = await queue.join(worker());
        for (const last of [false, false, true]) {
          const taken = await claim(member);
          const settled = await member.settle(taken, failedWith('exit_nonzero', taken, member), budget);
          assert.ok(settled.kind === 'settled');
          assert.equal(settled.state, last ? 'failed' : 'delayed');
          if (last) break;
          assert.equal((await record(id)).waiting, 'delayed');
          backend.advance(3_600_000);
          await queue.sweepQuickly(budgetOf);
        }
        const found = await record(id);
        assert.equal(found.result?.error?.code, 'exit_nonzero');
        assert.deepEqual(
          found.attempts.map((attempt) => attempt.attempt),
          [1, 2, 3],
        );
      });

      it('tells each run what the earlier ones came to', async () => {
        await add();
        const member = await queue.join(worker());
        const first = await claim(member);
        assert.deepEqual(first.earlier, []);
        await member.settle(
          first,
          failedWith('check_failed', first, member, { feedback: 'two tests fail' }),
          budget,
        );
        backend.advance(3_600_000);
        await queue.sweepQuickly(budgetOf);
        const second = await claim(member);
        assert.equal(second.run, 2);
        assert.deepEqual(
          second.earlier.map((outcome) => outcome.feedback),
          ['two tests fail'],
        );
      });

      it('fails at once what another try cannot help', async () => {
        const id = await add();
        const member = await queue.join(worker());
        const taken = await claim(member);
        await member.settle(taken, failedWith('model_not_found', taken, member), budget);
        assert.equal(await reasonOf(id), 'model_not_found');
      });

      it('charges nothing for an endpoint that is down, and obeys Retry-After', async () => {
        const id = await add();
        const member = await queue.join(worker());
        for (let n = 0; n < 6; n += 1) {
          const taken = await claim(member);
          const outcome = failedWith('endpoint_busy', taken, member, { retry_after: 120 });
          const settled = await member.settle(taken, outcome, noRetries);
          assert.ok(settled.kind === 'settled' && settled.state === 'delayed' && settled.dueMs !== null);
          backend.advance(119_000);
          assert.equal((await queue.sweepQuickly(budgetOf)).promoted, 0);
          backend.advance(2000);
          assert.equal((await queue.sweepQuickly(budgetOf)).promoted, 1);
        }
        await end(member, await claim(member));
        assert.equal(await queue.state(id), 'completed');
      });

      it('puts back at once what was stopped on purpose', async () => {
        const id = await add();
        const member = await queue.join(worker());
        for (let n = 1; n <= 4; n += 1) {
          const taken = await claim(member);
          assert.equal(taken.run, n);
          const settled = await member.settle(taken, failedWith('worker_stopped', taken, member), noRetries);
          assert.equal(settled.kind === 'settled' && settled.state, 'pending');
        }
        await end(member, await claim(member));
        assert.equal((await record(id)).attempts.length, 5);
      });

      it('counts a run once, however often it is settled', async () => {
        const id = await add();
        const member = await queue.join(worker());
        const taken = await claim(member);
        await end(member, taken);
        const again = await member.settle(taken, failedWith('internal', taken, member), budget);
        assert.deepEqual(again, { kind: 'fenced' });
        assert.equal((await record(id)).attempts.length, 1);
        assert.equal(await queue.state(id), 'completed');
      });
    });

    describe('a dead worker', () => {
      it('gives its task back at once, then later, then no more', async () => {
        const id = await add();
        const few: Budget = { ...budget, retries: 0, workerLost: 2 };
        const states: string[] = [];
        for (let n = 0; n < 3; n += 1) {
          const member = await queue.join(worker());
          await claim(member);
          await backend.kill(member);
          const report = await queue.sweep(() => few);
          assert.deepEqual(report.reaped, [member.workerId]);
          states.push((await queue.state(id)) ?? 'nowhere');
          backend.advance(10_000);
          await queue.sweep(() => few);
        }
        assert.deepEqual(states, ['pending', 'delayed', 'failed']);
        assert.equal(await reasonOf(id), 'worker_lost');
        assert.equal((await record(id)).attempts.length, 3);
      });

      it('counts anew after a retry', async () => {
        const id = await add();
        const few: Budget = { ...budget, retries: 0, workerLost: 1 };
        const die = async (): Promise<string | undefined> => {
          const member = await queue.join(worker());
          await claim(member);
          await backend.kill(member);
          await queue.sweep(() => few);
          return queue.state(id);
        };
        assert.equal(await die(), 'pending');
        assert.equal(await die(), 'failed');
        await queue.retry(id);
        assert.equal(await die(), 'pending');
        assert.equal((await record(id)).attempts.length, 3);
      });

      it('changes nothing any more: its late outcome is kept apart', async () => {
        const id = await add();
        const zombie = await queue.join(worker());
        const taken = await claim(zombie);
        await backend.kill(zombie);
        await queue.sweep(budgetOf);
        assert.equal(await zombie.holds(taken), false);
        assert.equal(await zombie.renew(beat()), 'fenced');
        const living = await queue.join(worker());
        const second = await claim(living);
        assert.equal(second.run, 2);
        assert.deepEqual(await zombie.settle(taken, succeeded(taken, zombie), budget), { kind: 'fenced' });
        assert.equal(await queue.state(id), 'in_progress');
        assert.equal(await living.holds(second), true);
        await end(living, second);
        const found = await record(id);
        assert.deepEqual(
          found.attempts.map((attempt) => attempt.error?.code ?? attempt.outcome),
          ['worker_lost', 'success'],
        );
        await add();
        backend.lookAgain();
        await assert.rejects(zombie.claim(takeAll), refuses('worker_lost'));
      });

      it('is cleared up by one of many that look', async () => {
        const id = await add();
        const zombie = await queue.join(worker());
        await claim(zombie);
        await backend.kill(zombie);
        const others = await Promise.all(Array.from({ length: 4 }, () => backend.open()));
        const reports = await Promise.all(others.map((other) => other.sweep(budgetOf)));
        assert.equal(reports.flatMap((report) => report.reaped).length, 1, 'one reaper wins');
        assert.equal((await record(id)).attempts.length, 1);
        assert.equal(await queue.state(id), 'pending');
      });

      it('is not one that only holds still', async () => {
        await add();
        const member = await queue.join(worker());
        const taken = await claim(member);
        backend.advance(86_400_000);
        assert.deepEqual((await queue.sweep(budgetOf)).reaped, []);
        assert.equal(await member.holds(taken), true);
        assert.equal(await member.renew(beat()), 'alive');
      });
    });

    describe('time', () => {
      it('lets a delayed task run when it is due, and says when', async () => {
        const at = new Date(Date.now() + 60_000);
        const id = await add({ not_before: at.toISOString() });
        const member = await queue.join(worker());
        assert.equal((await record(id)).waiting, 'delayed');
        assert.equal((await record(id)).due_at, at.toISOString());
        assert.equal(await queue.nextDueMs(), at.getTime());
        assert.equal((await queue.sweep(budgetOf)).promoted, 0);
        assert.equal(await claimMaybe(member), undefined);
        backend.advance(61_000);
        assert.equal((await queue.sweepQuickly(budgetOf)).promoted, 1);
        assert.equal(await queue.nextDueMs(), null);
        assert.equal((await claim(member)).id, id);
      });

      it('keeps a far time that was asked for, but cuts a back-off that a clock made long', async () => {
        const asked = await add({ not_before: '2199-01-01T00:00:00.000Z' });
        const id = await add();
        const member = await queue.join(worker());
        backend.advance(10 * 86_400_000);
        const taken = await claim(member);
        await member.settle(taken, failedWith('exit_nonzero', taken, member), budget);
        backend.advance(-10 * 86_400_000);
        await queue.sweep(budgetOf);
        const due = Date.parse((await record(id)).due_at ?? '');
        assert.ok(due <= Date.now() + 3_660_000, 'within an hour');
        assert.equal((await record(asked)).due_at, '2199-01-01T00:00:00.000Z');
      });
    });

    describe('tasks that wait for others', () => {
      it('run when all of them completed', async () => {
        const member = await queue.join(worker());
        const [a, b] = [await add(), await add()];
        const child = await add({ after: [a, b] });
        assert.equal((await record(child)).waiting, 'blocked');
        await end(member, await claim(member));
        assert.equal((await queue.sweepQuickly(budgetOf)).unblocked, 0);
        await end(member, await claim(member));
        assert.equal((await queue.sweepQuickly(budgetOf)).unblocked, 1);
        assert.equal((await claim(member)).id, child);
      });

      it('fail with them, down the whole chain, each with its reason', async () => {
        const member = await queue.join(worker());
        const a = await add();
        const b = await add({ after: [a] });
        const c = await add({ after: [b] });
        await end(member, await claim(member), 'failure');
        await until(async () => {
          await queue.sweepQuickly(budgetOf);
          return (await queue.state(c)) === 'failed';
        }, 'the end of the chain');
        for (const id of [b, c]) {
          assert.equal(await reasonOf(id), 'dependency_failed');
          assert.deepEqual((await record(id)).attempts, []);
        }
        assert.match((await record(c)).result?.error?.message ?? '', new RegExp(b));
      });

      it('run after all ended however, where that was asked', async () => {
        const member = await queue.join(worker());
        const a = await add();
        const child = await add({ after_any: [a] });
        assert.equal((await queue.sweepQuickly(budgetOf)).unblocked, 0);
        await end(member, await claim(member), 'failure');
        await queue.sweepQuickly(budgetOf);
        assert.equal(await queue.state(child), 'pending');
      });

      it('come along when a failed one is retried', async () => {
        const member = await queue.join(worker());
        const a = await add();
        const b = await add({ after: [a] });
        const c = await add({ after: [b] });
        const own = await add({ after: [a], type: 'code' });
        await end(member, await claim(member), 'failure');
        await queue.sweep(budgetOf);
        await queue.sweep(budgetOf);
        assert.equal(await queue.retry(a), 'pending');
        for (const id of [b, c, own]) assert.equal(await queue.state(id), 'blocked', id);
        await queue.sweep(budgetOf);
        for (const id of [b, c, own]) assert.equal(await queue.state(id), 'blocked', id);
        for (let n = 0; n < 4; n += 1) {
          await end(member, await claim(member));
          await queue.sweep(budgetOf);
        }
        assert.equal((await queue.counts()).completed, 4);
      });

      it('wait for their time as well, when both were asked', async () => {
        const member = await queue.join(worker());
        const a = await add();
        const child = await add({ after: [a], not_before: new Date(Date.now() + 60_000).toISOString() });
        await end(member, await claim(member));
        await queue.sweepQuickly(budgetOf);
        assert.equal(await queue.state(child), 'delayed');
        backend.advance(61_000);
        await queue.sweepQuickly(budgetOf);
        assert.equal(await queue.state(child), 'pending');
      });

      it('may be added after the other ended', async () => {
        const member = await queue.join(worker());
        const a = await add();
        await end(member, await claim(member));
        const child = await add({ after: [a] });
        await queue.sweepQuickly(budgetOf);
        assert.equal(await queue.state(child), 'pending');
      });
    });

    describe('cancelling', () => {
      it('ends what waits, whatever it waits for', async () => {
        const pending = await add();
        const delayed = await add({ not_before: new Date(Date.now() + 3_600_000).toISOString() });
        const blocked = await add({ after: [pending] });
        for (const id of [blocked, delayed, pending]) {
          assert.deepEqual(await queue.cancel(id), { id, result: 'cancelled' });
          assert.equal(await queue.state(id), 'failed');
          assert.equal(await reasonOf(id), 'cancelled');
          assert.deepEqual(await queue.cancel(id), { id, result: 'already_ended', state: 'failed' });
        }
        assert.equal(await claimMaybe(await queue.join(worker())), undefined);
      });

      it('asks the owner of what runs', async () => {
        const [id, other] = [await add(), await add()];
        const member = await queue.join(worker({ slots: 2 }));
        const taken = await claim(member);
        await claim(member);
        assert.deepEqual(await member.cancelRequests(), []);
        assert.deepEqual(await queue.cancel(id), { id, result: 'asked' });
        await queue.sweep(budgetOf);
        assert.deepEqual(await member.cancelRequests(), [id]);
        await member.settle(taken, failedWith('cancelled', taken, member), budget);
        assert.equal(await reasonOf(id), 'cancelled');
        assert.deepEqual(await member.cancelRequests(), []);
        assert.equal(await queue.state(other), 'in_progress');
      });

      it('changes nothing that has ended', async () => {
        const id = await add();
        const member = await queue.join(worker());
        await end(member, await claim(member));
        assert.deepEqual(await queue.cancel(id), { id, result: 'already_ended', state: 'completed' });
        await queue.sweep(budgetOf);
        assert.equal((await record(id)).result?.success, true);
      });

      it('is not forgotten when the owner dies, gives up or puts the task back', async () => {
        for (const how of ['dies', 'tries later', 'puts back'] as const) {
          const id = await add();
          const member = await queue.join(worker());
          const taken = await claim(member);
          await queue.cancel(id);
          if (how === 'dies') await backend.kill(member);
          else {
            const code = how === 'tries later' ? 'exit_nonzero' : 'worker_stopped';
            await member.settle(taken, failedWith(code, taken, member), budget);
          }
          await queue.sweep(budgetOf);
          assert.equal(await queue.state(id), 'failed', how);
          assert.equal(await reasonOf(id), 'cancelled', how);
        }
      });

      it('reaches a task that is claimed in the same moment', async () => {
        const member = await queue.join(worker());
        const id = await add();
        const taken = await claim(member);
        await queue.cancel(id);
        await member.settle(taken, failedWith('worker_stopped', taken, member), budget);
        assert.equal(await claimMaybe(member), undefined, 'it is not begun again');
        assert.equal(await reasonOf(id), 'cancelled');
      });

      it('lets a cancelled task be retried, and does not come back', async () => {
        const id = await add();
        await queue.cancel(id);
        assert.equal(await queue.retry(id), 'pending');
        await queue.sweep(budgetOf);
        const member = await queue.join(worker());
        await end(member, await claim(member));
        assert.equal(await queue.state(id), 'completed');
      });

      it('refuses what does not exist', async () => {
        await assert.rejects(queue.cancel('task_20200101_000000_000000_aaaa'), refuses('no_such_task'));
        await assert.rejects(queue.cancel('../../pending'), refuses('no_such_task'));
      });
    });

    describe('retrying', () => {
      it('runs an ended task again with budgets of its own, under the same id and key', async () => {
        const id = await add({ key: 'k' });
        const member = await queue.join(worker());
        await end(member, await claim(member), 'failure');
        assert.equal(await queue.retry(id), 'pending');
        const taken = await claim(member);
        assert.equal(taken.run, 2);
        assert.deepEqual(taken.earlier, [], 'budgets begin anew');
        const one: Budget = { ...budget, retries: 1 };
        const settled = await member.settle(taken, failedWith('exit_nonzero', taken, member), one);
        assert.equal(settled.kind === 'settled' && settled.state, 'delayed');
        assert.deepEqual(await queue.add([newTask({ key: 'k' })]), [{ id, existed: true }]);
        assert.equal((await record(id)).attempts.length, 2);
      });

      it('runs a completed task again', async () => {
        const id = await add();
        const member = await queue.join(worker());
        await end(member, await claim(member));
        await queue.retry(id);
        await end(member, await claim(member), 'failure');
        assert.equal(await queue.state(id), 'failed');
      });

      it('goes to one of two who ask at once', async () => {
        const id = await add();
        const member = await queue.join(worker());
        await end(member, await claim(member));
        const other = await backend.open();
        const answers = await Promise.allSettled([queue.retry(id), other.retry(id)]);
        assert.ok(answers.some((answer) => answer.status === 'fulfilled'));
        assert.equal((await queue.counts()).pending, 1);
      });

      it('refuses what has not ended, and what does not exist', async () => {
        const id = await add();
        await assert.rejects(queue.retry(id), refuses('conflict'));
        await assert.rejects(queue.retry('task_20200101_000000_000000_aaaa'), refuses('no_such_task'));
      });

      it('blocks a task whose parent has not completed', async () => {
        const member = await queue.join(worker());
        const parent = await add();
        const child = await add({ after: [parent] });
        await queue.cancel(child);
        assert.equal(await queue.retry(child), 'blocked');
        await end(member, await claim(member));
        await queue.sweepQuickly(budgetOf);
        assert.equal(await queue.state(child), 'pending');
      });
    });

    describe('workers', () => {
      it('are shown with what they hold and say', async () => {
        const member = await queue.join(worker({ label: 'ラップトップ/../x', slots: 3, model: 'm' }));
        const id = await add();
        await claim(member);
        await member.renew(beat({ slots: 2, completed: 4, progress: { [id]: 7 }, notes: ['disk full'] }));
        const [shown] = await queue.workers();
        assert.ok(shown);
        assert.equal(shown.worker_id, member.workerId);
        assert.equal(shown.status, 'busy');
        assert.deepEqual(shown.tasks, [id]);
        assert.equal(shown.slots, 2);
        assert.equal(shown.tasks_completed, 4);
        assert.deepEqual(shown.progress, { [id]: 7 });
        assert.deepEqual(shown.notes, ['disk full']);
        assert.equal(shown.model, 'm');
      });

      it('say what a task waits for that they passed over', async () => {
        const id = await add();
        const member = await queue.join(worker());
        assert.equal(await claimMaybe(member, () => ({ take: false, why: 'endpoint' })), undefined);
        await member.renew(beat());
        assert.equal((await record(id)).waiting, 'endpoint');
        assert.equal((await queue.list({}))[0]?.waiting, 'endpoint');
      });

      it('are offline when silent, and gone when dead', async () => {
        const member = await queue.join(worker());
        await member.renew(beat());
        assert.equal((await queue.workers())[0]?.status, 'idle');
        backend.advance(6 * 60_000);
        assert.equal((await queue.workers())[0]?.status, 'offline');
        await backend.kill(member);
        assert.deepEqual(await queue.workers(), []);
      });

      it('leave without a trace, but not with tasks in hand', async () => {
        const member = await queue.join(worker());
        await add();
        const taken = await claim(member);
        await assert.rejects(member.leave(), refuses('internal'));
        await end(member, taken);
        await member.leave();
        assert.deepEqual(await queue.workers(), []);
        assert.deepEqual((await queue.sweep(budgetOf)).reaped, []);
      });

      it('get messages, the last one, once', async () => {
        const member = await queue.join(worker());
        assert.equal(await member.message(), undefined);
        await queue.tell(member.workerId, { min: 1, max: 2 });
        await queue.tell(member.workerId, { min: 2, max: 3 });
        assert.deepEqual(await member.message(), { min: 2, max: 3 });
        assert.equal(await member.message(), undefined);
      });

      it('may come and go in any number', async () => {
        await queue.add(Array.from({ length: 40 }, () => newTask()));
        const members = await Promise.all(Array.from({ length: 40 }, () => queue.join(worker())));
        assert.equal(new Set(members.map(({ workerId }) => workerId)).size, 40);
        const taken = await Promise.all(members.map((member) => claim(member)));
        assert.equal(new Set(taken.map(({ id }) => id)).size, 40);
        await Promise.all(members.map((member, n) => end(member, taken[n] as Claim)));
        await Promise.all(members.map((member) => member.leave()));
        assert.deepEqual(await queue.workers(), []);
        assert.equal((await queue.counts()).completed, 40);
      });
    });

    describe('sweeping', () => {
      it('finds nothing to do in a queue that is in order, however often', async () => {
        const member = await queue.join(worker());
        await add();
        await claim(member);
        await add({ after: [await add()] });
        for (let n = 0; n < 3; n += 1) {
          assert.deepEqual(await queue.sweep(budgetOf), {
            reaped: [],
            restarted: 0,
            promoted: 0,
            unblocked: 0,
            failed: 0,
            quarantined: 0,
            removed: 0,
          });
        }
      });
    });

    describe('hints', () => {
      it('end a wait soon after something arrives, and on an abort, and at the latest after the time given', async () => {
        const hint = queue.watch();
        const member = await queue.join(worker());
        const started = Date.now();
        await hint.wait(20);
        assert.ok(Date.now() - started < 15_000);
        await hint.wait(60_000, AbortSignal.abort());
        const other = await backend.open();
        let woken = false;
        const waiting = until(async () => {
          await hint.wait(1000);
          return (await member.claim(takeAll)) !== undefined;
        }, 'the task').then(() => {
          woken = true;
        });
        await other.add([newTask()]);
        await waiting;
        assert.equal(woken, true);
        await hint.close();
        await hint.close();
      });

      it('let nobody wait on when they are closed', async () => {
        const hint = queue.watch();
        const waiting = hint.wait(60_000);
        await hint.close();
        await waiting;
        await hint.wait(60_000);
      });
    });
  });
};
