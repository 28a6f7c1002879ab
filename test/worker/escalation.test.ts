import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { errorInfo } from '../../src/errors.ts';
import type { Routing } from '../../src/route/route.ts';
import { until } from '../support/until.ts';
import { FakeRunner, failure, Rig, replacing } from '../support/worker/rig.ts';

const step = (runner: string) => ({ runner, staysLocal: true, changesFiles: false });

const routing: Routing = {
  default: { general: 'small', code: 'writer', command: 'small' },
  escalation: { steps: [step('small'), step('bigger')], handBack: true },
};

describe('routing.escalate', () => {
  let rig: Rig;
  const small = (): FakeRunner => new FakeRunner(() => 'a small answer', { name: 'small' });
  const bigger = (answer: string): FakeRunner => new FakeRunner(() => answer, { name: 'bigger' });

  beforeEach(async () => {
    rig = await Rig.make();
  });

  afterEach(() => rig.remove());

  const add = (over = {}): Promise<string> =>
    rig.add({
      prompt: 'Write a poem.',
      options: { check: 'echo "not good: $(cat)"; grep -q big "$KOUBOU_OUTPUT"' },
      ...over,
    });

  it('has the next runner go on, which is told what was wrong', async () => {
    const [low, high] = [small(), bigger('a big answer')];
    const id = await add();
    await rig.drain([low, high], { routing });
    const record = await rig.record(id);
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.equal(record.result?.output, 'a big answer');
    assert.deepEqual(
      record.attempts.map(({ runner, error }) => [runner, error?.code]),
      [
        ['small', 'check_failed'],
        ['bigger', undefined],
      ],
    );
    assert.match(record.attempts[1]?.route ?? '', /routing.escalate: step 2 of 2/);
    assert.match(high.runs[0]?.feedback ?? '', /not good: a small answer/);
  });

  it('hands back at its end, with all that a stronger agent needs', async () => {
    const id = await add();
    await rig.drain([small(), bigger('a large answer')], { routing });
    const record = await rig.record(id);
    const { error, output, output_path } = record.result ?? {};
    assert.equal(record.status, 'failed');
    assert.equal(error?.code, 'handed_back');
    assert.match(
      error?.message ?? '',
      /^2 tries by small, bigger came to nothing; the last: check_failed: The check/,
    );
    for (const words of [
      /^# Handed back/,
      /Write a poem\./,
      /## Try 1: small, m\n\nRefused, check_failed: .*exit code 1/,
      /not good: a small answer/,
      /It answered \(.*run-1\.output\):\n\n```\na small answer\n```/,
      /## Try 2: bigger, m/,
      /It answered \(.*run-2\.refused\):\n\n```\na large answer\n```/,
      /Its log: .*run-2\.log/,
    ]) {
      assert.match(output ?? '', words);
    }
    assert.equal(readFileSync((output_path ?? '').replace('.output', '.refused'), 'utf8'), 'a large answer');
    assert.equal(record.attempts.length, 2);
  });

  it('passes over a step that cannot be had, and hands back what was tried before it', async () => {
    const away = new FakeRunner(() => failure(errorInfo('model_not_found', 'There is no model huge.')), {
      name: 'bigger',
    });
    const id = await add({ context: { language: 'German' } });
    await rig.drain([small(), away], { routing });
    const { status, result } = await rig.record(id);
    assert.deepEqual([status, result?.error?.code], ['failed', 'handed_back']);
    assert.match(result?.error?.message ?? '', /the last: model_not_found: There is no model huge\.$/);
    for (const words of [
      /With these facts:\n\n```json\n\{\n {2}"language": "German"\n\}\n```/,
      /## Try 1: small, m\n\nRefused, check_failed: /,
      /## Try 2: bigger, m\n\nFailed, model_not_found: There is no model huge\./,
    ]) {
      assert.match(result?.output ?? '', words);
    }
  });

  it('tells nobody of servers that were busy meanwhile', async () => {
    let asked = 0;
    const busy = new FakeRunner(
      () => {
        asked += 1;
        return asked === 1
          ? failure(errorInfo('endpoint_busy', 'Later.'), { retryAfter: 0 })
          : 'a large answer';
      },
      { name: 'bigger' },
    );
    const id = await add();
    await rig.drain([small(), busy], { routing });
    const { result, attempts } = await rig.record(id);
    assert.equal(attempts.length, 3);
    assert.match(result?.error?.message ?? '', /^2 tries by small, bigger /);
    assert.doesNotMatch(result?.output ?? '', /endpoint_busy/);
    assert.match(result?.output ?? '', /## Try 3: bigger, m\n\nRefused/);
  });

  it('never takes a task in whose last run the daemon still is', async () => {
    const id = await add();
    let looks = 0;
    const daemon = rig.start(
      [small(), bigger('a large answer')],
      { routing, min: 2, max: 2, until: { kind: 'drained' } },
      (member) =>
        replacing(member, {
          claim: async (admit) => {
            const claim = await member.claim(admit);
            looks += 1;
            return claim;
          },
          // A slow device: meanwhile its free slot looks for work, which the task is by now.
          settle: async (...given) => {
            const settled = await member.settle(...given);
            const before = looks;
            await until(() => looks > before + 1, 'a look for work');
            return settled;
          },
        }),
    );
    await daemon.end;
    assert.equal((await rig.record(id)).result?.error?.code, 'handed_back');
    const said = daemon.events.flatMap(({ event }) => (/^task_(started|ended)$/.test(event) ? [event] : []));
    assert.deepEqual(said, ['task_started', 'task_ended', 'task_started', 'task_ended']);
  });

  it('is begun anew by a retry', async () => {
    const low = small();
    const id = await add();
    await rig.drain([low, bigger('a large answer')], { routing });
    await rig.queue.retry(id);
    low.act = () => 'a big small answer';
    await rig.drain([low, bigger('a large answer')], { routing });
    const record = await rig.record(id);
    assert.equal(record.status, 'completed');
    assert.equal(record.attempts.at(-1)?.runner, 'small');
  });

  it('leaves alone what its caller chose, and failures that are not of the work', async () => {
    const chosen = await add({ options: { runner: 'small', check: 'false', retries: 0 } });
    const broken = await rig.add({ prompt: 'break' });
    const low = new FakeRunner(
      ({ prompt }) =>
        prompt === 'break' ? failure(errorInfo('model_not_found', 'There is no such model.')) : 'text',
      { name: 'small' },
    );
    await rig.drain([low, bigger('x')], { routing });
    assert.equal((await rig.record(chosen)).result?.error?.code, 'check_failed');
    assert.equal((await rig.record(broken)).result?.error?.code, 'model_not_found');
  });

  it('hands back what was tried as often as allowed where no step is above', async () => {
    const writer = new FakeRunner(() => failure(errorInfo('timeout', 'It took too long.')), {
      name: 'writer',
    });
    const id = await rig.add({ type: 'code', options: { retries: 1 } });
    await rig.drain([writer, small()], { routing });
    const record = await rig.record(id);
    assert.equal(record.result?.error?.code, 'handed_back');
    assert.match(record.result?.output ?? '', /## Try 2: writer, m\n\nFailed, timeout: It took too long\./);
  });
});

describe('a code task whose runner cannot be had', () => {
  let rig: Rig;
  const both: Routing = { default: { general: 'small', code: 'writer', command: 'small' } };

  beforeEach(async () => {
    rig = await Rig.make();
  });

  afterEach(() => rig.remove());

  const writerAway = (): FakeRunner =>
    Object.assign(new FakeRunner(undefined, { name: 'writer' }), {
      installed: () => Promise.resolve(false),
    });
  const text = (): FakeRunner => new FakeRunner(() => '```js\nx = 1;\n```', { name: 'small' });

  it('is done by the general one, which the record says', async () => {
    const id = await rig.add({ type: 'code' });
    await rig.drain([writerAway(), text()], { routing: both });
    const [attempt] = (await rig.record(id)).attempts;
    assert.deepEqual([attempt?.runner, attempt?.evidence], ['small', 'text']);
    assert.match(
      attempt?.route ?? '',
      /routing.default.general, as writer cannot be had \(it is not installed\)/,
    );
  });

  it('is done by it as well while its server is down', async () => {
    const writer = new FakeRunner(undefined, { name: 'writer', maxConcurrent: 1 });
    writer.down();
    const id = await rig.add({ type: 'code' });
    await rig.drain([writer, text()], { routing: both });
    const [attempt] = (await rig.record(id)).attempts;
    assert.equal(attempt?.runner, 'small');
    assert.match(attempt?.route ?? '', /writer cannot be had \(nobody answers\)/);
  });
});
