import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Member } from '../../src/queue/queue.ts';
import { budgetOf, takeAll, worker } from '../support/builders.ts';
import { census } from '../support/census/census.ts';
import { lookDead } from '../support/queue/dead.ts';
import { FailingDisk } from '../support/queue/disk.ts';
import { draftFromDrop } from '../support/queue/drop.ts';
import { machineAhead, makeHome, type TestHome } from '../support/queue/home.ts';
import { SimulatedHome } from '../support/queue/simulated-home.ts';
import { HOME } from '../support/simulated/world.ts';

describe('a file dropped into pending', () => {
  let home: TestHome;
  let queue: FileQueue;
  let member: Member;
  let aheadMs = 0;

  beforeEach(async () => {
    home = await makeHome();
    queue = home.open({ draftFromDrop, machine: machineAhead(() => aheadMs) });
    member = await queue.join(worker());
  });
  afterEach(() => {
    home.remove();
  });

  const drop = (name: string, content: string | Buffer): void =>
    fs.writeFileSync(home.path('tasks/pending', name), content);
  const adopt = async (): Promise<{ added: number; quarantined: number }> => {
    const { added, quarantined } = await queue.adopt(member.workerId);
    return { added, quarantined };
  };
  const twoSecondsLater = (): void => {
    aheadMs += 2100;
  };
  const prompts = async (): Promise<string[]> => (await queue.list({})).map((task) => task.prompt).sort();

  it('becomes a task at once when it is whole JSON', async () => {
    drop('a.json', '{"prompt":"from json","priority":9}');
    assert.deepEqual(await adopt(), { added: 1, quarantined: 0 });
    assert.deepEqual(await prompts(), ['from json']);
    assert.equal((await member.claim(takeAll))?.task.priority, 9);
    assert.deepEqual(await adopt(), { added: 0, quarantined: 0 });
  });

  it('is not read where it is a second name of a file elsewhere, and waits until that is taken away', async () => {
    const secret = home.path('secret');
    fs.writeFileSync(secret, '{"prompt":"secret"}');
    for (const name of ['a.json', 'b.md']) fs.linkSync(secret, home.path('tasks/pending', name));
    assert.deepEqual(await adopt(), { added: 0, quarantined: 0 });
    twoSecondsLater();
    assert.deepEqual(await adopt(), { added: 0, quarantined: 2 });
    const why = fs.readFileSync(home.path('tasks/quarantine/b.md.why.json'), 'utf8');
    assert.match(why, /a second name \(a hard link\)/);
    fs.linkSync(secret, home.path('tasks/pending/c.json'));
    assert.deepEqual(await adopt(), { added: 0, quarantined: 0 });
    for (const path of [secret, ...['a.json', 'b.md'].map((name) => home.path('tasks/quarantine', name))]) {
      fs.unlinkSync(path);
    }
    assert.deepEqual(await adopt(), { added: 1, quarantined: 0 });
    assert.deepEqual(await prompts(), ['secret']);
  });

  const texts: [name: string, content: string, prompt: string][] = [
    ['a.yaml', 'prompt: from yaml\n', 'from yaml'],
    ['a.yml', '\uFEFFprompt: "日本語"\n', '日本語'],
    ['a.md', '---\npriority: 3\n---\nfrom *markdown*\n', 'from *markdown*\n'],
    ['b.md', '---\r\npriority: 3\r\n---\r\nwith CRLF', 'with CRLF'],
    ['c.md', '# no front matter\n---\nx', '# no front matter\n---\nx'],
    ['タスク\nと改行.txt', 'odd name', 'odd name'],
    [`${'長'.repeat(80)}.txt`, 'long name', 'long name'],
    ['UPPER.TXT', 'upper', 'upper'],
  ];
  for (const [name, content, prompt] of texts) {
    it(`becomes a task when it has stayed the same for two seconds: ${JSON.stringify(name.slice(0, 20))}`, async () => {
      drop(name, content);
      assert.deepEqual(await adopt(), { added: 0, quarantined: 0 });
      twoSecondsLater();
      fs.appendFileSync(home.path('tasks/pending', name), ' ');
      assert.deepEqual(await adopt(), { added: 0, quarantined: 0 }, 'it has just changed');
      fs.truncateSync(home.path('tasks/pending', name), Buffer.byteLength(content));
      await adopt();
      twoSecondsLater();
      assert.deepEqual(await adopt(), { added: 1, quarantined: 0 });
      assert.deepEqual(await prompts(), [prompt]);
      assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
    });
  }

  const refused: [name: string, make: (path: string) => void, why: RegExp][] = [
    [
      'run.json',
      (path) => fs.writeFileSync(path, '{"type":"command","prompt":"x","command":["rm"]}'),
      /command/,
    ],
    ['half.json', (path) => fs.writeFileSync(path, '{"prompt":"ha'), /not JSON/],
    ['list.json', (path) => fs.writeFileSync(path, '["x"]'), /no fields/],
    ['null.json', (path) => fs.writeFileSync(path, 'null'), /no fields/],
    ['empty.txt', (path) => fs.writeFileSync(path, ''), /no prompt/],
    ['latin.txt', (path) => fs.writeFileSync(path, Buffer.from([0x63, 0xe9])), /UTF-8/],
    ['torn.yaml', (path) => fs.writeFileSync(path, 'a: [1'), /YAML/],
    ['bomb.yaml', (path) => fs.writeFileSync(path, 'a: &a [x]\nprompt: *a\n'), /YAML/],
    ['torn.md', (path) => fs.writeFileSync(path, '---\na: [\n---\nx'), /YAML/],
    ['program.exe', (path) => fs.writeFileSync(path, 'MZ'), /ends in none/],
    ['folder.json', (path) => fs.mkdirSync(path), /regular file/],
    ['link.json', (path) => fs.symlinkSync('/etc/passwd', path), /regular file/],
    ['pipe.json', (path) => execFileSync('/usr/bin/env', ['mkfifo', path]), /regular file/],
    ['huge.txt', (path) => fs.writeFileSync(path, Buffer.alloc(17 * 1024 * 1024, 'x')), /bytes/],
    [`${'x'.repeat(250)}.exe`, (path) => fs.writeFileSync(path, 'x'), /ends in none/],
    [`${'長'.repeat(83)}.exe`.slice(-85), (path) => fs.writeFileSync(path, 'x'), /ends in none/],
    ['05-task_x.r0.b0.json', (path) => fs.writeFileSync(path, '{"prompt":5}'), /no prompt/],
  ];
  it('is set aside with the reason when it cannot be one, and holds nothing else up', async () => {
    for (const [name, make] of refused) make(home.path('tasks/pending', name));
    drop('zzz.json', '{"prompt":"good"}');
    const all = { added: 0, quarantined: 0 };
    for (let n = 0; n < 2; n += 1) {
      const { added, quarantined } = await adopt();
      all.added += added;
      all.quarantined += quarantined;
      twoSecondsLater();
    }
    assert.deepEqual(all, { added: 1, quarantined: refused.length });
    const aside = await queue.quarantined();
    assert.equal(aside.length, refused.length);
    assert.equal((await queue.counts()).quarantined, refused.length);
    for (const [name, , why] of refused) {
      const entry = aside.find((candidate) => candidate.name.startsWith(name.slice(0, 40)));
      assert.match(entry?.reason ?? 'nothing', why, name);
      assert.ok(!Number.isNaN(Date.parse(entry?.at ?? '')));
    }
  });

  it('is set aside under another name when that one is taken', async () => {
    for (let n = 0; n < 3; n += 1) {
      drop('x.exe', `${n}`);
      await adopt();
    }
    const kept = fs.readdirSync(home.path('tasks/quarantine')).filter((name) => !name.endsWith('.why.json'));
    assert.deepEqual(
      kept.map((name) => fs.readFileSync(home.path('tasks/quarantine', name), 'utf8')).sort(),
      ['0', '1', '2'],
    );
  });

  it('is a new task when the same text is dropped in again', async () => {
    for (let n = 1; n <= 3; n += 1) {
      drop('again.json', '{"prompt":"again"}');
      assert.equal((await adopt()).added, 1);
      assert.equal((await queue.counts()).pending, n);
    }
  });

  it('is taken by one of two daemons', async () => {
    const queues = [queue, home.open({ draftFromDrop })];
    const members = [member, await queues[1]?.join(worker())];
    for (let n = 0; n < 20; n += 1) drop(`${n}.json`, `{"prompt":"${n}"}`);
    const answers = await Promise.all(queues.map((each, n) => each.adopt(members[n]?.workerId ?? '')));
    assert.equal(
      answers.reduce((sum, answer) => sum + answer.added, 0),
      20,
    );
    assert.equal((await queue.counts()).pending, 20);
  });

  it('comes back from a dead daemon, but never over another one of its name', async () => {
    const held = home.path('tasks/in_progress', member.workerId);
    fs.writeFileSync(join(held, 'a.txt'), 'taken by the dead');
    fs.writeFileSync(join(held, 'b.json'), '{"prompt":"b"}');
    fs.mkdirSync(join(held, 'folder'));
    drop('a.txt', 'dropped in since');
    lookDead(home.home, member.workerId);
    await queue.sweep(budgetOf);
    assert.equal(fs.readFileSync(home.path('tasks/pending/a.txt'), 'utf8'), 'dropped in since');
    assert.equal(fs.readFileSync(home.path('tasks/pending/b.json'), 'utf8'), '{"prompt":"b"}');
    member = await queue.join(worker());
    for (let n = 0; n < 4; n += 1) {
      await adopt();
      twoSecondsLater();
      await queue.sweep(budgetOf);
    }
    assert.deepEqual(await prompts(), ['b', 'dropped in since', 'taken by the dead']);
    assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
  });

  it('stays where it is while the disk is full', async () => {
    const disk = new FailingDisk();
    queue = home.open({ draftFromDrop, disk });
    drop('a.json', '{"prompt":"a"}');
    disk.fail = (call, path) => (call === 'create' && path.includes('/tmp/') ? 'ENOSPC' : undefined);
    await assert.rejects(adopt(), { code: 'disk_full' });
    assert.deepEqual(fs.readdirSync(home.path('tasks/pending')), ['a.json']);
    disk.fail = () => undefined;
    assert.equal((await adopt()).added, 1);
  });

  it('is added in the end when the first try stopped half way, also in a process that lives on', async () => {
    const disk = new FailingDisk();
    queue = home.open({ draftFromDrop, disk });
    drop('a.json', '{"prompt":"a"}');
    disk.fail = (call, path) => (call === 'rename' && path.includes('/pending/') ? 'ENOSPC' : undefined);
    await assert.rejects(adopt(), { code: 'unknown' });
    disk.fail = () => undefined;
    await queue.sweep(budgetOf);
    assert.equal((await adopt()).added, 1);
    assert.deepEqual(await prompts(), ['a']);
    assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
  });

  it('is not put back by a second look of the same process while the first has it in hand', async () => {
    const simulated = new SimulatedHome();
    const held = simulated.openHeld('before', 'read', /\/in_progress\/.*drop\.json$/);
    const { workerId } = await held.queue.join(worker());
    await held.disk.create(`${HOME}/tasks/pending/drop.json`, '{"prompt":"a"}', true);
    const looks = [held.queue.adopt(workerId)];
    await held.reached;
    looks.push(held.queue.adopt(workerId));
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    held.goOn();
    assert.deepEqual(
      (await Promise.all(looks)).map(({ added }) => added),
      [1, 0],
    );
  });

  it('is left alone where nobody said how to read it, and when its name begins with a dot', async () => {
    drop('.a.json.swp', 'x');
    drop('a.json', '{"prompt":"a"}');
    assert.deepEqual(await home.open().adopt(member.workerId), { added: 0, quarantined: 0, waiting: 0 });
    await adopt();
    assert.deepEqual(
      fs.readdirSync(home.path('tasks/pending')).filter((name) => !name.includes('task_')),
      ['.a.json.swp'],
    );
  });
});
