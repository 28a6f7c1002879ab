import assert from 'node:assert/strict';
import { type WaitEnd, type WaitProgress, waitForTasks } from '../../../src/actions/wait/wait.ts';
import { type ErrorInfo, errorInfo } from '../../../src/errors.ts';
import type { Clock } from '../../../src/process/clock.ts';
import type { State } from '../../../src/task/lifecycle.ts';
import type { TaskRecord } from '../../../src/task/record.ts';
import { taskRecord } from '../../support/builders.ts';

/** Tasks that change as its clock goes on; nothing really waits. */
class World {
  nowMs = 0;
  readonly tasks = new Map<string, { state: State; record: TaskRecord }>();
  readonly plans: { atMs: number; act: () => void }[] = [];
  worker = true;
  stopping = false;
  started = 0;
  /** A worker that is started has joined when it resolves. */
  starting: Promise<void> | undefined;
  looks = 0;
  unserved: ErrorInfo | null = null;
  readonly said: string[] = [];
  readonly progress: WaitProgress[] = [];
  readonly controller = new AbortController();

  add(id: string, state: State, over: Partial<TaskRecord> = {}): this {
    const status = state === 'delayed' || state === 'blocked' ? 'pending' : state;
    this.tasks.set(id, { state, record: taskRecord({ task_id: id, status, ...over }) });
    return this;
  }

  at(atMs: number, id: string, state: State): this {
    return this.plan(atMs, () => {
      const task = this.tasks.get(id);
      if (task) task.state = state;
    });
  }

  plan(atMs: number, act: () => void): this {
    this.plans.push({ atMs, act });
    return this;
  }

  readonly clock: Clock = {
    steadyMs: () => this.nowMs,
    wallMs: () => this.nowMs,
    sleep: async (ms) => {
      // What is looked at beside the waiting takes no time, unless it waits itself.
      await new Promise((resolve) => setImmediate(resolve));
      this.nowMs += Math.max(ms, 1);
      if (this.nowMs > 10 * 3_600_000) throw new Error('it would wait for ever');
      for (const plan of this.plans.splice(0)) {
        if (plan.atMs <= this.nowMs) plan.act();
        else this.plans.push(plan);
      }
    },
  };

  wait(ids: string[], options: { any?: boolean; limitSeconds?: number } = {}): Promise<WaitEnd> {
    return waitForTasks({
      queue: {
        state: async (id) => {
          this.looks += 1;
          return this.tasks.get(id)?.state;
        },
        ended: async (asked) =>
          new Map(
            asked.flatMap((id) => {
              const state = this.tasks.get(id)?.state;
              return state === 'completed' || state === 'failed' ? [[id, state]] : [];
            }),
          ),
        get: async (id) => this.tasks.get(id)?.record,
        workers: async () =>
          this.worker
            ? [{ status: 'idle', notes: this.stopping ? ['stopping: takes nothing new'] : [] } as never]
            : [],
      },
      ids,
      any: options.any ?? false,
      limitSeconds: options.limitSeconds,
      unserved: async () => this.unserved,
      ensureWorker: async () => {
        if (this.worker && !this.stopping) return 'alive';
        await this.starting;
        this.worker = true;
        this.stopping = false;
        this.started += 1;
        return 'started';
      },
      signal: this.controller.signal,
      say: (line) => this.said.push(line),
      onProgress: (progress) => this.progress.push(progress),
      clock: this.clock,
    });
  }
}

const due = (ms: number): Partial<TaskRecord> => ({
  not_before: new Date(ms).toISOString(),
  due_at: new Date(ms).toISOString(),
});
const tried: Partial<TaskRecord> = { attempts: [{ attempt: 1 } as TaskRecord['attempts'][number]] };
const down = errorInfo('runner_unavailable', 'Nothing answers at http://127.0.0.1:1.', 'Start it.');

describe('waiting', () => {
  it('ends at once for what has ended, and starts no worker for it', async () => {
    const world = new World().add('a', 'completed').add('b', 'failed');
    world.worker = false;
    assert.deepEqual(await world.wait(['a', 'b']), { kind: 'ended', ended: ['a', 'b'] });
    assert.deepEqual([world.started, world.nowMs], [0, 0]);
  });

  it('has no limit by itself', async () => {
    const world = new World().add('a', 'in_progress').at(1_200_000, 'a', 'completed');
    assert.equal((await world.wait(['a'])).kind, 'ended');
  });

  it('looks at where each task is seldom, and is never late for all that', async () => {
    const world = new World().add('a', 'in_progress').at(60_000, 'a', 'completed');
    await world.wait(['a']);
    assert.ok(world.looks > 200 && world.looks < 400, `${world.looks} looks`);
    assert.ok(world.nowMs <= 60_050, `${world.nowMs} ms`);
    const quick = new World().add('a', 'pending').at(30, 'a', 'completed');
    await quick.wait(['a']);
    assert.ok(quick.nowMs < 80, `${quick.nowMs} ms`);
  });

  it('ends with the last task, or with --any the first', async () => {
    const world = () =>
      new World()
        .add('a', 'in_progress')
        .add('b', 'in_progress')
        .at(500, 'b', 'failed')
        .at(9000, 'a', 'completed');
    assert.deepEqual(await world().wait(['a', 'b']), { kind: 'ended', ended: ['a', 'b'] });
    assert.deepEqual(await world().wait(['a', 'b'], { any: true }), { kind: 'ended', ended: ['b'] });
  });

  it('tells how far many are', async () => {
    const world = new World()
      .add('a', 'in_progress')
      .add('b', 'pending')
      .at(500, 'a', 'failed')
      .at(900, 'b', 'completed');
    await world.wait(['a', 'b']);
    const { total, ended, failed, running } = world.progress.at(0) as WaitProgress;
    assert.deepEqual([total, ended, failed, running], [2, 0, 0, 1]);
    assert.deepEqual([world.progress.at(-1)?.ended, world.progress.at(-1)?.failed], [2, 1]);
  });

  it('ends at its limit and not before, naming what is open', async () => {
    const world = new World().add('a', 'in_progress').add('b', 'completed');
    const end = await world.wait(['a', 'b'], { limitSeconds: 10 });
    assert.ok(end.kind === 'limit' && end.seconds >= 10 && end.seconds <= 10.05, JSON.stringify(end));
    assert.deepEqual(end.open, ['a']);
  });

  it('ends when it is interrupted', async () => {
    const world = new World().add('a', 'in_progress');
    world.plan(2000, () => world.controller.abort());
    assert.equal((await world.wait(['a'])).kind, 'interrupted');
  });

  it('refuses a task that vanishes', async () => {
    const world = new World().add('a', 'in_progress');
    world.plan(1000, () => world.tasks.delete('a'));
    await assert.rejects(world.wait(['a']), { code: 'no_such_task' });
  });

  describe('without a worker', () => {
    it('starts one and says so, and another when that is gone', async () => {
      const world = new World().add('a', 'pending').at(9000, 'a', 'completed');
      world.worker = false;
      world.plan(4000, () => {
        world.worker = false;
      });
      await world.wait(['a']);
      assert.equal(world.started, 2);
      assert.match(world.said[0] ?? '', /No worker was running: one was started/);
      assert.match(world.said[1] ?? '', /another was started/);
    });

    it('starts another when the one there takes nothing new', async () => {
      const world = new World().add('a', 'pending').at(9000, 'a', 'completed');
      world.plan(4000, () => {
        world.stopping = true;
      });
      await world.wait(['a']);
      assert.equal(world.started, 1);
    });

    it('starts none for what no worker could do anything for yet', async () => {
      const world = new World().add('a', 'delayed', due(30_000)).at(31_000, 'a', 'completed');
      world.worker = false;
      await world.wait(['a']);
      assert.equal(world.started, 1);
      assert.ok(world.nowMs >= 31_000);
    });

    it('starts none that would find no server', async () => {
      const world = new World().add('a', 'pending');
      world.worker = false;
      world.unserved = down;
      await assert.rejects(world.wait(['a']), {
        code: 'runner_unavailable',
        message: /No runner can serve a now: .*127\.0\.0\.1.* It stays queued, and no attempt was used\./,
        hint: 'Start it.',
      });
      assert.deepEqual([world.started, world.nowMs <= 20], [0, true]);
    });

    it('comes back at most 50 ms after the end, however long the worker takes to start', async () => {
      for (const [joinsMs, endsMs] of [
        [4000, 4100],
        [14_000, 15_777],
        [14_000, 3000],
      ] as const) {
        const world = new World().add('a', 'pending').at(endsMs, 'a', 'completed');
        world.worker = false;
        world.starting = new Promise((resolve) => world.plan(joinsMs, resolve));
        assert.equal((await world.wait(['a'])).kind, 'ended');
        assert.ok(world.nowMs >= endsMs && world.nowMs <= endsMs + 50, `${endsMs}: ${world.nowMs}`);
      }
    });
  });

  describe('for what no runner can serve', () => {
    it('fails within three seconds also where a worker lives', async () => {
      const world = new World().add('a', 'pending');
      world.unserved = down;
      await assert.rejects(world.wait(['a']), { code: 'runner_unavailable' });
      assert.ok(world.nowMs <= 3000);
    });

    it('fails for a child of such a task too', async () => {
      const world = new World().add('p', 'pending').add('a', 'blocked', { after: ['p'] });
      world.unserved = down;
      await assert.rejects(world.wait(['a']), { code: 'runner_unavailable' });
    });

    it('first waits for what can be done', async () => {
      const world = new World().add('a', 'in_progress').add('b', 'pending').at(20_000, 'a', 'completed');
      world.unserved = down;
      await assert.rejects(world.wait(['a', 'b']), { code: 'runner_unavailable' });
      assert.ok(world.nowMs >= 20_000);
    });

    it('has patience when it was tried before, and says why once', async () => {
      const world = new World().add('a', 'pending', tried).at(120_000, 'a', 'completed');
      world.unserved = down;
      assert.equal((await world.wait(['a'])).kind, 'ended');
      assert.equal(world.said.length, 1);
      assert.match(world.said[0] ?? '', /Waiting for the server of a: Nothing answers/);
    });
  });

  describe('for a time or another task', () => {
    const held = async (world: World, options?: { limitSeconds?: number }) => {
      const end = await world.wait(['a'], options);
      assert.equal(end.kind, 'held');
      return end.kind === 'held' ? end.why : '';
    };

    it('ends saying which when the time is far away', async () => {
      const world = new World().add('a', 'delayed', due(3_600_000));
      assert.match(await held(world), /^a is not due before 1970-01-01T01:00:00/);
      assert.ok(world.nowMs < 1000);
    });

    it('waits where the time comes within the limit, and not where it comes after it', async () => {
      const near = new World().add('a', 'delayed', due(200_000)).at(201_000, 'a', 'completed');
      assert.equal((await near.wait(['a'], { limitSeconds: 300 })).kind, 'ended');
      await held(new World().add('a', 'delayed', due(20_000)), { limitSeconds: 10 });
    });

    it('waits for a retry in back-off, however long that is', async () => {
      const world = new World()
        .add('a', 'delayed', { ...due(280_000), ...tried })
        .at(300_000, 'a', 'completed');
      assert.equal((await world.wait(['a'])).kind, 'ended');
    });

    it('waits for parents that move', async () => {
      const world = new World().add('p', 'in_progress').add('a', 'blocked', { after: ['p'] });
      world.at(100_000, 'p', 'completed').at(101_000, 'a', 'completed');
      assert.equal((await world.wait(['a'])).kind, 'ended');
    });

    it('ends saying which when a parent, or its parent, waits so', async () => {
      const world = new World()
        .add('g', 'delayed', due(9e6))
        .add('p', 'blocked', { after_any: ['g'] })
        .add('a', 'blocked', { after: ['p'] });
      assert.match(await held(world), /a waits for p, which waits for g, which is not due before/);
    });
  });
});
