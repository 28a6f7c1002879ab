/**
 * Who may write in the folder of a home, such as an agent in a sandbox, may not have koubou write where its sandbox keeps it
 * from: by a link that they put in the place of a folder of koubou's. The planted fault is a disk that follows names.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { ownWorktrees } from '../../src/worktree/record.ts';
import { budget, budgetOf, newTask, succeeded, takeAll, worker } from '../support/builders.ts';
import { Project } from '../support/koubou/project.ts';
import { LightDisk } from '../support/queue/disk.ts';
import { draftFromDrop } from '../support/queue/drop.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';

class Portable extends LightDisk {
  override keepTo(home: string): void {
    super.keepTo(home, true);
  }
}

class FollowsNames extends LightDisk {
  override keepTo(): void {}
}

const DISKS = [
  ['', LightDisk, true],
  [', on a system without /proc', Portable, true],
  [', where the queue follows names: the planted fault', FollowsNames, false],
] as const;

const FOLDERS = ['pending', 'tmp', 'quarantine', 'completed'].map((name) => join('tasks', name));
/** Where no other guard would keep koubou from it, each time. */
const SURE = ['tasks/pending', 'tasks', 'results', 'keys'];
const OTHERS = ['tasks', 'results', 'keys', 'permits', 'ctl', 'run', 'reserve'];

describe('a folder of the queue', () => {
  let home: TestHome;
  let elsewhere: string;

  beforeEach(async () => {
    home = await makeHome();
    elsewhere = `${home.home}-elsewhere`;
    fs.mkdirSync(elsewhere);
  });
  afterEach(() => home.remove());

  /** As an agent may: two renames and a link. */
  const swap = (name: string): void => {
    fs.renameSync(home.path(name), `${home.path(name)}-away`);
    fs.symlinkSync(elsewhere, home.path(name));
  };
  const drop = (name: string): void => {
    fs.writeFileSync(`${home.home}-drop`, '#!/bin/sh\nid\n', { mode: 0o755 });
    fs.renameSync(`${home.home}-drop`, home.path('tasks', 'pending', name));
  };
  const filesElsewhere = (): string[] =>
    fs
      .readdirSync(elsewhere, { recursive: true, withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));

  for (const [where, Disk, holds] of DISKS) {
    it(`that became a link while a daemon works has no dropped file moved to where the link leads${where}`, async () => {
      const queue = home.open({ disk: new Disk(), draftFromDrop });
      const { workerId } = await queue.join(worker());
      drop('first');
      assert.equal((await queue.adopt(workerId)).quarantined, 1);
      swap('tasks/quarantine');
      drop('post-commit');
      const adopting = queue.adopt(workerId);
      if (holds)
        await assert.rejects(adopting, { code: 'ENOTDIR', message: /tasks\/quarantine has become a link/ });
      else await adopting;
      assert.equal(filesElsewhere().includes('post-commit'), !holds);
      assert.equal(fs.existsSync(home.path('tasks/pending/post-commit')), holds);
    });

    it(`of any kind that became a link has nothing made or removed behind it${where}`, async () => {
      const reached: string[] = [];
      for (const name of [...FOLDERS, ...OTHERS]) {
        home.remove();
        home = await makeHome();
        elsewhere = `${home.home}-elsewhere`;
        const queue = home.open({ disk: new Disk(), draftFromDrop });
        const member = await queue.join(worker());
        await queue.add([newTask()]);
        // What lies there is like the folder itself, so that nothing else keeps koubou from it.
        fs.cpSync(home.path(name), elsewhere, { recursive: true });
        const before = filesElsewhere().sort();
        swap(name);
        const claim = await member.claim(takeAll).catch(() => undefined);
        for (const act of [
          () => queue.add([newTask({ key: 'some', not_before: null })]),
          () => queue.sendMessage(member.workerId, { min: 1, max: 1 }),
          async () => claim && (await member.settle(claim, succeeded(claim, member), budget)),
          () => member.claim(() => ({ take: true, permits: [{ name: 'p', cap: 1 }] })),
          () => queue.sweep(budgetOf),
        ]) {
          await Promise.resolve(act()).catch(() => undefined);
        }
        if (filesElsewhere().sort().join() !== before.join()) reached.push(name);
      }
      if (holds) assert.deepEqual(reached, []);
      else
        assert.deepEqual(
          SURE.filter((name) => !reached.includes(name)),
          [],
        );
    });

    it(`is used where its user made it anew, or moved it away and made it anew${where}`, async () => {
      const queue = home.open({ disk: new Disk(), draftFromDrop });
      const { workerId } = await queue.join(worker());
      const set = async (name: string): Promise<string[]> => {
        drop(name);
        await queue.adopt(workerId);
        return (await queue.quarantined()).map((each) => each.name);
      };
      assert.deepEqual(await set('first'), ['first']);
      fs.rmSync(home.path('tasks/quarantine'), { recursive: true });
      fs.mkdirSync(home.path('tasks/quarantine'));
      assert.deepEqual(await set('second'), ['second']);
      fs.renameSync(home.path('tasks/quarantine'), `${home.home}-old`);
      fs.mkdirSync(home.path('tasks/quarantine'));
      assert.deepEqual(await set('third'), ['third']);
      assert.deepEqual(fs.readdirSync(`${home.home}-old`), ['second', 'second.why.json']);
    });

    it(`is found in a home that the user reaches by a link${where}`, async () => {
      const way = `${home.home}-way`;
      fs.symlinkSync(home.home, way);
      const queue = home.open({ home: `${way}/`, disk: new Disk() });
      const member = await queue.join(worker());
      const [added] = await queue.add([newTask()]);
      const claim = await member.claim(takeAll);
      assert.equal(claim?.id, added?.id);
    });

    it(`is not that of another home which came in the place of this one${where}`, async () => {
      const other = await makeHome();
      try {
        const queue = home.open({ disk: new Disk() });
        await queue.add([newTask()]);
        fs.renameSync(home.home, `${home.home}-moved`);
        fs.symlinkSync(other.home, home.home);
        const adding = queue.add([newTask()]);
        if (holds) await assert.rejects(adding, /A folder of the home is missing; nothing was added/);
        else await adding;
        assert.equal(fs.readdirSync(other.path('tasks/pending')).length, holds ? 0 : 1);
        fs.rmSync(home.home);
        fs.renameSync(`${home.home}-moved`, home.home);
        await queue.add([newTask()]);
      } finally {
        other.remove();
      }
    });
  }

  it('holds no more descriptors however many homes a process opens', async () => {
    const open = (): number => (fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : 0);
    const add = async (): Promise<void> => {
      const one = await makeHome();
      await new FileQueue({ home: one.home, disk: new LightDisk() }).counts();
      await one.open({ disk: new LightDisk() }).add([newTask()]);
      one.remove();
    };
    for (let times = 0; times < 5; times += 1) await add();
    const before = open();
    for (let times = 0; times < 5; times += 1) await add();
    assert.ok(open() <= before + 1, `${open()} of ${before}`);
  });
});

describe('a folder of koubou in a home', () => {
  let project: Project;
  let elsewhere: string;
  beforeEach(async () => {
    project = await Project.make();
    elsewhere = join(project.folder, 'elsewhere');
    fs.mkdirSync(elsewhere);
  });
  afterEach(() => project.remove());

  const link = (name: string): void => {
    const path = join(project.home, name);
    fs.rmSync(path, { recursive: true, force: true });
    fs.symlinkSync(elsewhere, path);
  };

  for (const name of ['logs/workers', 'logs']) {
    it(`is not written to by the log of a daemon where ${name} became a link`, async () => {
      link(name);
      const { code, stderr } = await project.run('work', '--detach');
      assert.deepEqual([code, fs.readdirSync(elsewhere)], [2, []], stderr);
      assert.match(stderr, /is a symbolic link, and koubou needs a folder of its own there/);
      fs.rmSync(join(project.home, name));
      const again = await project.run('work', '--detach');
      assert.equal(again.code, 0, again.stderr);
      assert.equal(fs.readdirSync(join(project.home, 'logs', 'workers')).length, 1);
    });
  }

  it('holds worktrees where it is one, and leads to none elsewhere', async () => {
    link('worktrees');
    await assert.rejects(ownWorktrees(project.home), {
      code: 'conflict',
      message: /worktrees is a symbolic link/,
    });
    fs.rmSync(join(project.home, 'worktrees'));
    const made = await ownWorktrees(project.home);
    assert.deepEqual([dirname(made), basename(made)], [project.home, 'worktrees']);
    assert.ok(fs.statSync(made).isDirectory());
  });

  it('is made by no init behind a link', async () => {
    link('ctl');
    const { code, stderr } = await project.run('init');
    assert.deepEqual([code, fs.readdirSync(elsewhere)], [2, []], stderr);
  });
});
