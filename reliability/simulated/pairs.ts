/**
 * What one process left half done, and another went on with until the power failed: each pair of what queues do, ended
 * after each of their changes; with every other loss of power, one comes between the two as well. Random histories come to
 * such a place seldom, as it takes a kill and a loss of power close to each other.
 */
import assert from 'node:assert/strict';
import { KoubouError } from '../../src/errors.ts';
import type { Disk } from '../../src/queue/files/disk/disk.ts';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import {
  budget,
  budgetOf,
  failedWith,
  newTask,
  succeeded,
  takeAll,
  worker,
} from '../../test/support/builders.ts';
import { census } from '../../test/support/census/census.ts';
import { type DiskMutant, withCalls } from '../../test/support/mutants/disk.ts';
import { type Opened, SimulatedHome } from '../../test/support/queue/simulated-home.ts';
import { seeded } from '../../test/support/seeded.ts';
import { outputOf, readerOf } from '../../test/support/simulated/promises.ts';
import { HOME } from '../../test/support/simulated/world.ts';

/** What is there before, and what was told of it. */
interface Scene {
  home: SimulatedHome;
  /** Waits; `child` waits for it. */
  task: string;
  child: string;
  /** Has failed. */
  ended: string;
  told: Set<string>;
  cancelled: Set<string>;
}

type Work = (scene: Scene, opened: Opened) => Promise<unknown>;

const add = async (
  scene: Scene,
  queue: FileQueue,
  tasks: Parameters<FileQueue['add']>[0],
): Promise<string[]> => {
  const ids = (await queue.add(tasks)).map(({ id }) => id);
  for (const id of ids) scene.told.add(id);
  return ids;
};

const runOne =
  (end: 'success' | 'worker_stopped' | 'exit_nonzero'): Work =>
  async (_, { queue, disk }) => {
    const member = await queue.join(worker());
    const claim = await member.claim(takeAll);
    if (claim === undefined) return;
    if (end === 'success') await disk.append(claim.scratch.outputPath, outputOf(claim.id, claim.run));
    const outcome = end === 'success' ? succeeded(claim, member) : failedWith(end, claim, member);
    await member.settle(claim, outcome, budget);
    await member.leave();
  };

const cancel: Work = async (scene, { queue }) => {
  const { result } = await queue.cancel(scene.task);
  if (result === 'cancelled') scene.cancelled.add(scene.task);
};

const WORKS: Readonly<Record<string, Work>> = {
  'add with a key': (scene, { queue }) => add(scene, queue, [newTask({ key: 'k' })]),
  'add a batch': (scene, { queue }) => add(scene, queue, [newTask({ key: 'k' }), newTask()]),
  'run to success': runOne('success'),
  'run and put back': runOne('worker_stopped'),
  'run to failure': runOne('exit_nonzero'),
  cancel,
  retry: (scene, { queue }) => queue.retry(scene.ended),
  sweep: (_, { queue }) => queue.sweep(budgetOf),
  adopt: async (_, { queue }) => queue.adopt((await queue.join(worker())).workerId),
};
type Pair = readonly [first: string, second: string];

const PAIRS: readonly Pair[] = Object.keys(WORKS).flatMap((first) =>
  Object.keys(WORKS).map((second) => [first, second] as const),
);

const CHANGES = ['create', 'rename', 'link', 'unlink', 'makeFolder', 'removeFolder', 'syncFolder'] as const;

/** Does `work` in a process that is killed after so many changes; false where it does not come to so many. */
const killedAfter = async (
  scene: Scene,
  changes: number,
  work: Work,
  mutant: DiskMutant,
): Promise<boolean> => {
  const reached = Promise.withResolvers<true>();
  let left = changes;
  const stand =
    (call: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      const answer = await call(...args);
      left -= 1;
      if (left > 0) return answer;
      reached.resolve(true);
      return new Promise(() => undefined);
    };
  const opened = scene.home.open((simulated) => {
    const disk = mutant(simulated);
    const calls = CHANGES.map((name) => [name, stand(disk[name].bind(disk))]);
    return withCalls(disk, Object.fromEntries(calls) as Partial<Disk>);
  });
  const done = work(scene, opened).then(
    () => false,
    (error: unknown) => {
      if (error instanceof KoubouError) return false;
      throw error;
    },
  );
  const { world } = scene.home;
  let ended = false;
  const killed = Promise.race([reached.promise, done]).finally(() => {
    ended = true;
  });
  // Nobody else lets those go on that wait for a while.
  void (async () => {
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const { goOn } of world.waiting.splice(0)) goOn();
    }
  })();
  await killed;
  world.kill(opened.process);
  return killed;
};

const sceneWith = async (seed: number): Promise<Scene> => {
  const home = new SimulatedHome(seed);
  const { queue, disk } = home.open();
  const scene: Scene = { home, task: '', child: '', ended: '', told: new Set(), cancelled: new Set() };
  scene.ended = (await add(scene, queue, [newTask()]))[0] ?? '';
  await queue.cancel(scene.ended);
  scene.task = (await add(scene, queue, [newTask()]))[0] ?? '';
  scene.child = (await add(scene, queue, [newTask({ after: [scene.task] })]))[0] ?? '';
  await disk.create(`${HOME}/tasks/pending/drop.json`, JSON.stringify({ prompt: 'dropped' }), true);
  await disk.syncFolder(`${HOME}/tasks/pending`);
  return scene;
};

/** Whether each of both came to so many changes. One that did not is played to its end. `loss`: which one it is. */
const playPair = async (
  [first, second]: Pair,
  [before, after]: readonly [number, number],
  loss: number,
  mutant: DiskMutant = (disk) => disk,
): Promise<{ first: boolean; second: boolean }> => {
  const scene = await sceneWith(loss * 10_000 + before * 100 + after);
  const { world } = scene.home;
  try {
    const came = await killedAfter(scene, before, WORKS[first] as Work, mutant);
    if (loss % 2 === 0) world.losePower();
    const cameToo = await killedAfter(scene, after, WORKS[second] as Work, mutant);
    world.losePower();
    await judge(scene);
    return { first: came, second: cameToo };
  } catch (cause) {
    throw new Error(`${first} for ${before} changes, ${second} for ${after}, loss ${loss}`, { cause });
  }
};

/** Each pair, cut short at every change, with so many losses of power. Answers with how many were played. */
export const playPairs = async (losses: number, pairs = PAIRS, mutant?: DiskMutant): Promise<number> => {
  let played = 0;
  for (const pair of pairs) {
    for (let before = 1, more = true; more; before += 1) {
      more = false;
      for (let after = 1, second = true; second; after += 1) {
        second = false;
        for (let loss = 1; loss <= losses; loss += 1) {
          const came = await playPair(pair, [before, after], loss, mutant);
          more ||= came.first;
          second ||= came.second;
          played += 1;
        }
      }
    }
  }
  return played;
};

const MOST_CHANGES = 25;

/** Each pair so many times, cut short somewhere. */
export const samplePairs = async (times: number): Promise<void> => {
  for (const [index, pair] of PAIRS.entries()) {
    const random = seeded(index + 1);
    const some = (): number => 1 + Math.floor(random() * MOST_CHANGES);
    for (let time = 0; time < times; time += 1) await playPair(pair, [some(), some()], time + 1);
  }
};

const judge = async ({ home, told, cancelled, task, ended }: Scene): Promise<void> => {
  const opened = home.open();
  const { queue, disk } = opened;
  const look = () => {
    const found = census(
      HOME,
      { acknowledged: [...told], retried: [task, ended] },
      readerOf(home.world.files),
    );
    const faults = found.faults.filter((fault) => !fault.includes(' drop.json'));
    assert.deepEqual(faults, []);
    assert.deepEqual(readerOf(home.world.files).names(`${HOME}/tasks/quarantine`), []);
    return found.tasks;
  };
  for (let pass = 0; pass < 4; pass += 1, home.world.pass(10_000)) await queue.sweep(budgetOf);
  look();
  const member = await queue.join(worker());
  for (let round = 0; round < 4; round += 1) {
    home.world.pass(3_700_000);
    home.world.setClock(3_700_000);
    await queue.adopt(member.workerId);
    await queue.sweep(budgetOf);
    for (;;) {
      const claim = await member.claim(takeAll);
      if (claim === undefined) break;
      assert.ok(!cancelled.has(claim.id), 'it was cancelled');
      await disk.append(claim.scratch.outputPath, outputOf(claim.id, claim.run));
      await member.settle(claim, succeeded(claim, member), budget);
    }
  }
  await member.leave();
  await queue.sweep(budgetOf);
  const files = [...look().values()].map(({ path, state }) => {
    assert.match(state, /^(?:completed|failed)$/);
    return JSON.parse(readerOf(home.world.files).text(path)) as { key: string | null; prompt: string };
  });
  const keys = files.flatMap(({ key }) => (key === 'k' ? [key] : []));
  assert.ok(keys.length <= 1, 'two tasks have one key');
  assert.equal(files.filter(({ prompt }) => prompt === 'dropped').length, 1, 'what was dropped in');
};
