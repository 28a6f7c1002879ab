import assert from 'node:assert/strict';
import { cancelTasks } from '../../../src/actions/tasks/cancel.ts';
import type { App } from '../../../src/app/app.ts';
import type { Claim, Member } from '../../../src/queue/queue.ts';
import { projectForEach } from '../../support/app.ts';
import { failedWith, newTask, noRetries, succeeded, takeAll, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';

const PATIENT = { waitMs: 60_000 };

describe('cancelling', () => {
  const project = projectForEach();
  let app: App;
  beforeEach(async () => {
    app = await project().open();
  });

  const add = async (): Promise<string> => (await project().queue.add([newTask()]))[0]?.id ?? '';
  const running = async (): Promise<{ member: Member; claim: Claim }> => {
    await add();
    const member = await project().queue.join(worker());
    return { member, claim: await until(() => member.claim(takeAll)) };
  };
  const asked = (member: Member, { id }: Claim) =>
    until(async () => (await member.cancelRequests()).includes(id));

  it('ends a waiting task at once', async () => {
    const id = await add();
    assert.deepEqual(await cancelTasks(app, [id], { waitMs: 0 }), {
      results: [{ task_id: id, result: 'cancelled' }],
    });
    assert.equal((await project().queue.get(id))?.result?.error?.code, 'cancelled');
  });

  it('waits until a running one was stopped', async () => {
    const { member, claim } = await running();
    const answer = cancelTasks(app, [claim.id], PATIENT);
    await asked(member, claim);
    await member.settle(claim, failedWith('cancelled', claim, member), noRetries);
    assert.deepEqual((await answer).results, [{ task_id: claim.id, result: 'cancelled' }]);
  });

  it('says that a task had completed, or failed, before it could be stopped', async () => {
    const one = await running();
    const two = await running();
    const answer = cancelTasks(app, [one.claim.id, two.claim.id], PATIENT);
    await asked(one.member, one.claim);
    await one.member.settle(one.claim, succeeded(one.claim, one.member), noRetries);
    await two.member.settle(two.claim, failedWith('timeout', two.claim, two.member), noRetries);
    assert.deepEqual((await answer).results, [
      { task_id: one.claim.id, result: 'completed' },
      { task_id: two.claim.id, result: 'failed' },
    ]);
    assert.deepEqual((await cancelTasks(app, [one.claim.id], PATIENT)).results, [
      { task_id: one.claim.id, result: 'completed' },
    ]);
  });

  it('says "asked" of one that still runs when the patience is over, or when it is interrupted', async () => {
    const { claim } = await running();
    const still = [{ task_id: claim.id, result: 'asked' }];
    assert.deepEqual((await cancelTasks(app, [claim.id], { waitMs: 0 })).results, still);
    const signal = AbortSignal.abort();
    assert.deepEqual((await cancelTasks(app, [claim.id], { ...PATIENT, signal })).results, still);
  });

  it('says of a task that there is not that there is none', async () => {
    await assert.rejects(cancelTasks(app, ['task_20990101_000000_000000_aaaa'], PATIENT), {
      code: 'no_such_task',
    });
  });
});
