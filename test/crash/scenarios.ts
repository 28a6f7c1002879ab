/** What a process may be in the middle of when it is killed. `act` runs in that process. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Admission } from '../../src/queue/queue.ts';
import { lookDead } from '../helpers/queue-dead.ts';
import {
  budget,
  budgetOf,
  failedWith,
  newTask,
  noRetries,
  succeeded,
  takeAll,
  worker,
} from '../helpers/queue-home.ts';

export interface Scenario {
  name: string;
  /** Steps before this one are those of another scenario. */
  from?: string;
  /** The name of the id that `act` runs again by hand. */
  retries?: string;
  /** Answers with the ids that are acknowledged before `act` begins, by a name for `act`. */
  prepare(queue: FileQueue, home: string): Promise<Record<string, string>>;
  act(
    queue: FileQueue,
    ids: Readonly<Record<string, string>>,
    acknowledge: (id: string) => void,
    home: string,
  ): Promise<void>;
}

const nothing = async (): Promise<Record<string, string>> => ({});
const add = async (queue: FileQueue, over: Parameters<typeof newTask>[0] = {}): Promise<string> =>
  (await queue.add([newTask(over)]))[0]?.id ?? '';
const onePermit = (): Admission => ({ take: true, permits: [{ name: 'endpoint', cap: 1 }] });
const past = '2020-01-01T00:00:00.000Z';
const future = '2100-01-01T00:00:00.000Z';

const settling = (
  name: string,
  how: 'success' | 'exit_nonzero' | 'worker_stopped' | 'model_not_found',
): Scenario => ({
  name,
  ...(how === 'success' ? {} : { from: 'settle.outcome_written' }),
  prepare: async (queue) => ({ a: await add(queue) }),
  act: async (queue) => {
    const member = await queue.join(worker());
    const claim = await member.claim(onePermit);
    if (claim === undefined) throw new Error('nothing to claim');
    fs.appendFileSync(claim.outputPath, 'the answer');
    await member.settle(
      claim,
      how === 'success' ? succeeded(claim, member) : failedWith(how, claim, member),
      budget,
    );
  },
});

const cancelling = (name: string, over: (parent: string) => Parameters<typeof newTask>[0]): Scenario => ({
  name,
  prepare: async (queue) => {
    const parent = await add(queue, { not_before: future });
    return { parent, a: await add(queue, over(parent)) };
  },
  act: async (queue, { a = '' }) => {
    await queue.cancel(a);
  },
});

const failParent = async (queue: FileQueue, id: string): Promise<void> => {
  const member = await queue.join(worker());
  const claim = await member.claim((task) =>
    task.task_id === id ? { take: true, permits: [] } : { take: false, why: 'endpoint' },
  );
  if (claim === undefined) throw new Error('nothing to claim');
  await member.settle(claim, failedWith('exit_nonzero', claim, member), noRetries);
  await member.leave();
};

export const scenarios: readonly Scenario[] = [
  {
    name: 'adding',
    prepare: nothing,
    act: async (queue, _ids, acknowledge) => acknowledge(await add(queue)),
  },
  {
    name: 'adding with a key',
    prepare: nothing,
    act: async (queue, _ids, acknowledge) => acknowledge(await add(queue, { key: 'k' })),
  },
  {
    name: 'adding a blocked one with a key',
    prepare: async (queue) => ({ parent: await add(queue) }),
    act: async (queue, { parent = '' }, acknowledge) =>
      acknowledge(await add(queue, { key: 'k', after: [parent], not_before: past })),
  },
  {
    name: 'adding a batch',
    prepare: async (queue) => ({ parent: await add(queue, { key: 'known' }) }),
    act: async (queue, { parent = '' }, acknowledge) => {
      const added = await queue.add([
        newTask({ key: 'k', labels: { batch: 'yes' } }),
        newTask({ key: 'known' }),
        newTask({ not_before: past, labels: { batch: 'yes' } }),
        newTask({ after: [parent], labels: { batch: 'yes' } }),
      ]);
      for (const { id } of added) acknowledge(id);
    },
  },
  {
    name: 'dropping in a file',
    from: 'adopt.taken',
    prepare: async (_queue, home) => {
      fs.writeFileSync(join(home, 'tasks', 'pending', 'drop.json'), '{"prompt":"dropped"}');
      return {};
    },
    act: async (queue) => {
      const member = await queue.join(worker());
      await queue.adopt(member.workerId);
      await member.leave();
    },
  },
  {
    name: 'setting rubbish aside',
    from: 'claim.permits_taken',
    prepare: async (_queue, home) => {
      const name = '05-task_20200101_000000_000000_aaaa.r0.b0.json';
      fs.writeFileSync(join(home, 'tasks', 'pending', name), '{');
      return {};
    },
    act: async (queue) => {
      const member = await queue.join(worker());
      await member.claim(takeAll);
    },
  },
  settling('claiming and completing', 'success'),
  settling('trying again later', 'exit_nonzero'),
  settling('stopping on purpose', 'worker_stopped'),
  settling('giving up', 'model_not_found'),
  {
    name: 'claiming what was cancelled',
    from: 'claim.synced',
    prepare: async (queue, home) => {
      const a = await add(queue);
      fs.writeFileSync(join(home, 'ctl', 'cancel', a), '');
      return { a };
    },
    act: async (queue) => {
      const member = await queue.join(worker());
      await member.claim(onePermit);
      await member.leave();
    },
  },
  cancelling('cancelling', () => ({})),
  cancelling('cancelling a delayed one', () => ({ not_before: future })),
  cancelling('cancelling a blocked one', (parent) => ({ after: [parent] })),
  {
    name: 'retrying with descendants',
    retries: 'a',
    prepare: async (queue) => {
      const a = await add(queue);
      const b = await add(queue, { after: [a] });
      const c = await add(queue, { after: [b] });
      await failParent(queue, a);
      for (let n = 0; n < 3; n += 1) await queue.sweep(budgetOf);
      return { a, b, c };
    },
    act: async (queue, { a = '' }) => {
      await queue.retry(a);
    },
  },
  {
    name: 'sweeping',
    prepare: async (queue, home) => {
      const a = await add(queue);
      const dying = await queue.join(worker());
      await dying.claim(onePermit);
      // A second one that had recorded its end already, and the cancel of a third.
      const done = await add(queue);
      const other = await queue.join(worker());
      const claim = await other.claim(takeAll);
      if (claim === undefined) throw new Error('nothing to claim');
      const path = join(home, 'results');
      const day = fs.readdirSync(path)[0] ?? '';
      const outcome = JSON.stringify(succeeded(claim, other));
      fs.writeFileSync(join(path, day, done, 'run-1.json'), outcome);
      fs.writeFileSync(
        join(home, 'tasks', 'in_progress', other.workerId, 'drop.json'),
        '{"prompt":"dropped"}',
      );
      for (const member of [dying, other]) lookDead(home, member.workerId);
      const failed = await add(queue);
      await failParent(queue, failed);
      const parentMarked = await add(queue, { after: [failed] });
      const due = await add(queue, { not_before: past });
      const parent = await add(queue);
      const member = await queue.join(worker());
      const own = await member.claim((task) =>
        task.task_id === parent ? { take: true, permits: [] } : { take: false, why: 'endpoint' },
      );
      if (own === undefined) throw new Error('nothing to claim');
      await member.settle(own, succeeded(own, member), budget);
      await member.leave();
      const met = await add(queue, { after: [parent] });
      const marked = await add(queue);
      fs.writeFileSync(join(home, 'ctl', 'cancel', marked), '');
      // Dead creators: half a file, one whose key leads to it, half a batch, and a committed one.
      const dead = (kind: string, ending: string) =>
        join(home, 'tasks', 'tmp', `${kind}00000000-1-1-${'a'.repeat(20)}${ending}`);
      fs.writeFileSync(dead('', '.json'), '{"ha');
      fs.mkdirSync(dead('batch-', ''));
      fs.writeFileSync(join(dead('batch-', ''), 'x'), '');
      const place = (id: string) => {
        const name = fs.readdirSync(join(home, 'tasks', 'pending')).find((text) => text.includes(id)) ?? '';
        return { name, path: join(home, 'tasks', 'pending', name) };
      };
      const committed = await add(queue, { key: 'committed' });
      fs.mkdirSync(dead('commit-', ''));
      fs.renameSync(place(committed).path, join(dead('commit-', ''), `pending@${place(committed).name}`));
      const keyed = await add(queue, { key: 'keyed' });
      fs.renameSync(place(keyed).path, dead('', 'b.json'));
      return { a, done, failed, parentMarked, due, parent, met, marked, committed, keyed };
    },
    act: async (queue) => {
      await queue.sweep(budgetOf);
      await queue.sweep(budgetOf);
    },
  },
];
