import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorInfo, type KoubouError } from '../../src/errors.ts';
import type { RunContext } from '../../src/runner/runner.ts';
import { budget } from '../support/builders.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/until.ts';
import { FakeRunner, failure, fence, gate, Rig, replacing, untilStopped } from '../support/worker/rig.ts';

describe('one attempt', () => {
  let rig: Rig;
  let folder: string;

  beforeEach(async () => {
    rig = await Rig.make();
    folder = await mkdtemp(join(tmpdir(), 'koubou-run-one-'));
  });

  afterEach(async () => {
    await rig.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** No time passes for the daemons of this test but what it lets pass. */
  const stopTime = async (): Promise<ManualClock> => {
    const clock = new ManualClock();
    await rig.remove();
    rig = await Rig.make(undefined, clock);
    return clock;
  };

  it('keeps, checks and publishes the same: the code in the answer', async () => {
    const output = join(folder, 'calc.py');
    const id = await rig.add({
      options: { extract: 'code', output, check: 'grep -q ^print && ! grep -q python "$KOUBOU_OUTPUT"' },
    });
    await rig.drain(new FakeRunner(() => 'Here:\n```python\nprint(1)\n```\nIt prints.'));
    const record = await rig.record(id);
    assert.equal(record.result?.error, null);
    assert.equal(record.result?.output, 'print(1)\n');
    assert.equal(readFileSync(output, 'utf8'), 'print(1)\n');
  });

  it('keeps the JSON that a schema accepted, without its fence', async () => {
    const id = await rig.add({ options: { schema: { type: 'object' } } });
    await rig.drain(new FakeRunner(() => '```json\n{"id":"42"}\n```'));
    assert.deepEqual(JSON.parse((await rig.record(id)).result?.output ?? ''), { id: '42' });
  });

  it('tells the model where several blocks could be meant', async () => {
    const seen: (string | null)[] = [];
    const runner = new FakeRunner((_, { feedback }) => {
      seen.push(feedback);
      return seen.length > 1 ? '```\na\n```' : '```\na\n```\nor\n```\nb\n```';
    });
    const id = await rig.add({ options: { extract: 'code', retries: 1 } });
    await rig.drain(runner);
    assert.equal((await rig.record(id)).result?.output, 'a\n');
    assert.match(seen[1] ?? '', /2 blocks of code/);
  });

  it('keeps the result and says who did it', async () => {
    const id = await rig.add();
    await rig.drain(new FakeRunner(() => 'こんにちは'));
    const record = await rig.record(id);
    assert.equal(record.status, 'completed');
    assert.equal(record.result?.output, 'こんにちは');
    const [attempt] = record.attempts;
    assert.equal(attempt?.runner, 'fake');
    assert.equal(attempt?.model, 'm');
    assert.equal(attempt?.route, 'routing.default.general');
    assert.equal(attempt?.charged, false);
  });

  it('leaves a task alone for which no runner is configured, and says what it waits for', async () => {
    const id = await rig.add();
    const daemon = rig.start(new FakeRunner(), { routing: { default: {} }, heartbeatSeconds: 0.05 });
    await until(async () => (await rig.record(id)).waiting === 'endpoint', 'the reason');
    daemon.requestStop();
    await daemon.end;
    const record = await rig.record(id);
    assert.equal(record.status, 'pending');
    assert.deepEqual(record.attempts, []);
  });

  it('fails a task at once that names a runner nobody has', async () => {
    const id = await rig.add({ options: { runner: 'none-such' } });
    await rig.drain(new FakeRunner());
    const record = await rig.record(id);
    assert.equal(record.status, 'failed');
    assert.equal(record.result?.error?.code, 'usage');
    assert.match(record.result?.error?.message ?? '', /none-such/);
    assert.match(record.result?.error?.hint ?? '', /fake/);
    assert.equal(record.attempts.length, 1);
  });

  it('tells the next attempt what the check found', async () => {
    const runner = new FakeRunner(() => (runner.runs.length === 1 ? 'bad' : 'good'));
    const id = await rig.add({ options: { check: 'grep good || { echo it lacks the word; false; }' } });
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.equal(record.status, 'completed');
    assert.equal(record.result?.output, 'good');
    assert.deepEqual(
      record.attempts.map(({ outcome, error }) => [outcome, error?.code ?? null]),
      [
        ['error', 'check_failed'],
        ['success', null],
      ],
    );
    assert.equal(runner.runs[0]?.feedback, null);
    assert.match(runner.runs[1]?.feedback ?? '', /it lacks the word/);
  });

  it('still tells it when an attempt in between learned nothing', async () => {
    const runner = new FakeRunner(() => {
      if (runner.runs.length === 1) return 'bad';
      return runner.runs.length === 2 ? failure(errorInfo('stalled', 'nothing came')) : 'good';
    });
    const id = await rig.add({ options: { check: 'grep good || { echo it lacks the word; false; }' } });
    await rig.drain(runner);
    assert.equal((await rig.record(id)).status, 'completed');
    assert.match(runner.runs[2]?.feedback ?? '', /it lacks the word/);
  });

  it('gives a model that missed the schema one more try within the attempt', async () => {
    const runner = new FakeRunner(() => (runner.runs.length === 1 ? '{"age": "old"}' : '{"age": 7}'));
    const schema = { type: 'object', properties: { age: { type: 'number' } }, required: ['age'] };
    const id = await rig.add({ options: { schema } });
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.equal(record.status, 'completed');
    assert.equal(record.attempts.length, 1);
    assert.equal(record.result?.output, '{"age": 7}');
    assert.match(runner.runs[1]?.feedback ?? '', /age/);
  });

  it('gives it only one', async () => {
    const runner = new FakeRunner(() => 'no JSON at all');
    const id = await rig.add({ options: { schema: { type: 'object' }, retries: 0 } });
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.equal(record.status, 'failed');
    assert.equal(record.result?.error?.code, 'schema_invalid');
    assert.equal(runner.runs.length, 2);
    assert.equal(record.attempts.length, 1);
  });

  it('writes --output after everything was accepted, and not before', async () => {
    const output = join(folder, 'out.txt');
    const runner = new FakeRunner(() => (runner.runs.length === 1 ? 'bad' : 'good'));
    const seen: boolean[] = [];
    runner.act = () => {
      seen.push(existsSync(output));
      return runner.runs.length === 1 ? 'bad' : 'good';
    };
    await rig.add({ options: { output, check: 'grep good' } });
    await rig.drain(runner);
    assert.deepEqual(seen, [false, false]);
    assert.equal(await readFile(output, 'utf8'), 'good');
  });

  it('leaves --output as it was when the task fails', async () => {
    const output = join(folder, 'out.txt');
    await writeFile(output, 'of yesterday');
    const id = await rig.add({ options: { output, check: 'false', retries: 0 } });
    await rig.drain(new FakeRunner());
    assert.equal((await rig.record(id)).status, 'failed');
    assert.equal(await readFile(output, 'utf8'), 'of yesterday');
  });

  const taken = (workerId: string): void => fence(rig.home.path('tasks/in_progress'), workerId);

  it('begins nothing once its worker was fenced', async () => {
    const runner = new FakeRunner();
    await rig.add();
    const daemon = rig.start(runner, {}, (member) =>
      replacing(member, {
        claim: async (admit) => {
          const claim = await member.claim(admit);
          if (claim !== undefined) taken(member.workerId);
          return claim;
        },
      }),
    );
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
    assert.deepEqual(runner.runs, []);
  });

  it('may ask right before it starts a program whether the task is still its own', async () => {
    const answers: (string | undefined)[] = [];
    const ask = async ({ lease }: RunContext): Promise<void> => {
      answers.push(
        await lease.assertOwned().then(
          () => undefined,
          (error: KoubouError) => error.code,
        ),
      );
    };
    const runner = new FakeRunner(async (_, context) => {
      await ask(context);
      taken(daemon.member().workerId);
      await ask(context);
      return 'too late';
    });
    await rig.add();
    const daemon = rig.start(runner);
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
    assert.deepEqual(answers, [undefined, 'worker_lost']);
  });

  it('neither writes --output once its worker was fenced, nor says that it did', async () => {
    const output = join(folder, 'out.txt');
    const { opened, open } = gate();
    const runner = new FakeRunner(async () => {
      await opened;
      return 'too late';
    });
    const id = await rig.add({ options: { output } });
    const daemon = rig.start(runner);
    await until(() => runner.running === 1, 'the run');
    taken(daemon.member().workerId);
    open();
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
    assert.equal(existsSync(output), false);
    await rig.queue.sweep(() => budget);
    const { status, attempts } = await rig.record(id);
    assert.equal(status, 'pending');
    assert.deepEqual(
      attempts.map(({ error, charged }) => [error?.code, charged]),
      [['worker_lost', false]],
    );
  });

  it('says which --output cannot be written, and keeps the result', async () => {
    const id = await rig.add({ options: { output: folder } });
    await rig.drain(new FakeRunner(() => 'the result'));
    const record = await rig.record(id);
    assert.equal(record.status, 'failed');
    assert.equal(record.result?.error?.code, 'conflict');
    assert.match(record.result?.error?.message ?? '', /is a folder/);
    const path = (await rig.queue.artifacts.find(id, null, 'output'))?.path;
    assert.equal(readFileSync(path ?? '', 'utf8'), 'the result');
  });

  it('calls a runner that throws a fault of koubou, and goes on', async () => {
    const runner = new FakeRunner((task) => {
      if (task.prompt === 'boom') throw new TypeError('x is not a function');
      return 'fine';
    });
    const broken = await rig.add({ prompt: 'boom', options: { retries: 0 } });
    const fine = await rig.add();
    await rig.drain(runner);
    const record = await rig.record(broken);
    assert.equal(record.status, 'failed');
    assert.equal(record.result?.error?.code, 'internal');
    assert.match(record.result?.error?.message ?? '', /x is not a function/);
    assert.equal((await rig.record(fine)).status, 'completed');
  });

  for (const [what, over, code] of [
    ['took too long', { timeout: { general: 0.15, code: 0, command: 0 } }, 'timeout'],
    ['said nothing for too long', { stallSeconds: 0.15 }, 'stalled'],
  ] as const) {
    it(`ends a run that ${what}, charged`, async () => {
      const clock = await stopTime();
      const id = await rig.add({ options: { retries: 0 } });
      const runner = new FakeRunner(untilStopped);
      const drained = rig.drain(runner, over);
      await until(() => runner.running === 1, 'the run');
      await clock.advance(150);
      await drained;
      const record = await rig.record(id);
      assert.equal(record.status, 'failed');
      assert.equal(record.result?.error?.code, code);
      assert.equal(record.attempts[0]?.charged, true);
    });
  }

  it('does not count loading, and has a limit for it', async () => {
    const clock = await stopTime();
    const { opened, open } = gate();
    const limits = { timeout: { general: 0.3, code: 0, command: 0 }, stallSeconds: 0.2 };
    const runner = new FakeRunner(async (_, context) => {
      context.phase('loading');
      await opened;
      context.phase('running');
      return 'loaded';
    });
    const id = await rig.add({ options: { retries: 0 } });
    const daemon = rig.start(runner, { ...limits, loadSeconds: 5 });
    await until(() => runner.running === 1, 'the run');
    await clock.advance(4000);
    open();
    assert.equal((await rig.ended(id)).status, 'completed');
    daemon.requestStop();
    await daemon.end;

    const slow = await rig.add({ options: { retries: 0 } });
    const stuck = new FakeRunner((task, context) => {
      context.phase('loading');
      return untilStopped(task, context);
    });
    const drained = rig.drain(stuck, { ...limits, loadSeconds: 0.1 });
    await until(() => stuck.running === 1, 'the run');
    await clock.advance(100);
    await drained;
    assert.match((await rig.record(slow)).result?.error?.message ?? '', /was not ready/);
  });

  it('lets a check be silent for longer than a model may be', async () => {
    const clock = await stopTime();
    const check = `touch ${folder}/begun; until test -e ${folder}/go; do sleep 0.05; done`;
    const id = await rig.add({ options: { check, retries: 0 } });
    const drained = rig.drain(new FakeRunner(), { stallSeconds: 0.15 });
    await until(() => existsSync(join(folder, 'begun')), 'the check');
    await clock.advance(10_000);
    await writeFile(join(folder, 'go'), '');
    await drained;
    assert.equal((await rig.record(id)).status, 'completed');
  });

  it('ends a check that takes longer than the whole may', async () => {
    const clock = await stopTime();
    const check = `touch ${folder}/begun; exec sleep 300`;
    const id = await rig.add({ options: { check, retries: 0, timeout: 0.3 } });
    const drained = rig.drain(new FakeRunner());
    await until(() => existsSync(join(folder, 'begun')), 'the check');
    await clock.advance(300);
    await drained;
    assert.equal((await rig.record(id)).result?.error?.code, 'timeout');
  });

  it('keeps an outcome in memory while the disk is full, and claims nothing meanwhile', async () => {
    const first = await rig.add();
    const second = await rig.add();
    let full = true;
    let tries = 0;
    let claimed = 0;
    const runner = new FakeRunner();
    const daemon = rig.start(runner, { max: 2, min: 2, heartbeatSeconds: 0.05 }, (member) =>
      replacing(member, {
        // One slot is free all the time, and a task waits for it.
        claim: async (admit) => {
          if (claimed > 0 && tries === 0) return undefined;
          const claim = await member.claim(admit);
          if (claim !== undefined) claimed += 1;
          return claim;
        },
        settle: async (claim, outcome, budget) => {
          tries += 1;
          if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          return member.settle(claim, outcome, budget);
        },
      }),
    );
    await until(async () => (await rig.queue.workers())[0]?.notes.some((note) => /disk is full/.test(note)));
    await until(() => tries >= 2, 'another try');
    assert.equal(runner.runs.length, 1);
    assert.equal(await rig.queue.state(second), 'pending');
    full = false;
    assert.equal((await rig.ended(first)).attempts.length, 1);
    assert.equal((await rig.ended(second)).status, 'completed');
    assert.equal(runner.runs.length, 2);
    await until(async () => (await rig.queue.workers())[0]?.notes.length === 0, 'the note to go');
    daemon.requestStop();
    await daemon.end;
  });

  it('keeps an outcome in memory while the file system is read-only, and runs nothing again', async () => {
    const id = await rig.add();
    let failures = 1;
    const runner = new FakeRunner();
    const daemon = rig.start(runner, {}, (member) =>
      replacing(member, {
        settle: async (claim, outcome, budget) => {
          if (failures-- > 0) throw Object.assign(new Error('EROFS: read-only'), { code: 'EROFS' });
          return member.settle(claim, outcome, budget);
        },
      }),
    );
    assert.equal((await rig.ended(id)).attempts.length, 1);
    assert.equal(runner.runs.length, 1);
    assert.ok(daemon.events.some((event) => event.event === 'note' && /read-only/.test(event.message)));
  });

  it('goes on when claiming fails for a while', async () => {
    const id = await rig.add();
    let failures = 1;
    const daemon = rig.start(new FakeRunner(), {}, (member) =>
      replacing(member, {
        claim: async (admit) => {
          if (failures-- > 0)
            throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
          return member.claim(admit);
        },
      }),
    );
    assert.equal((await rig.ended(id)).status, 'completed');
    assert.ok(daemon.events.some((event) => event.event === 'note' && /EMFILE/.test(event.message)));
  });

  it('goes on when the queue cannot be looked at for a while, and blames no task for it', async () => {
    const id = await rig.add();
    const shortage = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    let failures = 2;
    const runner = new FakeRunner();
    const daemon = rig.start(runner, {}, (member) =>
      replacing(member, {
        backlog: () => (failures-- > 0 ? Promise.reject(shortage) : member.backlog()),
      }),
    );
    assert.equal((await rig.ended(id)).status, 'completed');
    assert.ok(
      daemon.events.some((event) => event.event === 'note' && /cannot be looked at/.test(event.message)),
    );
    runner.act = () => Promise.reject(shortage);
    const next = await rig.add({ options: { retries: 0 } });
    await until(async () => (await rig.record(next)).attempts[0]?.error, 'its first try');
    const { error, charged } = (await rig.record(next)).attempts[0] ?? {};
    assert.equal(error?.code, 'runner_unavailable');
    assert.equal(charged, false);
    assert.match(error?.hint ?? '', /ulimit -n/);
  });

  it('ends with the fault when an outcome cannot be kept for another reason, and says so', async () => {
    await rig.add();
    const daemon = rig.start(new FakeRunner(), {}, (member) =>
      replacing(member, { settle: () => Promise.reject(new TypeError('a fault')) }),
    );
    await assert.rejects(daemon.end, /a fault/);
  });
});
