/**
 * A daemon that is stopped (SIGSTOP) in the middle of work and taken for dead by mistake, so that another one does
 * its tasks; then it wakes up, ends what it had begun, and must not change anything any more.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { RunOutcome } from '../../src/task/record.ts';
import { lookDead } from '../../test/support/queue/dead.ts';
import { seeded } from '../../test/support/seeded.ts';
import { until } from '../../test/support/until.ts';
import type { Judged } from './judge.ts';
import type { Stage } from './stage.ts';

export interface Fencing {
  rounds: number;
  seed: number;
}

export interface Fenced extends Judged {
  /** Outcomes that came second and were kept apart, and how many of them were of work well done. */
  late: number;
  lateSuccesses: number;
}

export const fenceAndWake = async (stage: Stage, { rounds, seed }: Fencing): Promise<Fenced> => {
  const { daemons } = stage;
  const random = seeded(seed);
  const faults: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await stage.add(12);
    const zombie = await stage.start(6);
    await until(async () => (await daemons.queue.counts()).in_progress > 3, 'tasks that it took');
    const letEnd = round % 2 === 1;
    if (letEnd) await until(() => count(stage, zombie.workerId, 'begin') > 0, 'a task that runs');
    const at = performance.now() + random() * 400;
    await until(() => performance.now() > at, 'a random moment');
    zombie.kill('SIGSTOP');
    await until(() => stateOf(zombie.pid) === 'T', 'the stop');
    // Every other time what runs ends meanwhile, so that the daemon wakes up to work well done.
    if (letEnd) await until(() => allEnded(stage, zombie.workerId), 'the end of what runs');
    lookDead(daemons.home.home, zombie.workerId);
    const { code, stdout } = await daemons.koubou(['work', '--drain', '--workers', '6']);
    if (code !== 0) faults.push(`round ${round}: the drain ended with ${code}: ${stdout}`);
    const before = snapshot(stage);
    zombie.kill('SIGCONT');
    const end = await zombie.ended;
    if (end.code !== 1) faults.push(`round ${round}: it ended with ${end.code}: ${end.stdout}`);
    faults.push(...differences(before, snapshot(stage)).map((what) => `round ${round}: ${what}`));
    if (round % 10 === 0) console.log(`      ${round} rounds`);
  }
  const judged = await stage.drain();
  const late = [...lateOutcomes(daemons.home.path('results'))];
  const lateSuccesses = late.filter(({ outcome }) => outcome === 'success').length;
  return { ...judged, faults: [...faults, ...judged.faults], late: late.length, lateSuccesses };
};

const stateOf = (pid: number): string | undefined =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];

const count = ({ trace }: Stage, workerId: string, wanted: string): number =>
  trace.lines().filter(({ worker, what }) => worker === workerId && what === wanted).length;

const allEnded = (stage: Stage, workerId: string): boolean =>
  count(stage, workerId, 'begin') === count(stage, workerId, 'end');

/** Where every task lies, every outcome and every published result, with its content. */
const snapshot = (stage: Stage): Map<string, string> => {
  const found = new Map<string, string>();
  const take = (root: string, wanted: RegExp): void => {
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      const path = join(root, name);
      if (!wanted.test(path) || !statSync(path).isFile()) continue;
      found.set(relative(stage.daemons.home.home, path), readFileSync(path, 'utf8'));
    }
  };
  take(stage.daemons.home.path('tasks'), /\.json$/);
  take(stage.daemons.home.path('results'), /\/run-\d+\.json$/);
  // Not permits: one that was half made may be finished, up to the cap; the census counts them.
  take(stage.path(), /\/output-\d+$/);
  return found;
};

const differences = (before: Map<string, string>, after: Map<string, string>): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) return [];
    const how = was === undefined ? 'came' : is === undefined ? 'went' : 'was replaced';
    return [`${path} ${how} when the fenced worker woke up`];
  });

function* lateOutcomes(results: string): Generator<RunOutcome> {
  for (const name of readdirSync(results, { recursive: true, encoding: 'utf8' })) {
    if (!/\/late\/[^/]+\.json$/.test(name)) continue;
    yield JSON.parse(readFileSync(join(results, name), 'utf8')) as RunOutcome;
  }
}
