/** What a process may be in the middle of when something happens to it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import {
  beat,
  budget,
  budgetOf,
  failedWith,
  newTask,
  noRetries,
  succeeded,
  takeAll,
} from '../../test/support/builders.ts';
import { lookDead } from '../../test/support/queue/dead.ts';
import { add, FUTURE, failParent, onePermit, PAST } from './prepare.ts';
import type { Aftermath, Scenario, Stage } from './stage.ts';
import { sweepScenarios } from './sweep-scenarios.ts';

const claimOne = async (stage: Stage): Promise<void> => {
  await stage.join();
  const claim = await stage.claim(onePermit);
  fs.writeFileSync(claim.scratch.outputPath, 'the answer');
};

// Whoever was told of it, or went on until it was settled, has the work of the first run.
const endsInFirstRun = ({ ids: { a = '' }, tasks, ended, said, wentOn }: Aftermath): void => {
  if (!wentOn && !said.includes('settled')) return;
  assert.deepEqual([ended(a), tasks.get(a)?.run], ['success', 1]);
};

const settling = (
  name: string,
  how: 'success' | 'exit_nonzero' | 'worker_stopped' | 'model_not_found',
): Scenario => ({
  name,
  prepare: async (queue) => ({ ids: { a: await add(queue) } }),
  act: async (stage) => {
    await claimOne(stage);
    stage.now();
    await stage.settle(
      (claim, member) => (how === 'success' ? succeeded(claim, member) : failedWith(how, claim, member)),
      budget,
    );
  },
  ...(how === 'success' ? { check: endsInFirstRun } : {}),
});

const cancelling = (
  name: string,
  over: (parent: string) => Parameters<typeof newTask>[0],
  running = false,
): Scenario => ({
  name,
  prepare: async (queue) => {
    const parent = await add(queue, { not_before: FUTURE });
    return { ids: { parent, a: await add(queue, over(parent)) } };
  },
  act: async (stage) => {
    const { queue, ids } = stage;
    if (running) await claimOne(stage);
    stage.now();
    stage.say((await queue.cancel(ids['a'] ?? '')).result);
  },
  check: ({ ids: { a = '' }, ended, said }) => {
    if (said.includes('cancelled')) assert.equal(ended(a), 'cancelled');
  },
});

export const scenarios: readonly Scenario[] = [
  {
    name: 'adding',
    adds: true,
    prepare: async () => ({ ids: {} }),
    act: async (stage) => {
      stage.now();
      stage.say(await add(stage.queue));
    },
  },
  {
    name: 'adding with a key',
    adds: true,
    prepare: async () => ({ ids: {} }),
    act: async (stage) => {
      stage.now();
      stage.say(await add(stage.queue, { key: 'k' }));
    },
  },
  {
    name: 'adding a blocked one with a key',
    adds: true,
    prepare: async (queue) => ({ ids: { parent: await add(queue) } }),
    act: async (stage) => {
      stage.now();
      const { parent = '' } = stage.ids;
      stage.say(await add(stage.queue, { key: 'k', after: [parent], not_before: PAST }));
    },
  },
  {
    name: 'adding once more with a key',
    adds: true,
    prepare: async (queue) => ({ ids: { a: await add(queue, { key: 'k' }) } }),
    act: async (stage) => {
      stage.now();
      stage.say(await add(stage.queue, { key: 'k' }));
    },
    check: ({ tasks }) => assert.equal(tasks.size, 1),
  },
  {
    name: 'adding a batch',
    adds: true,
    prepare: async (queue) => ({ ids: { parent: await add(queue, { key: 'known' }) } }),
    act: async (stage) => {
      stage.now();
      const added = await stage.queue.add([
        newTask({ key: 'k', labels: { batch: 'yes' } }),
        newTask({ key: 'known' }),
        newTask({ not_before: PAST, labels: { batch: 'yes' } }),
        newTask({ after: [stage.ids['parent'] ?? ''], labels: { batch: 'yes' } }),
      ]);
      for (const { id } of added) stage.say(id);
    },
  },
  {
    name: 'joining and leaving',
    prepare: async (queue) => ({ ids: { a: await add(queue) } }),
    act: async (stage) => {
      stage.now();
      const member = await stage.join();
      await member.renew(beat());
      stage.member = undefined;
      await member.leave();
    },
  },
  {
    name: 'claiming',
    prepare: async (queue) => ({ ids: { a: await add(queue), b: await add(queue) } }),
    act: async (stage) => {
      const member = await stage.join();
      stage.now();
      const claim = await stage.claim(onePermit);
      await member.recordChild(claim, { pid: 1, startTime: '1' });
    },
  },
  settling('completing', 'success'),
  settling('trying again later', 'exit_nonzero'),
  settling('stopping on purpose', 'worker_stopped'),
  settling('giving up', 'model_not_found'),
  {
    name: 'completing when fenced',
    prepare: async (queue) => ({ ids: { a: await add(queue) } }),
    act: async (stage) => {
      await claimOne(stage);
      lookDead(stage.home, stage.member?.workerId ?? '');
      await stage.queue.sweep(budgetOf);
      stage.now();
      await stage.settle(succeeded, budget);
      stage.member = undefined;
    },
    check: ({ ids: { a = '' }, tasks, ended, said }) => {
      assert.ok(!said.includes('settled'), 'a late completion was taken');
      assert.deepEqual([ended(a), tasks.get(a)?.run], ['success', 2]);
    },
  },
  {
    name: 'setting rubbish aside',
    prepare: async (_queue, home) => {
      const name = '05-task_20200101_000000_000000_aaaa.r0.b0.json';
      fs.writeFileSync(join(home, 'tasks', 'pending', name), '{');
      return { ids: {} };
    },
    act: async (stage) => {
      const member = await stage.join();
      stage.now();
      await member.claim(takeAll);
    },
  },
  {
    name: 'claiming what was cancelled',
    prepare: async (queue, home) => {
      const a = await add(queue);
      fs.writeFileSync(join(home, 'ctl', 'cancel', a), '');
      return { ids: { a } };
    },
    act: async (stage) => {
      const member = await stage.join();
      stage.now();
      await member.claim(onePermit);
    },
    check: ({ ids: { a = '' }, ended }) => assert.equal(ended(a), 'cancelled'),
  },
  cancelling('cancelling', () => ({})),
  cancelling('cancelling a delayed one', () => ({ not_before: FUTURE })),
  cancelling('cancelling a blocked one', (parent) => ({ after: [parent] })),
  cancelling('cancelling a running one', () => ({}), true),
  {
    name: 'retrying with descendants',
    retries: 'a',
    prepare: async (queue) => {
      const a = await add(queue);
      const b = await add(queue, { after: [a] });
      const c = await add(queue, { after: [b] });
      await failParent(queue, a, noRetries);
      for (let n = 0; n < 3; n += 1) await queue.sweep(budgetOf);
      return { ids: { a, b, c } };
    },
    act: async (stage) => {
      stage.now();
      stage.say(await stage.queue.retry(stage.ids['a'] ?? ''));
    },
    check: ({ ids: { a = '', b = '', c = '' }, ended, said }) => {
      const all = said.includes('pending') ? [a, b, c] : [];
      assert.deepEqual(
        all.map(ended),
        all.map(() => 'success'),
      );
    },
  },
  ...sweepScenarios,
];
