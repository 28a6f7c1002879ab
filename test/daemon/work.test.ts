import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { startTimeOf } from '../../src/process/liveness.ts';
import { builtKoubou } from '../support/koubou/built.ts';
import { Daemons } from '../support/koubou/daemon.ts';
import { until } from '../support/until.ts';

describe('koubou work', () => {
  let daemons: Daemons;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
  });

  beforeEach(async () => {
    daemons = await Daemons.make();
  });

  afterEach(() => daemons.remove());

  it('drains and says what it left', async () => {
    const later = await daemons.shell('true', { not_before: '2999-01-01T00:00:00.000Z' });
    await daemons.shell('true', { after: [later] });
    const failing = await daemons.shell('echo oh no >&2; exit 3', { options: { retries: 0 } });
    const { code, stdout } = await daemons.koubou(['work', '--drain']);
    assert.equal(code, 0);
    assert.match(stdout, /0 completed, 1 failed; left: 1 for a later time, 1 for other tasks\n$/);
    assert.match((await daemons.record(failing)).result?.error?.message ?? '', /exit code 3:\noh no/);
    assert.equal((await daemons.koubou(['work', '--drain', '--exit-code'])).code, 0, 'none failed now');
    await daemons.shell('false');
    assert.equal((await daemons.koubou(['work', '--drain', '--exit-code'])).code, 1);
  });

  it('makes tasks of files dropped in by hand before a drain ends', async () => {
    const pending = join(daemons.home.home, 'tasks', 'pending');
    writeFileSync(join(pending, 'a.txt'), 'Say hello');
    writeFileSync(join(pending, 'b.yaml'), 'type: command\ncommand: ["true"]\n');
    const { code } = await daemons.koubou(['work', '--drain']);
    assert.equal(code, 0);
    const { counts } = JSON.parse((await daemons.koubou(['status', '--json'])).stdout);
    assert.equal(counts.pending, 1);
    assert.equal(counts.quarantined, 1, 'whoever may write a file need not be allowed to run a program');
  });

  it('drains what others run, too', async () => {
    const daemon = await daemons.start();
    const gate = join(daemons.home.home, 'gate');
    const id = await daemons.shell(`while [ ! -e '${gate}' ]; do sleep 0.05; done`);
    await until(async () => (await daemons.queue.state(id)) === 'in_progress');
    const draining = daemons.koubou(['work', '--drain']);
    await until(async () => (await daemons.queue.workers()).length === 2);
    writeFileSync(gate, '');
    assert.equal((await draining).code, 0);
    assert.equal(await daemons.queue.state(id), 'completed');
    daemon.kill('SIGTERM');
    await daemon.ended;
  });

  it('keeps 10 MB of output', async () => {
    const id = await daemons.shell("head -c 10000000 /dev/zero | tr '\\0' x");
    assert.equal((await daemons.koubou(['work', '--drain'])).code, 0);
    const record = await daemons.record(id);
    assert.equal(record.status, 'completed');
    assert.equal(record.result?.output_bytes, 10_000_000);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`lets what runs end at ${signal}, and takes nothing new`, async () => {
      const id = await daemons.shell('echo $$ > started; while ! test -e go; do sleep 0.05; done; echo done');
      const next = await daemons.shell('true');
      const daemon = await daemons.start(['--workers', '1']);
      await daemons.said('started');
      daemon.kill(signal);
      await until(() => daemon.events().some(({ event }) => event === 'stopping'));
      await daemons.koubou(['config']);
      assert.equal(daemon.gone(), false);
      writeFileSync(daemons.home.path('go'), '');
      assert.equal((await daemon.ended).code, 0);
      assert.equal((await daemons.record(id)).result?.output, 'done\n');
      assert.deepEqual((await daemons.record(next)).attempts, []);
      assert.deepEqual(await daemons.queue.workers(), []);
    });

    it(`puts what runs back uncharged at a second ${signal}`, async () => {
      const id = await daemons.shell('echo $$ > started; exec sleep 300');
      const daemon = await daemons.start();
      const pid = Number(await daemons.said('started'));
      daemon.kill(signal);
      await until(() => daemon.events().some(({ event }) => event === 'stopping'));
      daemon.kill(signal);
      assert.equal((await daemon.ended).code, 0);
      assert.equal(startTimeOf(pid), null);
      const record = await daemons.record(id);
      assert.equal(record.status, 'pending');
      assert.equal(record.attempts[0]?.charged, false);
      assert.equal(record.attempts[0]?.error?.code, 'worker_stopped');
    });
  }

  it('finishes what runs when the reader of its lines has gone', async () => {
    const id = await daemons.shell('echo $$ > started; sleep 0.5; echo done');
    const program = await builtKoubou();
    const child = spawn(
      'sh',
      ['-c', '"$1" "$2" work --home "$3" | head -n 1', 'sh', process.execPath, program, daemons.home.home],
      { stdio: 'ignore' },
    );
    await once(child, 'exit');
    assert.equal((await daemons.ended(id)).result?.output, 'done\n');
    await until(async () => (await daemons.queue.workers()).length === 0, 'the end of the daemon');
    assert.equal((await daemons.record(id)).attempts.length, 1);
  });

  describe('--detach', () => {
    it('answers when it has joined, outlives its parent, and works for no run', async () => {
      const { code, stdout, stderr } = await daemons.koubou(['work', '--detach'], {
        environment: { KOUBOU_RUN: 'somebody/task.r1', KOUBOU_TEST: 'x' },
      });
      assert.equal(code, 0, stderr);
      const [worker] = await daemons.queue.workers();
      assert.equal(stdout, `${worker?.worker_id}\n`);
      assert.match(stderr, /koubou stop/);
      assert.equal(worker?.temporary, false);
      if (process.platform === 'linux') {
        const environment = readFileSync(`/proc/${worker?.pid}/environ`, 'utf8').split('\0');
        assert.ok(environment.includes('KOUBOU_TEST=x'));
        assert.ok(!environment.some((line) => line.startsWith('KOUBOU_RUN=')));
      }
      assert.equal((await daemons.ended(await daemons.shell('echo hi'))).result?.output, 'hi\n');
      process.kill(worker?.pid ?? 0, 'SIGTERM');
      await until(async () => (await daemons.queue.workers()).length === 0, 'its end');
    });

    it('passes its flags on, and takes a home that is named relative to the folder', async () => {
      const { home } = daemons.home;
      const { code, stdout, stderr } = await daemons.koubou(
        ['work', `--home=${basename(home)}`, '--detach', '--workers', '3', '--idle-exit', '20m', '--json'],
        { cwd: dirname(home), environment: { KOUBOU_HOME: '' } },
      );
      assert.equal(code, 0, stderr);
      const worker = JSON.parse(stdout);
      assert.equal(worker.slots, 3);
      assert.equal(worker.temporary, true);
    });
  });

  it('ends by itself when it was idle for long enough', async () => {
    const id = await daemons.shell('echo hi');
    const { code, stdout } = await daemons.koubou(['work', '--idle-exit', '1s']);
    assert.equal(code, 0);
    assert.match(stdout, /1 completed, 0 failed\n$/);
    assert.equal((await daemons.record(id)).status, 'completed');
  });

  it('is started once by ten who wait at the same time', async () => {
    const ends = await Promise.all(
      Array.from({ length: 10 }, (_, number) =>
        daemons.koubou(['delegate', '--type', 'command', '--wait', '--', 'echo', `hello ${number}`]),
      ),
    );
    for (const [number, { code, stdout, stderr }] of ends.entries()) {
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `hello ${number}\n`);
    }
    const log = daemons.read(`logs/workers/${new Date().toISOString().slice(0, 10)}.log`);
    assert.equal(log.match(/ is ready/g)?.length, 1, log);
  });

  it('shares the work with another, each task once', async () => {
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_, number) =>
        daemons.shell(`echo ${number} >> once; until test -e go; do sleep 0.02; done`),
      ),
    );
    const draining = Promise.all([
      daemons.koubou(['work', '--drain', '--workers', '2']),
      daemons.koubou(['work', '--drain', '--workers', '2']),
    ]);
    await until(async () => (await daemons.queue.counts()).in_progress === 4, 'both at work');
    writeFileSync(daemons.home.path('go'), '');
    const ends = await draining;
    for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
    for (const id of ids) await daemons.ended(id);
    assert.equal(new Set(daemons.read('once').trim().split('\n')).size, 30);
    assert.equal(daemons.read('once').trim().split('\n').length, 30);
    for (const { stdout } of ends) assert.match(stdout, /[1-9]\d* completed/);
  });

  it('is told of by whoever changes the config under it', async () => {
    daemons.configure('workers: { max: 1 }');
    await daemons.start();
    const { stderr } = await daemons.koubou(['config', 'workers.max', '2']);
    assert.match(stderr, /Workers that run go on as they began: `koubou stop`/);
  });

  describe('on a home that will not do', () => {
    it('says what is wrong in the config', async () => {
      daemons.configure('workers: [this is not\n  a: config');
      const { code, stdout, stderr } = await daemons.koubou(['work', '--drain']);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /agent\.yaml/);
      assert.doesNotMatch(stderr, /\n\s+at /);
      daemons.configure('wrokers:\n  min: 2\n');
      const misspelt = await daemons.koubou(['work', '--drain']);
      assert.equal(misspelt.code, 2);
      assert.match(misspelt.stderr, /wrokers.*\n?.*workers/s);
    });

    it('says that the config cannot be read', async () => {
      rmSync(daemons.home.path('config', 'agent.yaml'));
      mkdirSync(daemons.home.path('config', 'agent.yaml'));
      const { code, stderr } = await daemons.koubou(['work', '--drain']);
      assert.equal(code, 2);
      assert.match(stderr, /agent\.yaml cannot be read/);
    });

    it('says that its bounds make no sense', async () => {
      const { code, stderr } = await daemons.koubou(['work', '--min', '3', '--max', '2']);
      assert.equal(code, 2);
      assert.match(stderr, /--min 3 is more than --max 2/);
    });

    it('says that it cannot be written to', async function () {
      const program = await builtKoubou();
      const { home } = daemons.home;
      const work = [process.execPath, program, 'work', '--drain', '--home', home];
      // root may write anywhere but on what is mounted read-only.
      const readOnly =
        'mount --bind "$3" "$3" && mount -o remount,ro,bind "$3" || exit 99; exec "$1" "$2" work --drain --home "$3"';
      const isRoot = process.getuid?.() === 0;
      if (!isRoot) chmodSync(daemons.home.path('run'), 0o500);
      const [file, ...args] = isRoot
        ? ['unshare', '-m', 'sh', '-c', readOnly, 'sh', process.execPath, program, home]
        : work;
      const { status, stderr } = spawnSync(file ?? '', args, { encoding: 'utf8' });
      if (!isRoot) chmodSync(daemons.home.path('run'), 0o700);
      if (isRoot && (status === 99 || status === null || /unshare/.test(stderr))) this.skip();
      assert.equal(status, 2, stderr);
      assert.match(stderr, /cannot be written to \((the file system is read-only|permission denied)\)/);
    });
  });
});
