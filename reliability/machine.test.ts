import assert from 'node:assert/strict';
import type { TaskRecord } from '../src/task/record.ts';
import { builtKoubou } from '../test/support/koubou/built.ts';
import { cannotMount, type FileSystem } from '../test/support/mounts.ts';
import { buildMutant, type Edit } from '../test/support/mutants/source.ts';
import { exhaustive, type Figures, publishFigures } from './figures.ts';
import { faketimeLibrary, type Jump, setClock } from './machine/clock.ts';
import { fillDisk, handBackOnFull, type Lack } from './machine/full-disk.ts';
import { CLONE, CONTAINER, reusePid, startAnew, workElsewhere } from './machine/identity.ts';
import { lackInotify } from './machine/inotify.ts';
import { openTooMany } from './machine/open-files.ts';
import { overflow } from './machine/overflow.ts';
import { workOnOverlay } from './machine/overlay.ts';
import { becomeReadOnly } from './machine/read-only.ts';
import { slowDown } from './machine/slow-disk.ts';

/** More than the kernel keeps events for, which is 16,384. */
const MOVED = exhaustive ? 30_000 : 20_000;
const FILE_SYSTEMS: readonly FileSystem[] = ['tmpfs', 'ext4', 'xfs'];
/** What CI has time for; the rest is run exhaustively. */
const only = <T>(all: readonly T[], sample: readonly NoInfer<T>[]): readonly T[] =>
  exhaustive ? all : sample;

describe('machine', function () {
  this.timeout(exhaustive ? 1_800_000 : 120_000);
  const rows: Figures['rows'][number][] = [];
  const planted: string[] = [];

  before(async function () {
    const why =
      (await cannotMount('unshare', 'prlimit', 'strace')) ??
      (faketimeLibrary() ? null : 'libfaketime is missing');
    if (why !== null) {
      console.log(
        `    Not shown here: how koubou stands full disks, wrong clocks and lookalike processes (${why}).`,
      );
      this.skip();
    }
    await builtKoubou();
  });

  after(() =>
    publishFigures('machine', {
      title: 'Faults of the machine',
      about:
        'Real daemons of the built command line run on a machine that fails them: file systems fill up or become read-only while tasks run, limits of the kernel are reached, clocks are set, and pids are reused. In the end every task has to have ended as it should, and the census may find nothing.',
      command: 'npm run faults -- machine',
      columns: [
        'Fault',
        'Where',
        'What a user sees',
        'Tasks',
        'Ended as they should',
        'Begun again',
        'Broken promises',
      ],
      rows,
      notes: planted,
    }),
  );

  /** `again`: how many of them were right to be begun a second time. */
  const settle = (
    row: { fault: string; where: string; sees: string },
    records: readonly TaskRecord[],
    faults: readonly string[],
    again = 0,
  ): void => {
    const good = records.filter(({ status }) => status === 'completed').length;
    const begun = records.filter(({ attempts }) => attempts.length > 1).length;
    rows.push([row.fault, row.where, row.sees, records.length, good, begun, faults.length]);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      records.filter(({ status }) => status !== 'completed').map(({ result }) => result?.error),
      [],
    );
    assert.equal(begun, again, 'as many as had to were begun a second time');
  };

  const lacks: readonly (readonly [FileSystem, Lack])[] = FILE_SYSTEMS.flatMap((kind) =>
    (['room', 'inodes'] as const).map((lack) => [kind, lack] as const),
  );
  for (const [kind, lack] of only(lacks, [
    ['ext4', 'room'],
    ['tmpfs', 'inodes'],
  ])) {
    it(`without ${lack} on ${kind} refuses tasks, ends what runs, and goes on when there is some again`, async () => {
      const { refused, notes, silent, printing, begun, later, drained, faults } = await fillDisk({
        kind,
        lack,
      });
      for (const { code, error } of refused) {
        assert.equal(code, 1);
        assert.match(error, /"code":"disk_full"/);
        assert.match(error, lack === 'room' ? /Only \d+ KB are free/ : /Only \d+ inodes are free/);
        assert.match(error, /nothing was added/);
      }
      assert.ok(
        notes.some((note) => /nothing can be claimed \(only \d+ (KB|inodes) are free/.test(note)),
        `${notes.join()}`,
      );
      assert.equal(drained, 0, 'a drain that was begun meanwhile ends with all done');
      assert.equal(begun, 0, 'nothing is begun that has no room');
      for (const { status, result, attempts } of [...silent, printing]) {
        assert.ok(status === 'completed' || result?.error?.code === 'disk_full', JSON.stringify(result));
        assert.equal(attempts.length, 1);
      }
      const sees = `\`disk_full\` at once for what is added; tasks that ran end, ${[...silent, printing].filter(({ status }) => status === 'completed').length} of 4 completed, the rest failed as \`disk_full\` because what they printed may be cut; one retried and all others are done when there is ${lack === 'room' ? 'room' : 'an inode'} again`;
      settle({ fault: lack === 'room' ? 'Full disk' : 'No inodes', where: kind, sees }, later, faults, 1);
    });
  }

  it('without room for what is handed back keeps the answer, and hands back when there is some again', async () => {
    const { answer, record } = await handBackOnFull();
    assert.equal(answer, 'a poor answer');
    assert.equal(record.result?.error?.code, 'handed_back');
    assert.match(record.result?.output ?? '', /# Handed back[\s\S]*a poor answer/);
  });

  for (const kind of only(FILE_SYSTEMS, ['xfs'])) {
    it(`that makes ${kind} read-only keeps what was done meanwhile, and the daemon`, async () => {
      const { refused, status, notes, survived, tasks, faults } = await becomeReadOnly(kind);
      assert.equal(refused.code, 1);
      assert.match(refused.stdout, /The home cannot be written to; nothing was added/);
      assert.equal(status.code, 0);
      assert.equal((JSON.parse(status.stdout) as { counts: { in_progress: number } }).counts.in_progress, 1);
      assert.ok(notes.some((note) => /the file system is read-only: outcomes wait in memory/.test(note)));
      assert.ok(survived);
      const sees =
        'a refusal at once, status as ever, the outcome of what ran when the disk can be written to again';
      settle({ fault: 'Read-only remount under a daemon, and back', where: kind, sees }, tasks, faults);
    });
  }

  for (const lack of only(['watches', 'instances'] as const, ['watches'])) {
    it(`without inotify ${lack} looks by timer, and says so in status`, async () => {
      const { status, records, faults } = await lackInotify(lack, exhaustive ? 3 : 1);
      assert.match(status, /no watcher, looking by timer \(E(NOSPC|MFILE)/);
      const sees =
        '`no watcher, looking by timer` in `koubou status`; an idle daemon begins a task up to 5 s later';
      settle({ fault: `No inotify ${lack}`, where: 'a user namespace of the daemon', sees }, records, faults);
    });
  }

  it('without descriptors blames no task, runs nothing twice, and goes on when there are some again', async () => {
    const { notes, survived, tasks, runs, faults } = await openTooMany();
    assert.ok(survived, 'the daemon lives');
    assert.ok(
      notes.some((note) => /EMFILE|too many open files/.test(note)),
      notes.join(),
    );
    assert.deepEqual(
      runs,
      runs.map(() => 1),
    );
    const sees = 'a note of the daemon; tasks wait, and none is charged';
    settle({ fault: 'Too many open files', where: 'the limit of a daemon that works', sees }, tasks, faults);
  });

  for (const [delay, seconds] of only(
    [
      [0.2, 4],
      [2, 150],
    ] as const,
    [[0.2, 4]] as const,
  )) {
    it(`with a disk that takes ${delay} s for each change takes nobody for dead`, async () => {
      const { records, reaped, faults } = await slowDown(delay, seconds);
      assert.deepEqual(reaped, []);
      const where = `${delay} s for each fsync and rename of a daemon, two others look for ${seconds} s`;
      settle({ fault: 'Slow disk', where, sees: 'all takes longer' }, records, faults);
    });
  }

  const jumps: readonly (readonly ['daemon' | 'caller', Jump])[] = (['daemon', 'caller'] as const).flatMap(
    (whose) => (['+1h', '-1d', '+10y'] as const).map((jump) => [whose, jump] as const),
  );
  for (const [whose, jump] of only(jumps, [
    ['daemon', '-1d'],
    ['caller', '+10y'],
  ])) {
    it(`with the clock of the ${whose} set ${jump} confuses no lease, and holds no task up`, async () => {
      const { shown, running, waited, later, ids, faults } = await setClock(whose, jump);
      assert.deepEqual(
        shown.map(({ status }) => status),
        ['busy'],
        'one worker, which is heard',
      );
      assert.equal(waited, 'heard\n');
      const took = running.result?.duration ?? -1;
      assert.ok(took > 0 && took < 60, `it took ${took} s`);
      assert.equal(running.attempts.length, 1);
      assert.equal(new Set(ids).size, 5);
      const sees =
        'dates as the clock has them; workers are shown alive, durations are right, `--in 1s` and back-offs end';
      settle(
        { fault: `Wall clock ${jump}`, where: `of the ${whose} alone`, sees },
        [running, ...later],
        faults,
        1,
      );
    });
  }

  it('that gives the pid of a dead daemon to another process restarts the task, and spares that process', async () => {
    const { againAfterMs, bystanderLives, orphan, faults } = await reusePid();
    const sees = begunAgain(againAfterMs);
    assert.ok(bystanderLives);
    settle({ fault: 'Pid reuse', where: 'forged run file and child record', sees }, [orphan], faults, 1);
  });

  it('that was started anew restarts what ran, and kills nobody who only looks alike', async () => {
    const { againAfterMs, bystanderLives, halfMade, orphan, faults } = await startAnew();
    // Three beats of a second have to be missing, as it may be a clone that lives.
    const sees = begunAgain(againAfterMs, 6000);
    assert.ok(bystanderLives);
    assert.ok(!halfMade, 'what was half made in another boot is cleared away');
    const where =
      'kill -9, then another boot id; a process with the pid and start time of the dead one’s program';
    settle({ fault: 'Another boot', where, sees }, [orphan], faults, 1);
  });

  it('with a daemon on a clone of the machine takes nothing from it while it beats, and soon when it does not', async () => {
    // Longer than three beats do not come.
    const living = await workElsewhere(CLONE, false, ['true', 'sleep 5', 'true']);
    assert.ok(!living.stolen);
    const sees = 'nothing';
    settle(
      { fault: 'Two kernels with one machine id', where: 'another boot id on one home', sees },
      [living.record],
      living.faults,
    );
    const dead = await workElsewhere(CLONE, true, ['true']);
    assert.ok(dead.againAfterMs !== null && dead.againAfterMs < 10_000, `after ${dead.againAfterMs} ms`);
    settle(
      {
        fault: 'Two kernels with one machine id, kill -9',
        where: 'another boot id on one home',
        sees: 'the task begins again when three beats did not come',
      },
      [dead.record],
      dead.faults,
      1,
    );
  });

  it('with a home in the lower layer of an overlay restarts what ran, and goes on', async () => {
    const { drained, records, faults } = await workOnOverlay();
    assert.ok(drained);
    const where = 'a committed image of a container: the folder of a dead worker cannot be renamed';
    settle({ fault: 'Overlay file system', where, sees: 'the tasks are begun again' }, records, faults, 2);
  });

  it('with a daemon in a container takes nothing from it while it beats', async () => {
    const { stolen, record, faults } = await workElsewhere(CONTAINER, false, ['true', 'true', 'true']);
    assert.ok(!stolen);
    settle(
      { fault: 'Another pid namespace', where: '`unshare --pid` on one home', sees: 'nothing' },
      [record],
      faults,
    );
  });

  if (exhaustive) {
    it('with a daemon that died in a container gives its task back after a minute', async () => {
      const { stolen, againAfterMs, record, faults } = await workElsewhere(CONTAINER, true, [
        'true',
        'true',
        'true',
      ]);
      assert.ok(!stolen);
      assert.ok(
        againAfterMs !== null && againAfterMs > 55_000 && againAfterMs < 70_000,
        `after ${againAfterMs} ms`,
      );
      const sees = 'the task begins again a minute after the last beat';
      settle(
        { fault: 'Another pid namespace, kill -9', where: '`unshare --pid` on one home', sees },
        [record],
        faults,
        1,
      );
    });
  }

  it(`that moves ${MOVED} files while the event loop stands still makes no daemon miss one`, async () => {
    const { moved, told, seen, trouble } = await overflow(MOVED);
    assert.equal(trouble, null, 'it watches');
    // The fault that a queue would have that trusts its watcher.
    assert.ok(told < moved, `the kernel told of ${told}`);
    assert.equal(seen, moved);
    planted.push(`A queue that relied on its watcher would have missed ${moved - told} of ${moved} files.`);
    rows.push([
      'Watcher overflow',
      '30,000 renames into a blocked event loop',
      `nothing; the kernel told of ${told}, ${seen} were seen`,
      moved,
      seen,
      0,
      0,
    ]);
  });

  const plants: readonly {
    it: string;
    faults: readonly Edit[];
    find: (program: string) => Promise<string[]>;
    /** A daemon that does nothing at all would say something else. */
    found: RegExp;
  }[] = [
    {
      it: 'a process is known by its pid alone',
      faults: [
        {
          file: 'process/liveness.ts',
          from: 'startOf(other.pid) === other.startTime',
          to: 'startOf(other.pid) !== null',
        },
      ],
      find: async (program) =>
        (await reusePid(program)).againAfterMs === null ? ['the task is never begun again'] : [],
      found: /never begun again/,
    },
    {
      it: 'another boot counts as this one',
      faults: [
        {
          file: 'queue/files/recover/reap.ts',
          from: "verdictFor(context, about) === 'elsewhere'",
          to: 'about.bootId === null',
        },
      ],
      find: async (program) => ((await startAnew(program)).bystanderLives ? [] : ['a stranger was killed']),
      found: /a stranger was killed/,
    },
    {
      it: 'another boot with the same machine id counts as dead at once',
      faults: [
        {
          file: 'queue/files/recover/dead-workers.ts',
          from: "if (verdict !== 'elsewhere') return verdict === 'dead';",
          to: "if (verdict !== 'alive') return true;",
        },
      ],
      find: async (program) => {
        const { stolen } = await workElsewhere(CLONE, false, ['true', 'sleep 5', 'true'], program);
        return stolen ? ['a living daemon lost its task'] : [];
      },
      found: /lost its task/,
    },
    {
      it: 'a folder that cannot be renamed is an error',
      faults: [{ file: 'queue/files/disk/moves.ts', from: "unlessCode(['EXDEV'], ", to: 'unlessCode([], ' }],
      find: async (program) => ((await workOnOverlay(program)).drained ? [] : ['the drain never ended']),
      found: /never ended/,
    },
    {
      it: 'silence is measured by the wall clock',
      faults: [
        {
          file: 'queue/files/workers/worker-files.ts',
          from: 'about.bootId === self.bootId && beat.steady_ms',
          to: 'about.bootId === "" && beat.steady_ms',
        },
      ],
      find: async (program) => {
        const { shown } = await setClock('caller', '+1h', program);
        return shown.length === 1 && shown[0]?.status === 'busy'
          ? []
          : [`a daemon that lives is ${shown.map(({ status }) => status).join(' and ')}`];
      },
      found: /a daemon that lives is .*offline/,
    },
    {
      it: 'a full disk is an error like any other',
      faults: [
        {
          file: 'queue/files/disk/disk.ts',
          from: "['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '') ||",
          to: '',
        },
        { file: 'errors.ts', from: "ENOSPC: 'the disk is full',", to: '' },
      ],
      find: (program) =>
        failing(async () => (await fillDisk({ kind: 'tmpfs', lack: 'inodes', program })).faults),
      found: /it ended before it joined: .*ENOSPC/,
    },
    {
      it: 'a read-only file system is an error like any other',
      faults: [{ file: 'errors.ts', from: "EROFS: 'the file system is read-only',", to: '' }],
      find: (program) =>
        failing(async () => ((await becomeReadOnly('tmpfs', program)).survived ? [] : ['the daemon ended'])),
      // It was begun, and the disk can be written to again.
      found: /the end of task_\w+ did not come/,
    },
  ];
  /** Without what another run would say otherwise: paths, ids, the document around a message. */
  const withoutPlaces = (said: string): string =>
    said
      .trim()
      .replace(/\{"error":.*?"message":"([^"]*)".*$/s, '$1')
      .replaceAll(/'\/[^']*'/g, 'a file')
      .replaceAll(/task_\w+/g, 'its task');
  for (const plant of only(plants, plants.slice(0, 1))) {
    it(`is found to break promises where ${plant.it}`, async () => {
      const found = await plant.find(await buildMutant(...plant.faults));
      assert.match(found.join('\n'), plant.found);
      planted.push(`Planted: if ${plant.it}, ${withoutPlaces(found[0] ?? '')}.`);
    });
  }
});

/** What a user sees of a task whose worker died, `ms` after the next daemon was started. */
const begunAgain = (ms: number | null, mostMs = 2000): string => {
  assert.ok(ms !== null, 'it was left with the dead');
  // A busy machine that only runs a sample says nothing of speed.
  if (exhaustive) assert.ok(ms < mostMs, `again after ${ms} ms`);
  return `the task is begun again, and done ${Math.round(ms)} ms after the next daemon was started`;
};

/** What it finds; that something does not come within its time is a finding too. */
const failing = async (action: () => Promise<string[]>): Promise<string[]> => {
  try {
    return await action();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
};
