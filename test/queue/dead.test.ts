import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { selfIdentity } from '../../src/process/liveness.ts';
import { dayOf } from '../../src/task/id.ts';
import { beat, budget, budgetOf, newTask, succeeded, takeAll, worker } from '../support/builders.ts';
import { census } from '../support/census/census.ts';
import { lookDead, lookElsewhere, lookRebooted } from '../support/queue/dead.ts';
import { machineAhead, makeHome, type TestHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('who is dead', () => {
  let home: TestHome;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    home.remove();
  });

  const startHolder = async () => {
    const gate = home.path('gate');
    const child = spawn(
      process.execPath,
      [fileURLToPath(import.meta.resolve('./holder.ts')), home.home, gate],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<Record<string, string>> => JSON.parse((await lines.next()).value ?? '');
    return { child, gate, next, ...((await next()) as { workerId: string; id: string }) };
  };
  const processState = (pid: number | undefined): string | undefined =>
    fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];

  it('is not a stopped process; once it is fenced all the same, its late outcome changes nothing', async function () {
    if (process.platform !== 'linux') this.skip();
    const queue = home.open();
    const [added] = await queue.add([newTask()]);
    const id = added?.id ?? '';
    const zombie = await startHolder();
    zombie.child.kill('SIGSTOP');
    await until(() => processState(zombie.child.pid) === 'T', 'the stop');
    assert.deepEqual((await queue.sweep(budgetOf)).reaped, [], 'a stopped process is not dead');
    // What the sweep of one with a wrong verdict does.
    const folder = home.path('tasks/in_progress');
    fs.renameSync(join(folder, zombie.workerId), join(folder, `.reap-${zombie.workerId}`));
    await queue.sweep(budgetOf);
    assert.equal(await queue.state(id), 'pending');
    const member = await queue.join(worker());
    const claim = await member.claim(takeAll);
    assert.ok(claim);
    await member.settle(claim, succeeded(claim, member, { evidence: 'from the living' }), budget);
    const results = home.path('results', dayOf(id), id);
    const stored = () => [1, 2].map((run) => fs.readFileSync(join(results, `run-${run}.json`), 'utf8'));
    const before = stored();
    fs.writeFileSync(zombie.gate, '');
    zombie.child.kill('SIGCONT');
    assert.deepEqual(await zombie.next(), { kind: 'fenced' });
    await once(zombie.child, 'close');
    assert.deepEqual(stored(), before);
    const late = fs.readdirSync(join(results, 'late'));
    assert.equal(late.length, 1);
    const kept = JSON.parse(fs.readFileSync(join(results, 'late', late[0] ?? ''), 'utf8'));
    assert.equal(kept.evidence, 'from the zombie');
    const found = await queue.get(id);
    assert.equal(found?.attempts[1]?.evidence, 'from the living');
    assert.equal(found?.result?.output, '', 'nor does it show the output of the other run');
    await member.leave();
    await queue.sweep(budgetOf);
    assert.deepEqual(census(home.home).faults, []);
  });

  it('is a killed process, whose task and children are taken from it', async () => {
    const queue = home.open();
    await queue.add([newTask()]);
    const holder = await startHolder();
    assert.deepEqual((await queue.sweep(budgetOf)).reaped, []);
    const child = spawn('sleep', ['600'], {
      env: { ...process.env, KOUBOU_RUN: `${holder.workerId}/${holder.id}.r1` },
      detached: true,
      stdio: 'ignore',
    });
    children.push(child);
    const bystander = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    children.push(bystander);
    await Promise.all([once(child, 'spawn'), once(bystander, 'spawn')]);
    const ended = once(child, 'close');
    holder.child.kill('SIGKILL');
    await once(holder.child, 'close');
    assert.deepEqual((await queue.sweep(budgetOf)).reaped, [holder.workerId]);
    await ended;
    assert.equal(bystander.exitCode ?? bystander.signalCode, null, 'nobody else was stopped');
    assert.equal(await queue.state(holder.id), 'pending');
    assert.deepEqual(census(home.home).faults, []);
  });

  const verdicts: [name: string, change: (home: string, id: string) => void, dead: boolean][] = [
    ['one whose pid another process has now', lookDead, true],
    ['one without a run file', (at, id) => fs.rmSync(join(at, 'run', `${id}.json`)), true],
    ['one whose run file is torn', (at, id) => fs.writeFileSync(join(at, 'run', `${id}.json`), '{"pi'), true],
  ];
  for (const [name, change, dead] of verdicts) {
    it(`is ${name}`, async () => {
      const queue = home.open();
      const [added] = await queue.add([newTask()]);
      const member = await queue.join(worker());
      await member.claim(takeAll);
      change(home.home, member.workerId);
      assert.deepEqual((await queue.sweep(budgetOf)).reaped, dead ? [member.workerId] : []);
      assert.equal(await queue.state(added?.id ?? ''), dead ? 'pending' : 'in_progress');
      assert.equal(await member.renew(beat()), 'fenced');
      assert.deepEqual(census(home.home).faults, []);
    });
  }

  it('is one of another boot after three beats that did not come, and not while a clone of this machine beats', async () => {
    let ahead = 0;
    const queue = home.open({ machine: machineAhead(() => ahead), nowMs: () => Date.now() + ahead });
    const [added] = await queue.add([newTask()]);
    const member = await queue.join(worker({ beat_seconds: 4 }));
    await member.claim(takeAll);
    lookRebooted(home.home, member.workerId);
    const look = async (seconds: number) => {
      ahead += seconds * 1000;
      return (await queue.sweep(budgetOf)).reaped.length;
    };
    for (let n = 0; n < 5; n += 1) {
      await member.renew(beat({ completed: n }));
      assert.deepEqual([await look(0), await look(11)], [0, 0]);
    }
    assert.equal(await queue.state(added?.id ?? ''), 'in_progress');
    assert.equal(await look(2), 1);
    assert.equal(await queue.state(added?.id ?? ''), 'pending');
    assert.equal(await member.renew(beat()), 'fenced');
    assert.deepEqual(census(home.home).faults, []);
  });

  it('is one elsewhere only after a minute without a beat, by the clock of who looks', async () => {
    let ahead = 0;
    const machine = machineAhead(() => ahead);
    const queue = home.open({ machine, nowMs: () => Date.now() + ahead });
    await queue.add([newTask()]);
    const member = await queue.join(worker());
    await member.claim(takeAll);
    lookElsewhere(home.home, member.workerId);
    const look = async (seconds: number) => {
      ahead += seconds * 1000;
      return (await queue.sweepQuickly(budgetOf)).reaped.length;
    };
    for (let n = 0; n < 5; n += 1) {
      await member.renew(beat({ completed: n }));
      assert.equal(await look(50), 0);
    }
    assert.equal(await look(1), 0);
    assert.equal(await look(58), 0);
    assert.equal(
      await home
        .open({ machine })
        .sweepQuickly(budgetOf)
        .then((report) => report.reaped.length),
      0,
    );
    assert.equal(await look(3), 1);
  });

  it('is a creator of half-made files elsewhere only after a minute, by the clock of who looks', async () => {
    let ahead = 0;
    const machine = machineAhead(() => ahead);
    const queue = home.open({ machine });
    const [added] = await queue.add([newTask({ key: 'k' })]);
    const { bootId } = selfIdentity();
    const name = `${bootId.replaceAll('-', '').slice(0, 8)}-${process.pid}-1-${'0'.repeat(20)}`;
    const pending = home.path('tasks/pending', `05-${added?.id}.r0.b0.json`);
    fs.renameSync(pending, home.path('tasks/tmp', `${name}.json`));
    await queue.sweep(budgetOf);
    assert.equal(await queue.state(added?.id ?? ''), undefined, 'it may be on its way');
    ahead += 61_000;
    await queue.sweep(budgetOf);
    assert.equal(await queue.state(added?.id ?? ''), 'pending');
    assert.deepEqual(census(home.home).faults, []);
  });

  it('is not the daemon of another home that happens to have the same label', async () => {
    const queue = home.open();
    const members = await Promise.all([1, 2, 3].map(() => queue.join(worker({ label: 'same' }))));
    lookDead(home.home, members[0]?.workerId ?? '');
    assert.deepEqual((await queue.sweep(budgetOf)).reaped, [members[0]?.workerId]);
    assert.equal((await queue.workers()).length, 2);
  });
});
