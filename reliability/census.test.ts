/** The judge is judged first: each broken promise is planted by hand in a home's folders, and must be seen. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { census, type Expected } from '../test/support/census/census.ts';
import { HandMadeHome } from './census/hand-made-home.ts';

const WORKER = 'w-0a1b2c3d-4242-123456-f5dd3ee96be2';
const DONE = 'task_20260115_090100_000000_aaaa';
const FAILED = 'task_20260115_090200_000000_bbbb';
const WAITING = 'task_20260115_090300_000000_cccc';
const RUNNING = 'task_20260115_090400_000000_dddd';
const BACK = 'task_20260115_090500_000000_eeee';
const ALL = [DONE, FAILED, WAITING, RUNNING, BACK];

/** A home in which all is right: a task of each kind, one with a key, a permit free and one in use. */
const wellKept = (): HandMadeHome => {
  const home = new HandMadeHome();
  home.task(`tasks/completed/2026-01-15/${DONE}.r2.json`, { key: 'k' });
  home.key('k', `tasks/completed/2026-01-15/${DONE}.r2.json`);
  home.outcome(DONE, 1, 'exit_nonzero');
  home.outcome(DONE, 2, 'success', { output_bytes: 6 });
  home.write(`results/2026-01-15/${DONE}/run-2.output`, 'answer');
  home.task(`tasks/failed/2026-01-15/${FAILED}.r1.json`);
  home.outcome(FAILED, 1, 'cancelled');
  home.task(`tasks/pending/05-${WAITING}.r0.b0.json`);
  home.task(`tasks/in_progress/${WORKER}/05-${RUNNING}.r1.b0.json`);
  home.write(`tasks/in_progress/${WORKER}/permit@p@1`, '');
  home.task(`tasks/delayed/1768532400000-05-${BACK}.r3.b2.json`);
  home.outcome(BACK, 1, 'success');
  home.outcome(BACK, 2, 'worker_lost');
  home.outcome(BACK, 3, 'exit_nonzero');
  home.write('permits/p/1/made', '');
  home.write('permits/p/2/made', '');
  home.write('permits/p/2/permit', '');
  home.write(`run/${WORKER}.json`, '{}');
  home.folder('tasks/in_progress/slot-00');
  return home;
};
const expected: Expected = { acknowledged: ALL, holders: [WORKER] };

interface Planted {
  what: string;
  plant: (home: HandMadeHome) => void;
  found: RegExp;
  /** It may be so for a moment while the home is worked in. */
  passing?: true;
}

const done = `tasks/completed/2026-01-15/${DONE}.r2.json`;
const waiting = `tasks/pending/05-${WAITING}.r0.b0.json`;
const results = 'results/2026-01-15';

const PLANTED: readonly Planted[] = [
  { what: 'an acknowledged task nowhere', plant: (home) => home.remove(waiting), found: /_cccc is lost$/ },
  {
    what: 'an acknowledged task in quarantine',
    plant: (home) => home.move(waiting, `tasks/quarantine/${WAITING}.json`),
    found: /_cccc is lost: it lies in quarantine/,
  },
  {
    what: 'a task at two places',
    plant: (home) => home.copy(waiting, `tasks/blocked/05-${WAITING}.r0.b0.json`),
    found: /_cccc is in blocked and in pending/,
  },
  {
    what: 'a task with a second name',
    plant: (home) => home.link(waiting, `tasks/completed/2026-01-15/${WAITING}.r0.json`),
    found: /_cccc is in pending and in completed/,
  },
  {
    what: 'a task twice at one place',
    plant: (home) => home.copy(waiting, `tasks/pending/07-${WAITING}.r0.b0.json`),
    found: /_cccc is in pending and in pending/,
  },
  {
    what: "a task in two workers' hands",
    plant: (home) =>
      home.copy(
        `tasks/in_progress/${WORKER}/05-${RUNNING}.r1.b0.json`,
        `tasks/in_progress/.reap-x/05-${RUNNING}.r1.b0.json`,
      ),
    found: /_dddd is in in_progress and in in_progress/,
  },
  {
    what: 'half a task',
    plant: (home) => home.write(waiting, '{"task_id":'),
    found: /_cccc is not the task/,
  },
  {
    what: "another task's file under the name",
    plant: (home) => home.copy(done, waiting),
    found: /_cccc is not the task in its file/,
  },
  {
    what: 'a probe of the file system that nobody took away',
    plant: (home) => home.folder('.probe-4242'),
    found: /^\.probe-4242 is left/,
    passing: true,
  },
  {
    what: 'a half-made config',
    plant: (home) => home.write('config/agent.yaml.4242.0a1b2c3d.tmp', ''),
    found: /^config\/agent\.yaml\.4242\.0a1b2c3d\.tmp is left/,
    passing: true,
  },
  {
    what: 'a lock whose holder is gone',
    plant: (home) => home.folder('run/autostart.lock'),
    found: /^run\/autostart\.lock is left/,
    passing: true,
  },
  {
    what: 'a config with nothing in it',
    plant: (home) => home.write('config/codex.toml', ''),
    found: /^config\/codex\.toml is empty/,
    passing: true,
  },
  {
    what: 'half a patch of an ended task',
    plant: (home) => home.write(`${results}/${FAILED}/run-1.patch.scratch`, 'diff'),
    found: /_bbbb\/run-1\.patch\.scratch is left/,
    passing: true,
  },
  {
    what: 'a record of a worktree with nothing in it',
    plant: (home) => home.write(`worktrees/${DONE}.json`, ''),
    found: /_aaaa\.json is no record of a worktree/,
    passing: true,
  },
  {
    what: "a record of a worktree that is another's",
    plant: (home) => home.write(`worktrees/${DONE}.json`, JSON.stringify({ task_id: FAILED })),
    found: /_aaaa\.json is no record of a worktree/,
    passing: true,
  },
  {
    what: 'a worktree that nothing is known of',
    plant: (home) => home.folder(`worktrees/${DONE}.r2`),
    found: /_aaaa\.r2 has no record/,
    passing: true,
  },
  {
    what: 'a completed task without an outcome',
    plant: (home) => home.remove(`${results}/${DONE}/run-2.json`),
    found: /_aaaa is completed with run 2, and run 2 has no outcome/,
  },
  {
    what: 'a failed task without an outcome',
    plant: (home) => home.remove(`${results}/${FAILED}/run-1.json`),
    found: /_bbbb is failed with run 1, and run 1 has no outcome/,
  },
  {
    what: 'a run without an outcome before the last',
    plant: (home) => home.remove(`${results}/${BACK}/run-2.json`),
    found: /_eeee is delayed with run 3, and run 2 has no outcome/,
  },
  {
    what: 'completed without success',
    plant: (home) => home.outcome(DONE, 2, 'timeout'),
    found: /_aaaa completed without success/,
  },
  {
    what: 'success with an error in it',
    plant: (home) => home.outcome(DONE, 2, 'success', { error: { code: 'timeout', message: 'late' } }),
    found: /_aaaa completed without success/,
  },
  {
    what: 'failed with success',
    plant: (home) => home.outcome(FAILED, 1, 'success'),
    found: /_bbbb failed without a reason/,
  },
  {
    what: 'failed without a code',
    plant: (home) => home.outcome(FAILED, 1, 'cancelled', { error: { message: 'why' } }),
    found: /_bbbb failed without a reason/,
  },
  {
    what: 'failed without words',
    plant: (home) => home.outcome(FAILED, 1, 'cancelled', { error: { code: 'cancelled', message: '' } }),
    found: /_bbbb failed without a reason/,
  },
  {
    what: 'half an outcome',
    plant: (home) => home.write(`${results}/${DONE}/run-1.json`, '{"attempt":1'),
    found: /_aaaa: torn run-1.json/,
  },
  {
    what: "another run's outcome under the name",
    plant: (home) => home.copy(`${results}/${DONE}/run-2.json`, `${results}/${DONE}/run-1.json`),
    found: /_aaaa: torn run-1.json/,
  },
  {
    what: 'an outcome of a run that never was',
    plant: (home) => home.outcome(DONE, 3, 'success'),
    found: /_aaaa is completed with run 2 and has run-3.json/,
    passing: true,
  },
  {
    what: 'what a run printed that nobody counted',
    plant: (home) => home.write(`${results}/${WAITING}/run-1.log`, 'a line'),
    found: /_cccc is pending with run 0 and has run-1.log/,
    passing: true,
  },
  {
    what: 'a second outcome where none was first',
    plant: (home) => home.copy(`${results}/${DONE}/run-2.json`, `${results}/${RUNNING}/late/run-1.x.json`),
    found: /_dddd: late\/run-1.x.json, and no outcome was first/,
    passing: true,
  },
  {
    what: 'outcomes of a task that is nowhere',
    plant: (home) => home.outcome('task_20260115_090600_000000_ffff', 1, 'success'),
    found: /has outcomes of task_20260115_090600_000000_ffff, which is not there/,
    passing: true,
  },
  {
    what: 'half a result',
    plant: (home) => home.write(`${results}/${DONE}/run-2.output`, 'ans'),
    found: /_aaaa: the result of run 2 has 3 bytes of 6/,
  },
  {
    what: 'no result',
    plant: (home) => home.remove(`${results}/${DONE}/run-2.output`),
    found: /_aaaa: the result of run 2 has null bytes of 6/,
  },
  {
    what: 'more charged errors than were allowed',
    plant: (home) => {
      home.move(done, `tasks/completed/2026-01-15/${DONE}.r4.json`);
      for (const run of [2, 3]) home.outcome(DONE, run, 'timeout');
      home.outcome(DONE, 4, 'success');
      home.task(`tasks/completed/2026-01-15/${DONE}.r4.json`, { key: 'k', options: { retries: 1 } });
    },
    found: /_aaaa was charged 3 errors, and 2 were allowed/,
  },
  {
    what: 'more charged errors than were allowed since it was retried',
    plant: (home) => {
      home.move(
        `tasks/delayed/1768532400000-05-${BACK}.r3.b2.json`,
        `tasks/delayed/1768532400000-05-${BACK}.r6.b2.json`,
      );
      for (const run of [3, 4, 5, 6]) home.outcome(BACK, run, 'exit_nonzero');
    },
    found: /_eeee was charged 4 errors, and 3 were allowed/,
  },
  {
    what: 'a run after success',
    plant: (home) => home.outcome(DONE, 1, 'success'),
    found: /_aaaa went on after it had ended \(success\)/,
  },
  {
    what: 'a run after a cancel',
    plant: (home) => home.outcome(DONE, 1, 'cancelled'),
    found: /_aaaa went on after it had ended \(cancelled\)/,
  },
  {
    what: 'a run after an error that charged nothing, though it is the fault of the task',
    plant: (home) => home.outcome(DONE, 1, 'exit_nonzero', { charged: false }),
    found: /_aaaa went on after it had ended \(exit_nonzero\)/,
  },
  {
    what: 'a waiting task that had succeeded',
    plant: (home) => home.outcome(BACK, 3, 'success'),
    found: /_eeee went on after it had ended \(success\)/,
  },
  {
    what: 'a worker lost again and again',
    plant: (home) => {
      home.move(done, `tasks/completed/2026-01-15/${DONE}.r13.json`);
      for (let run = 1; run <= 12; run += 1) home.outcome(DONE, run, 'worker_lost');
      home.outcome(DONE, 13, 'success');
    },
    found: /_aaaa lost 12 workers/,
  },
  {
    what: 'a key without a task',
    plant: (home) => home.write(`keys/ab/${'ab'.repeat(32)}`, '{}'),
    found: /a key leads to no task: abab/,
  },
  {
    what: "a key whose task's file was written anew",
    plant: (home) => {
      home.remove(done);
      home.task(done, { key: 'k' });
    },
    found: /a key leads to no task/,
  },
  {
    what: 'a task without its key',
    plant: (home) => home.remove('keys'),
    found: /_aaaa has lost its key/,
  },
  {
    what: 'a key that leads to a task with another one',
    plant: (home) => home.key('other', done),
    found: /a key leads to task_20260115_090100_000000_aaaa, which has another/,
    passing: true,
  },
  {
    what: 'a permit lost',
    plant: (home) => home.remove('permits/p/2/permit'),
    found: /p 2 is there 0 times/,
  },
  {
    what: 'a permit doubled',
    plant: (home) => home.write('permits/p/1/permit', ''),
    found: /permit p 1 is there 2 times/,
  },
  {
    what: 'a permit in two hands',
    plant: (home) => home.write('tasks/in_progress/.reap-x/permit@p@1', ''),
    found: /permit p 1 is there 2 times/,
  },
  {
    what: 'a permit that could be made a second time',
    plant: (home) => home.remove('permits/p/1/made'),
    found: /permit p 1 could be made a second time/,
  },
  {
    what: 'a held permit that nobody made',
    plant: (home) => home.write(`tasks/in_progress/${WORKER}/permit@q@1`, ''),
    found: /permit q 1 has no folder/,
  },
  {
    what: 'a permit in the hands of a worker without a task',
    plant: (home) => home.move(`tasks/in_progress/${WORKER}/05-${RUNNING}.r1.b0.json`, 'tasks/pending/x'),
    found: /w-0a1b2c3d.* holds a permit and no task/,
    passing: true,
  },
  {
    what: 'more permits of a name than tasks in the hands of a worker',
    plant: (home) => home.move('permits/p/2/permit', `tasks/in_progress/${WORKER}/permit@p@2`),
    found: /w-0a1b2c3d.* holds 2 of permit@p, and 1 tasks/,
    passing: true,
  },
  {
    what: 'a temporary file',
    plant: (home) => home.write('tasks/tmp/00000000-1-1-00000000aabbccddeeff.json', ''),
    found: /tmp has 00000000-1-1/,
    passing: true,
  },
  {
    what: "a dead worker's folder",
    plant: (home) => home.folder('tasks/in_progress/w-00000000-1-1-aa'),
    found: /in_progress has w-00000000-1-1-aa/,
    passing: true,
  },
  {
    what: 'a fenced folder',
    plant: (home) => home.folder(`tasks/in_progress/.reap-${WORKER}`),
    found: /in_progress has .reap-/,
    passing: true,
  },
  {
    what: 'a slot that is not empty',
    plant: (home) => home.write('tasks/in_progress/slot-00/x', ''),
    found: /slot-00 has x/,
    passing: true,
  },
  {
    what: "a dead worker's run file",
    plant: (home) => home.write('run/w-00000000-1-1-aa.json', '{}'),
    found: /run has w-00000000-1-1-aa/,
    passing: true,
  },
  {
    what: "a dead worker's beat",
    plant: (home) => home.write('run/.w-00000000-1-1-aa.beat', '{}'),
    found: /run has .w-00000000-1-1-aa.beat/,
    passing: true,
  },
  {
    what: 'records of the children of a dead worker',
    plant: (home) => home.folder('run/children/w-00000000-1-1-aa'),
    found: /run\/children has w-00000000-1-1-aa/,
    passing: true,
  },
  {
    what: 'a message to a dead worker',
    plant: (home) => home.write('ctl/w-00000000-1-1-aa.json', '{}'),
    found: /ctl has w-00000000-1-1-aa.json/,
    passing: true,
  },
  {
    what: 'the mark of an ended task',
    plant: (home) => home.write(`ctl/cancel/${DONE}`, ''),
    found: /a mark is left: .*_aaaa/,
    passing: true,
  },
  {
    what: 'something set aside without a word',
    plant: (home) => home.write('tasks/quarantine/rubbish', ''),
    found: /quarantine has rubbish, and nothing says why/,
    passing: true,
  },
  {
    what: 'a stranger among the tasks',
    plant: (home) => home.write('tasks/blocked/rubbish', ''),
    found: /blocked has rubbish/,
    passing: true,
  },
];

describe('census', () => {
  const homes: HandMadeHome[] = [];
  const kept = (): HandMadeHome => {
    const home = wellKept();
    homes.push(home);
    return home;
  };
  afterEach(() => {
    for (const home of homes.splice(0)) home.discard();
  });

  it('finds nothing in a home that is well kept', () => {
    const { home } = kept();
    const { tasks, faults } = census(home, expected);
    assert.deepEqual(faults, []);
    assert.deepEqual([...tasks.keys()].sort(), ALL);
    assert.deepEqual(census(home, { ...expected, working: true }).faults, []);
  });

  for (const { what, plant, found, passing } of PLANTED) {
    it(`finds ${what}`, () => {
      const home = kept();
      plant(home);
      const { faults } = census(home.home, expected);
      assert.ok(
        faults.some((fault) => found.test(fault)),
        faults.join('\n'),
      );
      const atWork = census(home.home, { ...expected, working: true }).faults;
      assert.equal(
        atWork.some((fault) => found.test(fault)),
        passing !== true,
        `at work: ${atWork.join('\n')}`,
      );
    });
  }

  it('takes no task that is being cancelled for one without a reason, as long as that is written somewhere', () => {
    const home = kept();
    const written = fs.readFileSync(join(home.home, `${results}/${FAILED}/run-1.json`), 'utf8');
    home.remove(`${results}/${FAILED}/run-1.json`);
    assert.ok(census(home.home, { ...expected, working: true }).faults.length > 0, 'it is nowhere');
    home.write('tasks/tmp/0a1b2c3d-4242-123456-f0000000aa.outcome', written);
    assert.deepEqual(census(home.home, { ...expected, working: true }).faults, []);
    assert.ok(census(home.home, expected).faults.length > 0, 'at rest it must be finished');
  });

  it('takes no retry by hand for a run too many when it is told of it, nor that of a child', () => {
    const home = kept();
    home.outcome(DONE, 1, 'dependency_failed');
    home.task(done, { key: 'k', after: [FAILED] });
    home.remove('keys');
    home.key('k', done);
    assert.ok(census(home.home, expected).faults.length > 0);
    assert.deepEqual(census(home.home, { ...expected, retried: [DONE] }).faults, []);
    assert.deepEqual(census(home.home, { ...expected, retried: [FAILED] }).faults, []);
    assert.deepEqual(census(home.home, { ...expected, retried: 'unknown' }).faults, []);
  });

  it('follows tasks and permits that are moved while it looks', async function () {
    this.timeout(60_000);
    const home = kept();
    home.task(`tasks/pending/05-${WAITING}.r0.b0.json`, { key: 'moving' });
    home.key('moving', waiting);
    const mover = spawn(
      process.execPath,
      [join(import.meta.dirname, 'census/mover.ts'), home.home, WAITING, WORKER],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      await once(mover.stdout as NonNullable<ChildProcess['stdout']>, 'data');
      let misled = 0;
      for (let look = 0; look < 30 || (misled === 0 && look < 1000); look += 1) {
        assert.deepEqual(census(home.home, { ...expected, working: true }).faults, [], `look ${look}`);
        const { faults } = census(home.home, expected);
        if (faults.some((fault) => /is lost|is in|is moved|times$/.test(fault))) misled += 1;
      }
      assert.ok(misled > 0, 'a look that takes the home to be at rest is misled');
      assert.equal(mover.exitCode, null, 'it was moved all the time');
    } finally {
      mover.kill('SIGKILL');
      await once(mover, 'close');
    }
  });

  describe('of git', () => {
    const repositories: string[] = [];
    afterEach(() => {
      for (const folder of repositories.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
    });

    /** A completed task with a worktree and a branch in a repository of its own. */
    const withWorktree = (): { home: string; repository: string } => {
      const repository = fs.mkdtempSync(join(tmpdir(), 'koubou-census-git-'));
      repositories.push(repository);
      const git = (...args: string[]): void => {
        const { status, stderr } = spawnSync(
          'git',
          ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args],
          { cwd: repository, encoding: 'utf8' },
        );
        assert.equal(status, 0, stderr);
      };
      git('init', '-q', '-b', 'main');
      git('commit', '-q', '--allow-empty', '-m', 'first');
      const home = kept();
      const path = join(home.home, 'worktrees', DONE);
      home.folder('worktrees');
      git('worktree', 'add', '-q', '-b', `koubou/${DONE}`, path);
      fs.writeFileSync(join(path, 'made'), 'made\n');
      git('-C', path, 'add', '-A');
      git('-C', path, 'commit', '-qm', 'made');
      home.remove('keys');
      home.task(done, { key: 'k', cwd: repository, options: { worktree: true } });
      home.key('k', done);
      home.write(`worktrees/${DONE}.json`, JSON.stringify({ task_id: DONE, branch: `koubou/${DONE}` }));
      return { home: home.home, repository };
    };
    const objectsIn = (repository: string): string[] =>
      fs
        .readdirSync(join(repository, '.git/objects'), { recursive: true, encoding: 'utf8' })
        .filter((name) => /^..\/.{38}$/.test(name))
        .map((name) => join(repository, '.git/objects', name));

    it('finds nothing where a branch is whole', () => {
      const { home } = withWorktree();
      assert.deepEqual(census(home, expected).faults, []);
    });

    const plants: [what: string, plant: (repository: string, home: string) => void, found: RegExp][] = [
      [
        'objects with nothing in them',
        (repository) => {
          for (const path of objectsIn(repository)) {
            fs.chmodSync(path, 0o600);
            fs.truncateSync(path);
          }
        },
        /_aaaa is completed, and its branch cannot be read/,
      ],
      [
        'a branch with nothing in it',
        (repository) => fs.truncateSync(join(repository, '.git/refs/heads/koubou', DONE)),
        /git for-each-ref in .*ignoring broken ref/,
      ],
      [
        "a lock of git's",
        (repository) => fs.writeFileSync(join(repository, '.git/index.lock'), ''),
        /git's index\.lock is left/,
      ],
      [
        'a worktree that is gone',
        (_repository, home) => fs.rmSync(join(home, 'worktrees', DONE), { recursive: true }),
        /git has a worktree that is gone: .*_aaaa/,
      ],
    ];
    for (const [what, plant, found] of plants) {
      it(`finds ${what}`, () => {
        const { home, repository } = withWorktree();
        plant(repository, home);
        const { faults } = census(home, expected);
        assert.ok(
          faults.some((fault) => found.test(fault)),
          faults.join('\n'),
        );
      });
    }
  });

  describe('of processes', () => {
    before(function () {
      if (process.platform === 'linux') return;
      console.log("    Not shown here: that a finished task's processes are found (there is no /proc).");
      this.skip();
    });

    const carrying = async (marker: string): Promise<ChildProcess> => {
      const child = spawn('sh', ['-c', 'echo; read x'], {
        env: { ...process.env, KOUBOU_RUN: marker },
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
      return child;
    };

    for (const [what, marker, found] of [
      ['a finished task', `${WORKER}/${DONE}.r2`, true],
      ['an earlier run', `${WORKER}/${BACK}.r3`, true],
      ['another worker than has the task now', `w-00000000-1-1-aa/${RUNNING}.r1`, true],
      ['a running task', `${WORKER}/${RUNNING}.r1`, false],
      ['a task that is nowhere', `${WORKER}/task_20260115_090100_000000_zzzz.r1`, 'at rest'],
      ['another home', 'w-00000000-1-1-aa/task_20260115_090100_000000_zzzz.r1', false],
    ] as const) {
      it(`${found ? 'finds' : 'lets be'} one of ${what}`, async () => {
        const { home } = kept();
        const child = await carrying(marker);
        try {
          for (const working of [false, true]) {
            const { faults } = census(home, { ...expected, working });
            const runs = faults.filter((fault) => fault.startsWith(`process ${child.pid} runs for run `));
            const wanted = found === true || (found === 'at rest' && !working);
            assert.equal(runs.length, wanted ? 1 : 0, faults.join('\n'));
          }
        } finally {
          child.kill('SIGKILL');
          await once(child, 'close');
        }
      });
    }

    it('lets be one whose worker is being cleared up after', async () => {
      const home = kept();
      const child = await carrying(`${WORKER}/${RUNNING}.r1`);
      try {
        home.move(`tasks/in_progress/${WORKER}`, `tasks/in_progress/.reap-${WORKER}`);
        const runs = (working: boolean): string[] =>
          census(home.home, { ...expected, working }).faults.filter((fault) => fault.startsWith('process '));
        assert.deepEqual(runs(true), []);
        assert.equal(runs(false).length, 1);
      } finally {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
    });
  });

  describe('as a program', () => {
    it('needs nothing but itself, says what it finds, and ends with 1 for it', () => {
      const folder = fs.mkdtempSync(join(tmpdir(), 'koubou-census-'));
      try {
        fs.cpSync(join(import.meta.dirname, '../test/support/census'), join(folder, 'census'), {
          recursive: true,
        });
        fs.writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
        const home = kept();
        const ids = join(folder, 'ids');
        fs.writeFileSync(ids, `${ALL.join('\n')}\n`);
        const start = fs
          .readFileSync('/proc/self/stat', 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')[19];
        const bootId = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
        const about = { pid: process.pid, startTime: start, bootId };
        home.write(`run/${WORKER}.json`, JSON.stringify(about));
        const run = (...args: string[]) =>
          spawnSync(process.execPath, [join(folder, 'census/census.ts'), ...args], { encoding: 'utf8' });
        const whole = run(home.home, ids);
        assert.deepEqual([whole.stdout, whole.status], ['5 tasks, 0 faults\n', 0], whole.stderr);
        home.remove(waiting);
        const broken = run(home.home, ids);
        assert.deepEqual([broken.stdout, broken.status], [`${WAITING} is lost\n4 tasks, 1 faults\n`, 1]);
        home.write(`run/${WORKER}.json`, JSON.stringify({ ...about, startTime: '1' }));
        assert.match(run(home.home).stdout, /in_progress has w-0a1b2c3d/, 'its process is another one');
        assert.equal(run(join(home.home, 'nowhere')).status, 2);
      } finally {
        fs.rmSync(folder, { recursive: true });
      }
    });
  });
});
