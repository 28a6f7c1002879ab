import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { startTimeOf } from '../../src/process/liveness.ts';
import { WORKER_LOST_BUDGET } from '../../src/route/plan.ts';
import { builtKoubou } from '../support/koubou/built.ts';
import { type Daemon, Daemons } from '../support/koubou/daemon.ts';
import { loseWorkers } from '../support/queue/lost-runs.ts';
import { seeded } from '../support/seeded.ts';
import { until } from '../support/until.ts';

describe('a daemon that is killed', () => {
  let daemons: Daemons;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
  });

  beforeEach(async () => {
    daemons = await Daemons.make();
  });

  afterEach(() => daemons.remove());

  // How soon is in test/worker/pool.test.ts, by a clock that no load moves.
  it('leaves its task to another, and no child behind', async function () {
    if (process.platform !== 'linux') this.skip();
    const first = await daemons.start(['--workers', '1']);
    // The grandchild has a session of its own: it hears of no group's end.
    const id = await daemons.shell(
      'test -e begun && { echo again; exit; }; touch begun; sleep 300 & echo $! > child; setsid sh -c "echo \\$\\$ > grandchild; exec sleep 300" & wait',
    );
    const [child, grandchild] = [
      Number(await daemons.said('child')),
      Number(await daemons.said('grandchild')),
    ];
    const second = await daemons.start(['--workers', '1']);
    await until(async () => (await daemons.queue.workers()).length === 2, 'two workers');
    first.kill('SIGKILL');
    const record = await daemons.ended(id);
    assert.equal(record.status, 'completed');
    assert.equal(record.result?.output, 'again\n');
    const [lost, again] = record.attempts;
    assert.equal(record.attempts.length, 2);
    assert.equal(lost?.error?.code, 'worker_lost');
    assert.equal(lost?.charged, false);
    assert.equal(lost?.worker_id, first.workerId);
    assert.equal(again?.worker_id, second.workerId);
    assert.equal(startTimeOf(child), null);
    assert.equal(startTimeOf(grandchild), null);
    assert.deepEqual(daemons.children(), []);
  });

  it('is not taken for dead when it is only stopped', async () => {
    const first = await daemons.start(['--workers', '1']);
    const id = await daemons.shell('echo $$ > started; while ! test -e go; do sleep 0.05; done; echo mine');
    await daemons.said('started');
    first.kill('SIGSTOP');
    const second = await daemons.start(['--workers', '1']);
    // Due in one and a half seconds: the other has swept more than once before it runs.
    const later = await daemons.shell('touch go', {
      not_before: new Date(Date.now() + 1500).toISOString(),
    });
    await daemons.ended(later);
    assert.equal((await daemons.record(id)).status, 'in_progress');
    assert.ok(!second.events().some(({ event }) => event === 'workers_reaped'));
    first.kill('SIGCONT');
    const record = await daemons.ended(id);
    assert.equal(record.attempts.length, 1);
    assert.equal(record.attempts[0]?.worker_id, first.workerId);
  });

  it('gives its task back when the same home is worked on later', async () => {
    const id = await daemons.shell('test -e begun && exit; touch begun; echo $$ > started; exec sleep 300');
    const daemon = await daemons.start();
    await daemons.said('started');
    daemon.kill('SIGKILL');
    await daemon.ended;
    assert.equal((await daemons.koubou(['work', '--drain'])).code, 0);
    assert.equal((await daemons.record(id)).status, 'completed');
  });

  // Few of them here: reliability/storms has hundreds.
  it('loses and doubles nothing, however often it is killed', async function () {
    this.timeout(60_000);
    const count = 8;
    const random = seeded(20_251_121);
    const ids = await Promise.all(
      Array.from({ length: count }, (_, number) => daemons.shell(`sleep 0.3; echo ${number}`)),
    );
    const alive: Daemon[] = [];
    for (let kills = 0; kills < 4; kills += 1) {
      while (alive.length < 2) alive.push(await daemons.start(['--workers', '2']));
      const wait = 50 + random() * 600;
      await delay(wait);
      const [victim] = alive.splice(Math.floor(random() * alive.length), 1);
      victim?.kill('SIGKILL');
      await victim?.ended;
    }
    for (const daemon of alive) daemon.kill('SIGKILL');
    await Promise.all(alive.map(({ ended }) => ended));
    const { code, stdout, stderr } = await daemons.koubou(['work', '--drain', '--workers', '4']);
    assert.equal(code, 0, stdout + stderr);
    const places = daemons.places();
    for (const [number, id] of ids.entries()) {
      const record = await daemons.record(id);
      assert.equal(record.status, 'completed', JSON.stringify(record.attempts));
      assert.equal(record.result?.output, `${number}\n`);
      assert.equal(places.get(id)?.length, 1, `${id} lies in ${places.get(id)?.join(' and ')}`);
      assert.equal(record.attempts.filter(({ outcome }) => outcome === 'success').length, 1);
    }
    assert.equal(places.size, count);
    assert.deepEqual(daemons.children(), []);
    assert.deepEqual(await daemons.queue.workers(), []);
  });

  it('by its task each time gives that task up after a while, and goes on with the others', async function () {
    if (process.platform !== 'linux') this.skip();
    const poison = await daemons.shell('kill -9 $PPID', { priority: 10 });
    // All but the last death are played; reliability/storms has them happen.
    await loseWorkers(daemons.home, WORKER_LOST_BUDGET);
    const other = await daemons.shell('echo fine');
    let deaths = 0;
    while ((await daemons.record(poison)).status !== 'failed') {
      assert.ok(deaths < 30, 'it is never given up');
      const daemon = await daemons.start(['--drain', '--workers', '1']);
      const { code } = await daemon.ended;
      if (code !== 0) deaths += 1;
    }
    const record = await daemons.record(poison);
    assert.equal(record.result?.error?.code, 'worker_lost');
    assert.equal(record.attempts.length, WORKER_LOST_BUDGET + 1);
    assert.equal(deaths, 1);
    assert.equal((await daemons.ended(other)).result?.output, 'fine\n');
  });
});
