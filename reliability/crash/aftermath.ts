/** Whether all is well after something happened to a process: mended by a healthy one, then worked off. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import type { FileMember } from '../../src/queue/files/claim/file-member.ts';
import { FileQueue, type FileQueueOptions } from '../../src/queue/files/file-queue.ts';
import { budgetOf, newTask, succeeded, takeAll, worker } from '../../test/support/builders.ts';
import { type Census, census } from '../../test/support/census/census.ts';
import { lookDead } from '../../test/support/queue/dead.ts';
import { LightDisk } from '../../test/support/queue/disk.ts';
import { draftFromDrop } from '../../test/support/queue/drop.ts';
import { sealOf } from '../../test/support/state.ts';
import type { Prepared, Scenario } from './stage.ts';

/** A wall clock that can be ahead. */
export class Clock {
  aheadMs = 0;
  readonly nowMs = (): number => Date.now() + this.aheadMs;
}

// Who mends need not wait for the device: what a killed process did is known to the kernel, synced or not.
export const openHealthy = (home: string, options: Partial<FileQueueOptions> = {}): FileQueue =>
  new FileQueue({ home, seal: sealOf(home), draftFromDrop, disk: new LightDisk(), ...options });

const YEARS_MS = 200 * 365 * 86_400_000;
const LONGEST_BACKOFF_MS = 3_700_000;
const ROUNDS = 6;

/** Works everything off as a daemon would, with time going by. `others`: tasks in the hands of others. */
export const workOff = async (
  queue: FileQueue,
  clock: Clock,
  member: FileMember,
  others = 0,
): Promise<void> => {
  for (let round = 0; round < ROUNDS; round += 1) {
    clock.aheadMs = YEARS_MS + round * LONGEST_BACKOFF_MS;
    await queue.sweep(budgetOf);
    await queue.adopt(member.workerId);
    // As its watcher says.
    member.candidates.lookAgain();
    for (;;) {
      const claim = await member.claim(takeAll);
      if (claim === undefined) break;
      await member.settle(claim, succeeded(claim, member), budgetOf());
    }
    await queue.sweep(budgetOf);
    const { pending, in_progress } = await queue.counts();
    if (pending + in_progress === others) return;
  }
};

export interface Story {
  home: string;
  scenario: Scenario;
  prepared: Prepared;
  /** What the process said until it ended. */
  said: readonly string[];
  wentOn: boolean;
  /** Of the task that it was told that nothing was added. */
  nothingAdded?: boolean;
}

const acknowledgedIn = ({ prepared, said }: Pick<Story, 'prepared' | 'said'>): string[] => [
  ...Object.values(prepared.ids),
  ...said.filter((word) => word.startsWith('task_')),
];

const retriedIn = ({ scenario, prepared }: Pick<Story, 'scenario' | 'prepared'>): string[] =>
  scenario.retries === undefined ? [] : [prepared.ids[scenario.retries] ?? ''];

/** Throws for what is not as it was promised. */
export const judge = async (story: Story): Promise<void> => {
  const { home, scenario, prepared, nothingAdded = false } = story;
  const expected = { acknowledged: acknowledgedIn(story), retried: retriedIn(story) };
  const holders = prepared.bystander === undefined ? [] : [prepared.bystander.workerId];
  const queue = openHealthy(home);
  await queue.sweep(budgetOf);
  const after = census(home, { ...expected, holders });
  // What was dropped in is no task before a daemon has looked at it.
  const faults = after.faults.filter((fault) => !/ drop.json$|_aaaa /.test(fault));
  assert.deepEqual(faults, [], 'after a sweep');
  await checkQueue(queue, after);
  checkBystander(prepared, after);
  const known = new Set(Object.values(prepared.ids));
  const fresh = [...after.tasks.keys()].filter((id) => !known.has(id) && !id.endsWith('_aaaa'));
  if (nothingAdded) assert.deepEqual(fresh, [], 'it was said that nothing was added');
  await checkBatchAndKey(queue);
  for (const worker of holders) lookDead(home, worker);
  const clock = new Clock();
  const late = openHealthy(home, { nowMs: clock.nowMs });
  const member = await late.join(worker());
  await workOff(late, clock, member);
  await member.leave();
  await late.sweep(budgetOf);
  const ended = census(home, expected);
  assert.deepEqual(ended.faults, [], 'after all is worked off');
  for (const { id, state } of ended.tasks.values()) {
    assert.ok(['completed', 'failed'].includes(state), `${id} is ${state} for ever`);
  }
  scenario.check?.({
    ids: prepared.ids,
    tasks: ended.tasks,
    ended: (id) => endOf(home, ended, id),
    prompts: [...ended.tasks.values()].map(({ path }) => String(read(path)['prompt'])),
    said: story.said,
    wentOn: story.wentOn,
  });
};

/** As `judge`, of a home in which the process goes on: `workerId` is its worker, and all is worked off. */
export const judgeLiving = async (story: Story, workerId: string, own: RegExp): Promise<void> => {
  const { home, prepared } = story;
  await openHealthy(home).sweep(budgetOf);
  const holders = [workerId, ...(prepared.bystander === undefined ? [] : [prepared.bystander.workerId])];
  const after = census(home, { acknowledged: acknowledgedIn(story), retried: retriedIn(story), holders });
  // What it could not finish is its own as long as it lives.
  const faults = after.faults.filter(
    (fault) => !(/^(?:tmp|run|run\/children|in_progress) has /.test(fault) && own.test(fault)),
  );
  assert.deepEqual(faults, [], 'while it goes on');
  checkBystander(prepared, after);
  for (const { id, state } of after.tasks.values()) {
    const ended = ['completed', 'failed'].includes(state) || id === prepared.bystander?.id;
    assert.ok(ended, `${id} is ${state} for ever while it goes on`);
  }
};

const checkQueue = async (queue: FileQueue, { tasks }: Census): Promise<void> => {
  assert.deepEqual(
    (await queue.list({})).map((record) => record.task_id).sort(),
    [...tasks.keys()].filter((id) => !id.endsWith('_aaaa')).sort(),
    'the queue lists what is there',
  );
  for (const task of tasks.values()) assert.equal(await queue.state(task.id), task.state);
};

const checkBystander = ({ bystander }: Prepared, { tasks }: Census): void => {
  if (bystander === undefined) return;
  const { state, worker: holder, run } = tasks.get(bystander.id) ?? {};
  assert.deepEqual(
    [state, holder, run],
    ['in_progress', bystander.workerId, 1],
    'a living worker has its task',
  );
};

const checkBatchAndKey = async (queue: FileQueue): Promise<void> => {
  const batch = (await queue.list({ labels: { batch: 'yes' } })).length;
  assert.ok(batch === 0 || batch === 3, `${batch} of a batch of 3`);
  const first = (await queue.list({})).find((record) => record.key === 'k');
  if (first === undefined) return;
  const { type, prompt, labels, after: parents, not_before } = first;
  const again = newTask({ type, prompt, labels, after: parents, not_before, key: 'k' });
  assert.deepEqual(await queue.add([again]), [{ id: first.task_id, existed: true }], 'the task of the key');
};

const read = (path: string): Record<string, unknown> =>
  JSON.parse(fs.readFileSync(path, 'utf8')) as Record<string, unknown>;

const endOf = (home: string, { tasks }: Census, id: string): string => {
  const day = `${id.slice(5, 9)}-${id.slice(9, 11)}-${id.slice(11, 13)}`;
  const outcome = read(join(home, 'results', day, id, `run-${tasks.get(id)?.run}.json`));
  return outcome['outcome'] === 'success'
    ? 'success'
    : String((outcome['error'] as { code?: string } | null)?.code);
};
