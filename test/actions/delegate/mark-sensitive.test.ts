/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markSensitive } from '../../../src/actions/delegate/mark-sensitive.ts';
import { isHeldIn } from '../../../src/app/held.ts';
import type { NewTask } from '../../../src/task/record.ts';
import { plannerOf } from '../../../src/worker/plan.ts';
import { newTask } from '../../support/builders.ts';
import { makeHome, type TestHome } from '../../support/queue/home.ts';
import { settings } from '../../support/worker/rig.ts';

const words = ['password'];
const isHeld = async () => false;
const marks = async (task: Partial<NewTask>): Promise<boolean | undefined> =>
  (await markSensitive([newTask(task)], { words, isHeld }))[0]?.sensitive;

describe('a task that is added', () => {
  const secret = 'password: hunter2';
  const holding: Record<string, Partial<NewTask>> = {
    'its prompt': { prompt: secret },
    'its context': { context: { a: [{ password: 'hunter2' }] } },
    'its instructions': { options: { system: secret } },
    'its schema': { options: { schema: { const: secret } } },
    'its model options': { options: { set: { stop: [secret] } } },
  };
  for (const [place, task] of Object.entries(holding)) {
    it(`is sensitive with a secret in ${place}`, async () => assert.equal(await marks(task), true));
  }

  it('is sensitive with a secret in an attached file, and not for one that cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'koubou-mark-'));
    try {
      const path = join(folder, 'a.env');
      writeFileSync(path, `A=1\n${secret}\n`);
      assert.equal(await marks({ files: [{ path, sha256: null }] }), true);
      assert.equal(await marks({ files: [{ path: `${path}.gone`, sha256: null }] }), false);
      assert.equal(await marks({ files: [{ path: `${folder}/${secret} (old).txt`, sha256: null }] }), true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is not sensitive otherwise, unless it says so', async () => {
    assert.equal(await marks({ prompt: 'Explain what a password manager does.' }), false);
    assert.equal(await marks({ sensitive: true }), true);
  });

  it('is not marked when it is a program: nobody could hold it', async () => {
    assert.equal(await marks({ type: 'command', prompt: '', command: ['sh', '-c', secret] }), false);
  });
});

describe('a task that waits for another', () => {
  let home: TestHome;
  const rules = [{ if: { label: { keep: 'here' } }, then: { local_only: true } }];
  const plan = plannerOf(settings({ routing: { default: {}, rules } }), new Map());

  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => home.remove());

  const chain = async (...tasks: Partial<NewTask>[]): Promise<boolean[]> => {
    const queue = home.open();
    try {
      const marked: boolean[] = [];
      let before: string[] = [];
      for (const task of tasks) {
        const marking = { words, isHeld: isHeldIn(queue, plan) };
        const [next = newTask()] = await markSensitive([newTask({ after: before, ...task })], marking);
        const [added] = await queue.add([next]);
        before = [added?.id ?? ''];
        marked.push(next.sensitive);
      }
      return marked;
    } finally {
      await queue.close();
    }
  };

  it('stays here when that one must, and so does what waits for it', async () => {
    for (const held of [
      { sensitive: true },
      { options: { local_only: true } },
      { labels: { keep: 'here' } },
    ]) {
      assert.deepEqual((await chain(held, {}, {})).slice(1), [true, true], JSON.stringify(held));
    }
  });

  it('stays here through a program between them', async () => {
    const program: Partial<NewTask> = { type: 'command', prompt: '', command: ['true'] };
    assert.deepEqual(await chain({ sensitive: true }, program, program, {}), [true, false, false, true]);
    assert.deepEqual(await chain({}, program, {}), [false, false, false]);
  });

  it('stays here too when it runs however that one ended, as to go on with its conversation', async () => {
    const queue = home.open();
    const [first] = await queue.add([newTask({ sensitive: true })]);
    const marking = { words, isHeld: isHeldIn(queue, plan) };
    const [next] = await markSensitive([newTask({ after_any: [first?.id ?? ''] })], marking);
    await queue.close();
    assert.equal(next?.sensitive, true);
  });

  it('is free after one that is free, and after one that nobody knows', async () => {
    assert.deepEqual(await chain({}, {}), [false, false]);
    const queue = home.open();
    assert.equal(await isHeldIn(queue, plan)('task_20260101_000000_000000_none'), false);
    await queue.close();
  });
});
