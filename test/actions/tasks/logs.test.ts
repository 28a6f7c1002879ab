import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import type { LogDocument } from '../../../src/actions/documents/work.ts';
import { readLogText } from '../../../src/actions/tasks/follow-log.ts';
import type { App } from '../../../src/app/app.ts';
import type { Claim, Member } from '../../../src/queue/queue.ts';
import { projectForEach } from '../../support/app.ts';
import {
  budget,
  failedWith,
  newTask,
  noRetries,
  succeeded,
  takeAll,
  worker,
} from '../../support/builders.ts';
import { until } from '../../support/until.ts';

describe('what a task printed', () => {
  const project = projectForEach();
  let app: App;
  let member: Member;
  beforeEach(async () => {
    app = await project().open();
    member = await project().queue.join(worker());
  });

  const add = async (over: Parameters<typeof newTask>[0] = {}) =>
    (await project().queue.add([newTask(over)]))[0]?.id ?? '';
  const claimed = () => until(() => member.claim(takeAll));
  const ended = (claim: Claim) => member.settle(claim, succeeded(claim, member), noRetries);
  const command = { type: 'command' as const, prompt: '', command: ['x'] };
  const allOf = async (pieces: ReturnType<typeof readLogText>): Promise<LogDocument[]> => {
    const all: LogDocument[] = [];
    for await (const piece of pieces) all.push(piece);
    return all;
  };
  const read = (id: string, follow = false, signal = new AbortController().signal, by = app) =>
    readLogText(by, id, { follow, signal });

  it('is the log of a model', async () => {
    const id = await add();
    const claim = await claimed();
    appendFileSync(claim.scratch.logPath, '訳しました。');
    await ended(claim);
    const pieces = await allOf(read(id));
    assert.deepEqual(pieces, [{ task_id: id, attempt: 1, stream: 'log', text: '訳しました。' }]);
  });

  it('is what a program wrote to stdout, then what it wrote to stderr', async () => {
    const id = await add(command);
    const claim = await claimed();
    appendFileSync(claim.scratch.outputPath, 'out\n');
    appendFileSync(claim.scratch.logPath, 'err\n');
    await ended(claim);
    assert.deepEqual(await allOf(read(id)), [
      { task_id: id, attempt: 1, stream: 'stdout', text: 'out\n' },
      { task_id: id, attempt: 1, stream: 'stderr', text: 'err\n' },
    ]);
  });

  it('is followed over a further attempt, whole letters only, until the task has ended', async () => {
    const id = await add(command);
    const first = await claimed();
    const letter = Buffer.from('工');
    appendFileSync(first.scratch.outputPath, Buffer.concat([Buffer.from('one '), letter.subarray(0, 2)]));
    const texts = { 1: '', 2: '' };
    const following = (async () => {
      for await (const { attempt, text } of read(id, true)) texts[attempt as 1 | 2] += text;
    })();
    await until(() => texts[1] === 'one ');
    appendFileSync(first.scratch.outputPath, letter.subarray(2));
    await until(() => texts[1] === 'one 工');
    appendFileSync(first.scratch.logPath, ' err');
    await member.settle(first, failedWith('worker_stopped', first, member), budget);
    const second = await claimed();
    appendFileSync(second.scratch.outputPath, ' two');
    await until(() => texts[2] === ' two');
    appendFileSync(second.scratch.outputPath, ' end');
    await ended(second);
    await following;
    assert.deepEqual(texts, { 1: 'one 工 err', 2: ' two end' });
  });

  it('is followed no longer than somebody wants', async () => {
    const id = await add();
    const claim = await claimed();
    appendFileSync(claim.scratch.logPath, 'begun');
    const interrupt = new AbortController();
    const texts: string[] = [];
    for await (const { text } of read(id, true, interrupt.signal)) {
      texts.push(text);
      interrupt.abort();
    }
    assert.deepEqual(texts, ['begun']);
    await ended(claim);
  });

  it('is nothing where nothing was printed', async () => {
    assert.deepEqual(await allOf(read(await add())), []);
  });

  it('is not that of a task that there is not', async () => {
    await assert.rejects(read('task_20990101_000000_000000_aaaa').next(), { code: 'no_such_task' });
  });

  it('is not shown to an agent of a task that must stay on this machine', async () => {
    const id = await add({ sensitive: true });
    const agent = await project().openAsAgent();
    await assert.rejects(read(id, false, undefined, agent).next(), { code: 'not_allowed', hint: /--reveal/ });
    const revealed = await project().openAsAgent({ reveal: true });
    assert.deepEqual(await allOf(read(id, false, undefined, revealed)), []);
  });
});
