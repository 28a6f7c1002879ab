import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../helpers/seeded.ts';
import { put, Repository, shell } from '../worktree/repository.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { Killer, type Point } from './git/killer.ts';
import { cannotTrace } from './syscalls/strace.ts';

const SAMPLED = 6;

describe('git', function () {
  this.timeout(exhaustive ? 7_200_000 : 240_000);
  const rows: Figures['rows'][number][] = [];
  let outside: string;
  let killer: Killer;

  before(function () {
    const why = cannotTrace();
    if (why !== null) {
      console.log(`    Not shown here: what a git leaves that is killed (${why}).`);
      this.skip();
    }
    outside = mkdtempSync(join(tmpdir(), 'koubou-git-'));
    killer = new Killer(outside, process.env['PATH'] ?? '');
  });
  after(async () => {
    if (outside !== undefined) rmSync(outside, { recursive: true });
    if (rows.length > 0) await publishFigures('git', figures(rows));
  });

  const work = (cwd: string): void => {
    put('mine.txt', 'mine\n')(cwd);
    shell(cwd, 'git add -A && git -c user.name=a -c user.email=a@a commit -qm mine');
    put('new.txt', 'new\n')(cwd);
  };

  /** Does one task; what is wrong afterwards. */
  const faults = async (retries: number): Promise<string[]> => {
    const repository = await Repository.make();
    try {
      const options = { retries, worktree: true };
      const environment = { PATH: killer.path };
      const { task_id: id, status, attempts } = await repository.ran(work, { options }, { environment });
      const found: string[] = [];
      const codes = attempts.map(({ error }) => error?.code ?? null);
      const expected = retries === 0 && killer.killed ? 'failed' : 'completed';
      if (status !== expected) found.push(`it ended as ${status}: ${JSON.stringify(attempts)}`);
      if (killer.killed && !['git_killed', null].includes(codes[0] ?? null))
        found.push(`it ended with ${codes[0]}`);
      if (codes.length > 2) found.push(`it took ${codes.length} attempts`);
      const looks = ['fsck --full --strict', 'worktree list', 'log --all', 'gc --quiet'];
      for (const look of looks) {
        try {
          repository.git(...look.split(' '));
        } catch (error) {
          found.push(`git ${look} fails: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      const left = readdirSync(join(repository.folder, '.git'), { recursive: true, encoding: 'utf8' });
      found.push(
        ...left.filter((name) => /\.lock$|^koubou-/.test(name)).map((name) => `.git/${name} is left`),
      );
      if (status !== 'completed') return found;
      const changed = repository.git('diff', '--name-only', 'main', `koubou/${id}`);
      if (changed !== 'mine.txt\nnew.txt\n') found.push(`the branch has ${changed}`);
      return found;
    } finally {
      await repository.remove();
    }
  };

  const traced = async (): Promise<Point[]> => {
    killer.trace();
    assert.deepEqual(await faults(0), []);
    return killer.points();
  };

  it('that is killed costs an attempt, and leaves the repository whole', async () => {
    const points = await traced();
    assert.ok(points.length > 50, `${points.length} points`);
    const random = seeded(7);
    const chosen = exhaustive
      ? points
      : Array.from({ length: SAMPLED }, () => points[Math.floor(random() * points.length)] as Point);
    const bad: string[] = [];
    const hit = new Map<string, number>();
    for (const point of chosen) {
      killer.kill(point);
      const found = await faults(1);
      const where = `${point.command} (git ${point.git}), ${point.call} ${point.nth}`;
      if (found.length > 0) bad.push(`${where}: ${found.join('; ')}`);
      if (killer.killed) hit.set(point.command, (hit.get(point.command) ?? 0) + 1);
    }
    assert.deepEqual(bad, []);
    assert.ok(hit.size > 0);
    for (const [command, count] of [...hit].sort(([one], [other]) => one.localeCompare(other)))
      rows.push([command, count, 0]);
  });

  it('that is killed in the last attempt leaves the repository whole, too', async () => {
    const points = (await traced()).filter(({ command }) => /^(?:update-ref|symbolic-ref)/.test(command));
    const bad: string[] = [];
    for (const point of exhaustive ? points : points.filter(({ call }) => call === 'rename')) {
      killer.kill(point);
      const found = await faults(0);
      if (found.length > 0) bad.push(`${point.command}, ${point.call} ${point.nth}: ${found.join('; ')}`);
    }
    assert.deepEqual(bad, []);
  });
});

const figures = (rows: Figures['rows']): Figures => ({
  title: 'A git that is killed',
  about:
    'One task in a worktree, whose agent commits and leaves changes, is done again and again; each time strace kills one of the gits that koubou starts, at one of the system calls with which it changes something. The task may lose an attempt by it (`git_killed`) and has to complete in the next. Then `git fsck --full --strict`, `git worktree list`, `git log --all` and `git gc` of the user have to go well, the branch has to hold the work, and no lock and nothing half made may be left in the repository.',
  command: 'npm run faults -- git',
  columns: ['git', 'Kills', 'Not as promised'],
  rows,
  notes: [
    "What holds for git's side of the work: when a task has completed, its branch is on the device with every object, ref and folder that it needs, also what the agent committed with its own git. Before that git's record of the worktree is there whole or not at all; objects that the agent's git made may be left empty by a loss of power, and koubou removes those before the next run.",
  ],
});
