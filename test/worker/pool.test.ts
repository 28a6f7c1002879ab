import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { errorInfo } from '../../src/errors.ts';
import { OpenAiRunner } from '../../src/runner/model/openai-compatible.ts';
import { newTask } from '../support/builders.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { lookDead } from '../support/queue/dead.ts';
import { startScriptedServer, steps } from '../support/servers/scripted-server.ts';
import { until } from '../support/until.ts';
import { FakeRunner, failure, gate, Rig, replacing, untilStopped } from '../support/worker/rig.ts';

describe('a daemon', () => {
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.make();
  });

  afterEach(() => rig.remove());

  /** No time passes for the daemons of this test but what it lets pass. */
  const stopTime = async (): Promise<ManualClock> => {
    const clock = new ManualClock();
    await rig.remove();
    rig = await Rig.make(undefined, clock);
    return clock;
  };

  const slots = async (): Promise<number | undefined> => (await rig.queue.workers())[0]?.slots;

  it('says that its config was changed, as long as that is so', async () => {
    let outdated = false;
    rig.start(new FakeRunner(), { heartbeatSeconds: 0.05, outdated: () => outdated });
    const noted = async () => (await rig.queue.workers())[0]?.notes.join() ?? '';
    outdated = true;
    await until(async () => (await noted()).startsWith('config/ was changed'), 'the note');
    outdated = false;
    await until(async () => (await noted()) === '', 'its end');
  });

  describe('whose endpoint is down', () => {
    const server = (): FakeRunner => new FakeRunner(() => 'done', { maxConcurrent: 9 });

    it('claims nothing for it, probes it, and goes on when it is back', async () => {
      const clock = await stopTime();
      const runner = server();
      runner.down();
      const id = await rig.add();
      const daemon = rig.start(runner, { heartbeatSeconds: 1, probeSeconds: { first: 5, last: 60 } });
      await until(() => runner.checks === 1, 'the first probe');
      await clock.until(() => clock.nowMs > 5000, 'a while in which it is down');
      assert.equal(runner.checks, 2);
      const waiting = await until(async () => {
        const record = await rig.record(id);
        return record.waiting !== null && record;
      });
      assert.equal(waiting.waiting, 'endpoint');
      assert.deepEqual((await rig.queue.workers())[0]?.down, { server: 'nobody answers' });
      runner.up();
      await clock.advance(5000);
      const record = await rig.ended(id);
      assert.equal(record.status, 'completed');
      assert.equal(record.attempts.length, 1);
      const told = daemon.events.map(({ event }) => event).filter((event) => event.startsWith('endpoint'));
      assert.deepEqual(told, ['endpoint_down', 'endpoint_up']);
    });

    it('works on what needs no server', async () => {
      const runner = server();
      runner.down();
      await rig.add({ priority: 9 });
      const other = await rig.add({ type: 'command', command: ['x'], priority: 1 });
      rig.start([runner, new FakeRunner(() => 'ran', { name: 'command' })], {
        routing: { default: { general: 'fake', command: 'command' } },
      });
      assert.equal((await rig.ended(other)).status, 'completed');
    });

    it('charges nothing when it breaks down in the middle, and claims no other task for it', async () => {
      const runner = server();
      const [first, second] = [await rig.add(), await rig.add()];
      runner.act = () => {
        if (runner.runs.length > 1) return 'done';
        runner.down();
        return failure(errorInfo('runner_unavailable', 'it is gone'));
      };
      const daemon = rig.start(runner, { min: 2, max: 2 });
      await until(() => runner.checks >= 3, 'probes');
      assert.ok(runner.runs.length <= 2, 'only what ran already may have met the dead server');
      const before = runner.runs.length;
      runner.up();
      const records = [await rig.ended(first), await rig.ended(second)];
      assert.deepEqual(
        records.map(({ status }) => status),
        ['completed', 'completed'],
      );
      assert.ok(records.every(({ attempts }) => attempts.every(({ charged }) => !charged)));
      assert.equal(runner.runs.length, 3);
      assert.ok(before <= 2);
      daemon.requestStop();
      await daemon.end;
    });

    it('leaves a busy server alone as long as it asks', async () => {
      const clock = await stopTime();
      const runner = server();
      const ids = [await rig.add(), await rig.add()];
      const times: number[] = [];
      runner.act = () => {
        times.push(clock.nowMs);
        return times.length === 1
          ? failure(errorInfo('endpoint_busy', 'too many requests'), { retryAfter: 0.7 })
          : 'done';
      };
      const daemon = rig.start(runner, { until: { kind: 'drained' } });
      await clock.until(() => daemon.ended, 'its end');
      for (const id of ids) assert.equal((await rig.record(id)).status, 'completed');
      const [busy = 0, next = 0] = times;
      assert.equal(times.length, 3);
      assert.ok(next - busy >= 700, `another task was tried meanwhile: ${times.join()}`);
    });

    for (const status of [502, 503, 504]) {
      it(`asks ever less often where its chat answers ${status} and its list answers well, and says so once`, async () => {
        const clock = await stopTime();
        const times: number[] = [];
        const answers = [1, 2, 3, 4, 5].map(() => async () => {
          times.push(clock.nowMs);
          return { kind: 'error', status, message: 'bad gateway' } as const;
        });
        const scripted = await startScriptedServer([...answers, steps.text('Hello.')]);
        try {
          const runner = new OpenAiRunner({
            name: 'fake',
            endpoint: { name: 'server', url: scripted.openaiUrl, maxConcurrent: 1 },
            model: 'scripted',
            promptFolders: [new URL('../../templates/prompts', import.meta.url).pathname],
            template: 'auto',
          });
          const id = await rig.add();
          const daemon = rig.start(runner, { probeSeconds: { first: 0.2, last: 9 } });
          for (const nth of answers.keys()) await clock.until(() => times.length > nth, `run ${nth + 1}`);
          const isCompleted = () =>
            daemon.events.some((each) => 'state' in each && each.state === 'completed');
          await clock.until(isCompleted, 'its end');
          const record = await rig.record(id);
          assert.equal(record.status, 'completed');
          assert.ok(record.attempts.every(({ charged }) => !charged));
          const gaps = times.slice(1).map((at, nth) => at - (times[nth] ?? 0));
          // Waited for by the endpoint's own clock: 0.2 s, then twice as long each time.
          for (const [nth, least] of [0, 200, 400, 800].entries())
            assert.ok((gaps[nth] ?? 0) >= least, gaps.join());
          const told = daemon.events
            .map(({ event }) => event)
            .filter((event) => event.startsWith('endpoint'));
          // The first probe may have been well before the second run was refused.
          assert.deepEqual(
            told.filter((event) => event === 'endpoint_down'),
            ['endpoint_down'],
          );
          assert.equal(told.at(-1), 'endpoint_up');
          assert.ok(told.length <= 3, told.join());
          daemon.requestStop();
          await daemon.end;
        } finally {
          await scripted.close();
        }
      });
    }

    it('drains without waiting for a server that never answered, and says what is left', async () => {
      const runner = server();
      runner.down();
      const id = await rig.add();
      const end = await rig.drain(runner);
      assert.deepEqual(end, {
        kind: 'done',
        left: { delayed: 0, blocked: 0, unserved: 1, running: 0 },
        completed: 0,
        failed: 0,
      });
      assert.deepEqual((await rig.record(id)).attempts, []);
    });

    it('drains through a breakdown of a server that had answered', async () => {
      const runner = server();
      const ids = [await rig.add(), await rig.add()];
      runner.act = () => {
        if (runner.runs.length !== 1) return 'done';
        runner.down();
        return failure(errorInfo('runner_unavailable', 'it is gone'));
      };
      const daemon = rig.start(runner, { until: { kind: 'drained' } });
      await until(() => runner.checks >= 4, 'probes');
      assert.equal(daemon.ended, false);
      runner.up();
      await daemon.end;
      for (const id of ids) assert.equal((await rig.record(id)).status, 'completed');
    });
  });

  it('never uses an endpoint and model more than permitted, also beside another daemon', async () => {
    const shared = { running: 0, peak: 0, begun: 0 };
    const gates = Array.from({ length: 16 }, gate);
    const make = (): FakeRunner =>
      new FakeRunner(
        async () => {
          shared.running += 1;
          shared.peak = Math.max(shared.peak, shared.running);
          await gates[shared.begun++]?.opened;
          shared.running -= 1;
          return 'done';
        },
        { maxConcurrent: 2 },
      );
    for (const _ of gates) await rig.add();
    const [one, two] = [make(), make()];
    const drained = [rig.drain(one, { min: 4, max: 4 }), rig.drain(two, { min: 4, max: 4 })];
    for (const [nth, { open }] of gates.entries()) {
      await until(() => shared.begun >= Math.min(gates.length, nth + 2), 'as many as are permitted');
      open();
    }
    const ends = await Promise.all(drained);
    assert.equal(shared.peak, 2);
    assert.equal(one.runs.length + two.runs.length, 16);
    assert.equal(
      ends.reduce((sum, end) => sum + (end.kind === 'done' ? end.completed : 0), 0),
      16,
    );
  });

  it('opens slots while much waits and gives them up when it is idle', async () => {
    const { opened, open } = gate();
    const runner = new FakeRunner(async () => {
      await opened;
      return 'done';
    });
    for (let count = 0; count < 12; count += 1) await rig.add();
    rig.start(runner, { min: 1, max: 4, idleSlotSeconds: 0.2, heartbeatSeconds: 0.05 });
    await until(() => runner.running === 4, 'four at once');
    assert.equal(await until(async () => (await slots()) === 4), true);
    open();
    await until(async () => (await slots()) === 1, 'the slots to close');
    assert.equal(runner.peak, 4);
  });

  it('opens no more slots than what waits needs', async () => {
    const { opened, open } = gate();
    const runner = new FakeRunner(async () => {
      await opened;
      return 'done';
    });
    for (let count = 0; count < 3; count += 1) await rig.add();
    const daemon = rig.start(runner, { min: 1, max: 4, heartbeatSeconds: 0.05 });
    await until(() => runner.running > 0);
    // Two wait for one that runs: twice the busy slots, and not more than that.
    await until(async () => Object.keys((await rig.queue.workers())[0]?.progress ?? {}).length > 0, 'a beat');
    assert.equal(await slots(), 1);
    assert.equal(runner.running, 1);
    open();
    daemon.requestStop();
    await daemon.end;
  });

  it('obeys a message to scale', async () => {
    const { opened, open } = gate();
    const runner = new FakeRunner(async () => {
      await opened;
      return 'done';
    });
    for (let count = 0; count < 4; count += 1) await rig.add();
    const daemon = rig.start(runner, { heartbeatSeconds: 0.05 });
    await until(() => runner.running === 1);
    await rig.queue.sendMessage(daemon.member().workerId, { min: 3, max: 3 });
    await until(() => runner.running === 3, 'three at once');
    assert.equal(await until(async () => (await slots()) === 3), true);
    open();
  });

  it('stops a run within a second of its cancellation', async () => {
    const clock = await stopTime();
    const runner = new FakeRunner(untilStopped);
    const id = await rig.add();
    rig.start(runner);
    await until(() => runner.running === 1);
    assert.deepEqual(await rig.queue.cancel(id), { id, result: 'asked' });
    await clock.advance(1000);
    const record = await rig.ended(id);
    assert.equal(record.result?.error?.code, 'cancelled');
    assert.equal(record.attempts[0]?.charged, false);
  });

  describe('that is asked to end', () => {
    it('takes nothing new and lets what runs end', async () => {
      const { opened, open } = gate();
      const runner = new FakeRunner(async () => {
        await opened;
        return 'done';
      });
      const [first, second] = [await rig.add(), await rig.add()];
      const daemon = rig.start(runner);
      await until(() => runner.running === 1);
      daemon.requestStop();
      await until(async () =>
        (await rig.queue.workers())[0]?.notes.some((note) => note.startsWith('stopping')),
      );
      assert.equal(daemon.ended, false);
      open();
      const end = await daemon.end;
      assert.deepEqual(end, {
        kind: 'stopped',
        left: { delayed: 0, blocked: 0, unserved: 1, running: 0 },
        completed: 1,
        failed: 0,
      });
      assert.equal((await rig.record(first)).status, 'completed');
      assert.deepEqual((await rig.record(second)).attempts, []);
      assert.deepEqual(await rig.queue.workers(), []);
    });

    it('ends as well where it is asked while it joins', async () => {
      const id = await rig.add();
      const runner = new FakeRunner();
      const daemon = rig.start(runner, {}, (member) => {
        daemon.requestStop();
        return member;
      });
      assert.equal((await daemon.end).kind, 'stopped');
      assert.equal(runner.runs.length, 0);
      assert.equal(await rig.queue.state(id), 'pending');
      assert.deepEqual(await rig.queue.workers(), []);
    });

    it('puts what runs back, uncharged, when it is asked twice', async () => {
      const runner = new FakeRunner(untilStopped);
      const id = await rig.add({ options: { retries: 0 } });
      const daemon = rig.start(runner);
      await until(() => runner.running === 1);
      daemon.requestStop();
      daemon.requestStop();
      assert.equal((await daemon.end).kind, 'stopped');
      const record = await rig.record(id);
      assert.equal(record.status, 'pending');
      assert.equal(record.attempts[0]?.error?.code, 'worker_stopped');
      assert.equal(record.attempts[0]?.charged, false);
      runner.act = () => 'done';
      await rig.drain(runner);
      assert.equal((await rig.record(id)).status, 'completed');
    });

    it('puts back what it was just claiming', async () => {
      const id = await rig.add();
      const { opened, open } = gate();
      const runner = new FakeRunner(untilStopped);
      let claimed = false;
      const daemon = rig.start(runner, {}, (member) =>
        replacing(member, {
          claim: async (admit) => {
            const claim = await member.claim(admit);
            if (claim !== undefined) {
              claimed = true;
              await opened;
            }
            return claim;
          },
        }),
      );
      await until(() => claimed);
      daemon.requestStop();
      open();
      await daemon.end;
      const record = await rig.record(id);
      assert.equal(record.status, 'pending');
      assert.ok(record.attempts.every(({ charged }) => !charged));
    });
  });

  it('stops everything and ends when its tasks were given to others', async () => {
    const runner = new FakeRunner(untilStopped);
    const id = await rig.add();
    const daemon = rig.start(runner, { heartbeatSeconds: 0.05 });
    await until(() => runner.running === 1);
    const { workerId } = daemon.member();
    lookDead(rig.home.home, workerId);
    const other = new FakeRunner(() => 'from the other');
    rig.start(other);
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
    assert.equal(runner.running, 0);
    const record = await rig.ended(id);
    assert.equal(record.result?.output, 'from the other');
  });

  it('makes no new folder when its own was taken away', async () => {
    const daemon = rig.start(new FakeRunner(), { heartbeatSeconds: 0.05 });
    await until(() => daemon.joined);
    const { workerId } = daemon.member();
    renameSync(
      rig.home.path('tasks', 'in_progress', workerId),
      rig.home.path('tasks', 'in_progress', 'slot-77'),
    );
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
  });

  describe('that drains', () => {
    it('waits for retries in back-off', async () => {
      const runner = new FakeRunner(() =>
        runner.runs.length < 3 ? failure(errorInfo('stalled', 'nothing came'), { retryAfter: 0.2 }) : 'done',
      );
      const id = await rig.add();
      const end = await rig.drain(runner);
      assert.equal((await rig.record(id)).status, 'completed');
      assert.equal(end.kind === 'done' && end.completed, 1);
    });

    it('does not wait for what was asked for later, nor for what hangs on it, and counts both', async () => {
      const later = await rig.add({ not_before: '2999-01-01T00:00:00.000Z' });
      const hanging = await rig.add({ after: [later] });
      const now = await rig.add();
      const end = await rig.drain(new FakeRunner());
      assert.deepEqual(end, {
        kind: 'done',
        left: { delayed: 1, blocked: 1, unserved: 0, running: 0 },
        completed: 1,
        failed: 0,
      });
      assert.equal((await rig.record(now)).status, 'completed');
      assert.equal((await rig.record(hanging)).waiting, 'blocked');
    });

    it('runs a chain to its end, and fails what hangs on a failure', async () => {
      const runner = new FakeRunner((task) =>
        task.prompt === 'fail' ? failure(errorInfo('model_not_found', 'no such model')) : 'done',
      );
      const first = await rig.add();
      const second = await rig.add({ after: [first] });
      const third = await rig.add({ after: [second] });
      const bad = await rig.add({ prompt: 'fail' });
      const hanging = await rig.add({ after: [bad] });
      const whatever = await rig.add({ after_any: [bad] });
      const end = await rig.drain(runner);
      assert.equal(end.kind === 'done' && end.left.blocked, 0);
      for (const id of [first, second, third, whatever]) {
        assert.equal((await rig.record(id)).status, 'completed');
      }
      assert.equal((await rig.record(hanging)).result?.error?.code, 'dependency_failed');
    });

    it('ends at once where there is nothing to do', async () => {
      await stopTime();
      assert.equal((await rig.drain(new FakeRunner())).kind, 'done');
    });

    it('takes what comes while it is about to end', async () => {
      const first = await rig.add();
      let second: string | undefined;
      const runner = new FakeRunner();
      const daemon = rig.start(runner, { until: { kind: 'drained' } }, (member) =>
        replacing(member, {
          renew: async (beat) => {
            const answer = await member.renew(beat);
            // Somebody who looked just before and saw a daemon that lives relies on it.
            if (beat.notes.some((note) => note.startsWith('stopping')) && second === undefined) {
              second = await rig.add();
            }
            return answer;
          },
        }),
      );
      await daemon.end;
      assert.equal((await rig.record(first)).status, 'completed');
      assert.equal((await rig.record(second ?? '')).status, 'completed');
    });

    it('waits for a permit that another daemon holds', async () => {
      const { opened, open } = gate();
      const holder = new FakeRunner(
        async () => {
          await opened;
          return 'done';
        },
        { maxConcurrent: 1 },
      );
      await rig.add();
      rig.start(holder);
      await until(() => holder.running === 1);
      const id = await rig.add();
      const daemon = rig.start(new FakeRunner(() => 'mine', { maxConcurrent: 1 }), {
        until: { kind: 'drained' },
        heartbeatSeconds: 0.05,
      });
      await until(async () => (await rig.record(id)).waiting === 'permit', 'the reason');
      assert.equal(daemon.ended, false);
      open();
      await daemon.end;
      assert.equal((await rig.record(id)).status, 'completed');
    });
  });

  describe('that ends when it is idle', () => {
    it('counts from the end of its last task', async () => {
      const clock = await stopTime();
      const id = await rig.add();
      const { opened, open } = gate();
      const runner = new FakeRunner(async () => {
        await opened;
        return 'done';
      });
      const daemon = rig.start(runner, { until: { kind: 'idle', seconds: 0.37 } });
      await until(() => runner.running === 1, 'the run');
      await clock.sleeper(370);
      await clock.advance(370);
      await clock.sleeper(740);
      await clock.advance(130);
      open();
      await until(() => daemon.events.some(({ event }) => event === 'task_ended'), 'the end of the task');
      await clock.sleeper(870);
      await clock.advance(370);
      const end = await daemon.end;
      assert.equal((await rig.record(id)).status, 'completed');
      assert.equal(end.kind, 'done');
    });

    it('waits for retries in back-off', async () => {
      const runner = new FakeRunner(() =>
        runner.runs.length === 1
          ? failure(errorInfo('stalled', 'nothing came'), { retryAfter: 0.5 })
          : 'done',
      );
      const id = await rig.add();
      await rig.start(runner, { until: { kind: 'idle', seconds: 0.05 } }).end;
      assert.equal((await rig.record(id)).status, 'completed');
    });
  });

  it('starts a task as soon as the one it waits for has completed', async () => {
    const clock = await stopTime();
    const { opened, open } = gate();
    const runner = new FakeRunner(async (task) => {
      if (task.prompt === 'first') await opened;
      return 'done';
    });
    const first = await rig.add({ prompt: 'first' });
    const second = await rig.add({ after: [first] });
    rig.start(runner, { min: 2, max: 2 });
    await until(() => runner.running === 1);
    open();
    await rig.ended(first);
    // The sweep that a timer makes comes every second, and one that is asked for 50 ms after the last.
    await clock.advance(50);
    await rig.ended(second);
  });

  it('starts a task when it is added, not at a timer', async () => {
    await stopTime();
    rig.start(new FakeRunner());
    assert.equal((await rig.ended(await rig.add())).status, 'completed');
    const other = rig.open();
    const [added] = await other.add([newTask()]);
    assert.equal((await rig.ended(added?.id ?? '')).status, 'completed');
    await other.close();
  });

  it('starts a delayed task when it is due, not at a timer', async () => {
    const clock = await stopTime();
    const id = await rig.add({ not_before: new Date(clock.wallMs() + 700).toISOString() });
    const runner = new FakeRunner();
    rig.start(runner);
    await clock.sleeper(700);
    await clock.advance(699);
    assert.deepEqual(runner.runs, []);
    await clock.advance(1);
    assert.equal((await rig.ended(id)).status, 'completed');
  });

  it('runs the tasks of a dead daemon, at once', async () => {
    const clock = await stopTime();
    const dead = rig.start(new FakeRunner(untilStopped), { heartbeatSeconds: 60 });
    const id = await rig.add();
    await until(async () => (await rig.queue.state(id)) === 'in_progress');
    const alive = rig.start(new FakeRunner(() => 'done'));
    await until(() => alive.events.some(({ event }) => event === 'worker_started'));
    lookDead(rig.home.home, dead.member().workerId);
    await clock.advance(1000);
    const record = await rig.ended(id);
    assert.equal(record.attempts[0]?.error?.code, 'worker_lost');
    assert.equal(record.attempts[1]?.outcome, 'success');
  });
});
