import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import type { Member } from '../../src/queue/queue.ts';
import { budget, failedWith, newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { koubou, startKoubou } from '../support/koubou/koubou.ts';
import { homeForEach } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou logs', () => {
  const test = homeForEach();
  let member: Member;
  beforeEach(async () => {
    member = await test().queue.join(worker());
  });

  const add = async (given: Parameters<typeof newTask>[0] = {}) => {
    const [added] = await test().queue.add([newTask({ created_by: 'cli', ...given })]);
    assert.ok(added);
    return added.id;
  };
  const claimed = () => until(() => member.claim(takeAll));

  it('prints the log of the newest task when none is named', async () => {
    await add();
    const claim = await claimed();
    appendFileSync(claim.scratch.logPath, '訳しました。');
    await member.settle(claim, succeeded(claim, member), noRetries);
    assert.deepEqual(await koubou(['logs'], { home: test().home }), {
      code: 0,
      stdout: '訳しました。',
      stderr: '',
    });
  });

  it('follows what comes over a further attempt, whole letters only, and ends when the task does', async () => {
    const id = await add({ type: 'command', command: ['x'] });
    const { said, ended } = await startKoubou(['logs', id, '--follow'], { home: test().home });
    const first = await claimed();
    const letter = Buffer.from('工');
    appendFileSync(first.scratch.outputPath, Buffer.concat([Buffer.from('one '), letter.subarray(0, 2)]));
    await until(() => said.stdout === 'one ');
    appendFileSync(first.scratch.outputPath, letter.subarray(2));
    await until(() => said.stdout === 'one 工');
    appendFileSync(first.scratch.logPath, ' err');
    await member.settle(first, failedWith('worker_stopped', first, member), budget);
    const second = await claimed();
    appendFileSync(second.scratch.outputPath, ' two');
    await until(() => said.stdout.includes('two'));
    appendFileSync(second.scratch.outputPath, ' end');
    await member.settle(second, succeeded(second, member), noRetries);
    assert.deepEqual(await ended, { code: 0, stdout: 'one 工 err two end', stderr: '--- attempt 2 ---\n' });
  });

  it('ends with 130 on Ctrl-C while it follows', async () => {
    const id = await add();
    const claim = await claimed();
    appendFileSync(claim.scratch.logPath, 'begun');
    const { child, said, ended } = await startKoubou(['logs', id, '--follow'], { home: test().home });
    await until(() => said.stdout === 'begun');
    child.kill('SIGINT');
    assert.deepEqual(await ended, { code: 130, stdout: 'begun', stderr: '' });
  });

  it('says when nothing was printed', async () => {
    const id = await add();
    const { code, stdout, stderr } = await koubou(['logs', id], { home: test().home });
    assert.deepEqual([code, stdout, stderr], [0, '', `${id} has printed nothing.\n`]);
  });
});
