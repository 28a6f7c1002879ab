import assert from 'node:assert/strict';
import fs from 'node:fs';
import { beat, budgetOf, failedWith, newTask, takeAll, worker } from '../support/builders.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEARS = 10 * 365 * DAY;

describe('a wall clock that is wrong', () => {
  let home: TestHome;
  let ahead = 0;
  const nowMs = (): number => Date.now() + ahead;
  beforeEach(async () => {
    ahead = 0;
    home = await makeHome();
  });
  afterEach(() => home.remove());

  const dueIn = async (): Promise<number> => ((await home.open().nextDueMs()) ?? Number.NaN) - Date.now();
  const near = (ms: number, expected: number): void =>
    assert.ok(Math.abs(ms - expected) < 10_000, `due in ${ms} ms, not in ${expected}`);

  for (const [name, by] of [
    ['an hour ahead', HOUR],
    ['a day behind', -DAY],
    ['ten years ahead', YEARS],
  ] as const) {
    it(`and ${name} makes no daemon look offline, nor one that is silent look well`, async () => {
      const member = await home.open().join(worker());
      await member.renew(beat());
      const shown = async () => (await home.open({ nowMs }).workers())[0]?.status;
      ahead = by;
      assert.equal(await shown(), 'idle');
      const path = home.path('run', `${member.workerId}.beat`);
      const said = JSON.parse(fs.readFileSync(path, 'utf8'));
      fs.writeFileSync(path, JSON.stringify({ ...said, steady_ms: said.steady_ms - 6 * MINUTE }));
      assert.equal(await shown(), 'offline');
    });
  }

  for (const [name, by] of [
    ['a day', DAY],
    ['ten years', YEARS],
  ] as const) {
    it(`by ${name} when a task was asked for in two hours: once it is right, the task waits two hours`, async () => {
      ahead = by;
      const notBefore = new Date(nowMs() + 2 * HOUR).toISOString();
      const [added] = await home.open({ nowMs }).add([newTask({ not_before: notBefore })]);
      for (let n = 0; n < 3; n += 1) await home.open().sweep(budgetOf);
      near(await dueIn(), 2 * HOUR);
      ahead = 2 * HOUR + MINUTE;
      assert.equal((await home.open({ nowMs }).sweep(budgetOf)).promoted, 1);
      assert.equal(await home.open().state(added?.id ?? ''), 'pending');
    });

    it(`by ${name} when a task failed: once it is right, it is tried again as soon as was meant`, async () => {
      ahead = by;
      const queue = home.open({ nowMs });
      await queue.add([newTask()]);
      const member = await queue.join(worker());
      const claim = await member.claim(takeAll);
      assert.ok(claim);
      const at = new Date(nowMs()).toISOString();
      const outcome = failedWith('endpoint_busy', claim, member, {
        started_at: at,
        ended_at: at,
        retry_after: 300,
      });
      await member.settle(claim, outcome, budgetOf());
      await home.open().sweep(budgetOf);
      near(await dueIn(), 5 * MINUTE);
    });
  }

  it('leaves alone what was asked for at a far time by one that is right', async () => {
    const notBefore = new Date(Date.now() + YEARS).toISOString();
    await home.open().add([newTask({ not_before: notBefore })]);
    await home.open().sweep(budgetOf);
    near(await dueIn(), YEARS);
  });

  it('gives ids that rise in one process, and that no two tasks share', async () => {
    const queue = home.open({ nowMs });
    const ids: string[] = [];
    for (const by of [0, YEARS, -DAY, HOUR, 0]) {
      ahead = by;
      for (const { id } of await queue.add([newTask(), newTask()])) ids.push(id);
    }
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(new Set(ids).size, ids.length);
  });
});
