/** Being in the middle of what daemons do for others: sweeping, promoting, adopting. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import { budget, budgetOf, noRetries, succeeded, worker } from '../../test/support/builders.ts';
import { lookDead } from '../../test/support/queue/dead.ts';
import { add, FUTURE, failParent, only, PAST } from './prepare.ts';
import type { Aftermath, Prepared, Scenario, Stage } from './stage.ts';

const DROPPED = '{"prompt":"dropped"}';
const oneDropped = ({ prompts }: Aftermath): void =>
  assert.equal(prompts.filter((prompt) => prompt === 'dropped').length, 1, 'tasks made of the dropped file');

const sweepOnce = async (stage: Stage): Promise<void> => {
  stage.now();
  await stage.queue.sweep(budgetOf);
};

/** A worker of the preparing process, which lives, with a task in its hands: nobody may take it away. */
const bystander = async (queue: FileQueue): Promise<NonNullable<Prepared['bystander']>> => {
  const id = await add(queue);
  const member = await queue.join(worker());
  await member.claim(only(id, 'in use'));
  return { workerId: member.workerId, id };
};

/** A worker that died with a task running, and one that died with its task's end written and a dropped file taken. */
const twoDead = async (queue: FileQueue, home: string): Promise<Record<string, string>> => {
  const a = await add(queue);
  const dying = await queue.join(worker());
  await dying.claim(only(a, 'endpoint'));
  const done = await add(queue);
  const other = await queue.join(worker());
  const claim = await other.claim(only(done));
  if (claim === undefined) throw new Error('nothing to claim');
  const outcome = JSON.stringify(succeeded(claim, other));
  fs.writeFileSync(join(claim.scratch.outputPath, '..', 'run-1.json'), outcome);
  fs.writeFileSync(join(home, 'tasks/in_progress', other.workerId, 'drop.json'), DROPPED);
  for (const member of [dying, other]) lookDead(home, member.workerId);
  return { a, done };
};

/** What creators that died left: half a file, one whose key leads to it, half a batch, and a committed one. */
const halfMade = async (queue: FileQueue, home: string): Promise<Record<string, string>> => {
  const tmp = (kind: string, ending: string): string =>
    join(home, 'tasks/tmp', `${kind}00000000-1-1-${'a'.repeat(20)}${ending}`);
  fs.writeFileSync(tmp('', '.json'), '{"ha');
  fs.mkdirSync(tmp('batch-', ''));
  fs.writeFileSync(join(tmp('batch-', ''), 'x'), '');
  fs.mkdirSync(tmp('commit-', ''));
  const pending = join(home, 'tasks/pending');
  const nameOf = (id: string): string => fs.readdirSync(pending).find((name) => name.includes(id)) ?? '';
  const committed = await add(queue, { key: 'committed' });
  const name = nameOf(committed);
  fs.renameSync(join(pending, name), join(tmp('commit-', ''), `pending@${name}`));
  const keyed = await add(queue, { key: 'keyed' });
  fs.renameSync(join(pending, nameOf(keyed)), tmp('', 'b.json'));
  return { committed, keyed };
};

/** One task whose time has come, and one for each end of what they waited for. */
const nowDue = async (queue: FileQueue): Promise<Record<string, string>> => {
  const parent = await add(queue);
  const member = await queue.join(worker());
  const claim = await member.claim(only(parent));
  if (claim === undefined) throw new Error('nothing to claim');
  await member.settle(claim, succeeded(claim, member), budget);
  await member.leave();
  const failed = await add(queue);
  await failParent(queue, failed, noRetries);
  const due = await add(queue, { not_before: PAST });
  const unmet = await add(queue, { after: [failed] });
  const met = await add(queue, { after: [parent] });
  const later = await add(queue, { after: [parent], not_before: FUTURE });
  return { parent, failed, due, unmet, met, later };
};

export const sweepScenarios: readonly Scenario[] = [
  {
    name: 'sweeping up after dead workers',
    prepare: async (queue, home) => {
      const living = await bystander(queue);
      return { ids: await twoDead(queue, home), bystander: living };
    },
    act: sweepOnce,
    check: (after) => {
      oneDropped(after);
      const { done = '' } = after.ids;
      assert.deepEqual([after.ended(done), after.tasks.get(done)?.run], ['success', 1]);
    },
  },
  {
    name: 'sweeping up half-made files',
    prepare: async (queue, home) => {
      const ids = await halfMade(queue, home);
      const marked = await add(queue);
      fs.writeFileSync(join(home, 'ctl/cancel', marked), '');
      // As after they were used up.
      fs.rmSync(join(home, 'reserve/reserve-00'), { force: true });
      fs.rmdirSync(join(home, 'tasks/in_progress/slot-00'));
      return { ids: { ...ids, marked } };
    },
    act: sweepOnce,
    check: ({ ids: { marked = '' }, ended }) => assert.equal(ended(marked), 'cancelled'),
  },
  {
    name: 'promoting what is due',
    prepare: async (queue) => ({ ids: await nowDue(queue) }),
    act: async (stage) => {
      stage.now();
      await stage.queue.sweepQuickly(budgetOf);
    },
    check: ({ ids: { unmet = '', ...others }, ended }) => {
      assert.equal(ended(unmet), 'dependency_failed');
      const { due = '', met = '', later = '' } = others;
      assert.deepEqual([due, met, later].map(ended), ['success', 'success', 'success']);
    },
  },
  {
    name: 'adopting a dropped file',
    prepare: async (queue, home) => {
      fs.writeFileSync(join(home, 'tasks/pending/drop.json'), DROPPED);
      return { ids: { a: await add(queue) } };
    },
    act: async (stage) => {
      const member = await stage.join();
      stage.now();
      await stage.queue.adopt(member.workerId);
    },
    check: oneDropped,
  },
];
