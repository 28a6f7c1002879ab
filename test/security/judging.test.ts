/** A model's words are judged under a clock and a bound of memory, and a daemon hears a signal whatever comes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NewTask, TaskOptions } from '../../src/task/record.ts';
import { builtKoubou } from '../support/koubou/built.ts';
import { Daemons } from '../support/koubou/daemon.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/until.ts';
import { FakeRunner, Rig } from '../support/worker/rig.ts';
import { inEvents, inLines, inPieces, startWorstServer, type WorstServer } from './worst-server.ts';

const MB = 1024 * 1024;
/** Back and forth for ever, in a form that the linear engine does not take. */
const ENDLESS = { type: 'string', pattern: '^(?=x*)(x+x+)+y' };
const ENDLESS_ANSWER = JSON.stringify('x'.repeat(60));

type Answer = Parameters<typeof startWorstServer>[0];

const raw =
  (head: string, unit: string, times: number): Answer =>
  (response) => {
    response.write(head);
    response.write(unit.repeat(times));
  };

/** The processes that judge for a daemon. */
const judging = (daemon: number): number[] =>
  readdirSync('/proc').flatMap((name) => {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const own =
        words.some((word) => /judge-process\.c?[jt]s$/.test(word)) && words.at(-2) === String(daemon);
      return own ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const judgesForLong = (daemon: number): Promise<unknown> =>
  until(() => judging(daemon).some((pid) => cpuSeconds(pid) > 0.5), 'a long judgement');

describe('what a model wrote', () => {
  let daemons: Daemons;
  let server: WorstServer;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
  });

  const begin = async (answer: Answer): Promise<void> => {
    server = await startWorstServer(answer);
    daemons = await Daemons.make(`
endpoints:
  here: { kind: ollama, url: '${server.url}' }
  there: { kind: openai, url: '${server.url}/v1' }
runners:
  local: { kind: ollama, endpoint: here, model: m }
  other: { kind: openai, endpoint: there, model: m }
  talker: { kind: agent, bin: sh, args: ['-c', 'head -c 100000000 /dev/zero | tr "\\\\000" "["; sleep 1000'], stdin: prompt, output: { jsonl: { event: { type: result }, path: result } }, success: {} }
  printer: { kind: agent, bin: sh, args: ['-c', 'yes "{{x}" | head -c 300000000'], stdin: prompt, output: { jsonl: { event: { type: result }, path: result } }, success: {} }
routing:
  default: { general: local, code: local }
defaults:
  heartbeat_interval: 1s
`);
  };

  afterEach(async () => {
    await daemons.remove();
    server.close();
  });

  const add = (options: TaskOptions, over: Partial<NewTask> = {}): Promise<string> =>
    daemons.add({ options: { retries: 0, ...options }, ...over });

  it('ends no daemon by the memory that it takes: the attempt fails with the reason', async function () {
    this.timeout(120_000);
    const answer = `[${'{},'.repeat(10 * MB)}1]`;
    let asked = 0;
    await begin((response, key) => {
      asked += 1;
      inLines(asked === 1 ? inPieces(answer, 256 * 1024) : ['[]'])(response, key);
    });
    const daemon = await daemons.start();
    const id = await add({ schema: { type: 'array' } });
    const { error } = (await daemons.ended(id, 100_000)).result ?? {};
    assert.equal(error?.code, 'output_unjudged');
    // On a busy machine the other bound may come first; test/judge/judge.test.ts has each of them.
    assert.match(error?.message ?? '', /more than 512 MB of memory|not done after 20 s/);
    assert.equal((await daemons.ended(await add({ schema: { type: 'array' } }))).status, 'completed');
    assert.equal(daemon.gone(), false);
  });

  it('is given up when its task is cancelled', async function () {
    this.timeout(60_000);
    await begin(inLines([ENDLESS_ANSWER]));
    const daemon = await daemons.start();
    const id = await add({ schema: ENDLESS });
    await judgesForLong(daemon.pid);
    await daemons.queue.cancel(id);
    assert.equal((await daemons.ended(id)).result?.error?.code, 'cancelled');
  });

  it('holds up neither another task nor the beat', async function () {
    this.timeout(60_000);
    await begin(inLines([ENDLESS_ANSWER]));
    const daemon = await daemons.start(['--workers', '2']);
    await add({ schema: ENDLESS });
    await judgesForLong(daemon.pid);
    const beat = (await daemons.queue.workers())[0]?.last_heartbeat;
    assert.equal((await daemons.ended(await daemons.shell('echo hi'))).status, 'completed');
    await until(async () => (await daemons.queue.workers())[0]?.last_heartbeat !== beat, 'another beat');
    assert.equal(judging(daemon.pid).length, 1, 'it is judged all the same');
  });

  it('goes on working for a schema that looks ahead', async () => {
    await begin(inLines(['"abc1"']));
    await daemons.start();
    const schema = { type: 'string', pattern: '^(?=.*\\d)[a-z\\d]{4}$' };
    assert.equal((await daemons.ended(await add({ schema }))).status, 'completed');
  });

  const deep = `{"a":${'['.repeat(2 * MB)}`;
  const worst: Record<
    string,
    { answer: Answer; options?: TaskOptions; task?: () => Partial<NewTask>; long?: true }
  > = {
    'a pattern that never ends': {
      answer: inLines([ENDLESS_ANSWER]),
      options: { schema: ENDLESS },
      long: true,
    },
    'thirty million brackets': {
      answer: inLines(inPieces('['.repeat(30 * MB), 256 * 1024)),
      options: { schema: {} },
    },
    'an error of brackets': {
      answer: (response) => response.writeHead(400, { 'content-type': 'text/html' }).end('<'.repeat(65_000)),
    },
    'a line without end': { answer: raw('', '[', 8 * MB) },
    'markup in one line': { answer: inLines([`x${'<|'.repeat(MB)}`, `x${'<think>'.repeat(MB / 4)}`]) },
    'an event that is deep': {
      answer: raw('', `data: ${deep}\ndata: ${deep}\n\n`, 1),
      options: { runner: 'other' },
    },
    'events without end': { answer: inEvents(['<'.repeat(3 * MB)]), options: { runner: 'other' } },
    'an agent’s line of a hundred megabytes': { answer: inLines(['x']), options: { runner: 'talker' } },
    'an agent’s seventy million lines': { answer: inLines(['x']), options: { runner: 'printer' } },
    'thirty megabytes to look through for keys': {
      answer: inLines(['x']),
      options: { runner: 'other' },
      task: () => {
        const path = join(daemons.home.home, 'large.txt');
        writeFileSync(path, 'pass word key = 1 '.repeat((30 * MB) / 18));
        return { files: [{ path, sha256: null }] } as Partial<NewTask>;
      },
    },
  };
  for (const [name, { answer, options = {}, task = () => ({}), long }] of Object.entries(worst)) {
    it(`lets a daemon hear that it shall end: ${name}`, async function () {
      this.timeout(120_000);
      await begin(answer);
      const daemon = await daemons.start();
      const id = await add(options, task());
      await until(() => daemon.events().some(({ event }) => event === 'task_started'), 'the start');
      if (long) await judgesForLong(daemon.pid);
      daemon.kill('SIGTERM');
      await until(() => daemon.events().some(({ event }) => event === 'stopping'), 'an ear');
      daemon.kill('SIGTERM');
      await daemon.ended;
      const { status } = await daemons.record(id);
      assert.notEqual(status, 'in_progress');
      await until(() => judging(daemon.pid).length === 0, 'the end of whatever judged');
    });
  }

  it('would be told of: a thread that judges itself hears nothing', async () => {
    await begin(inLines(['x']));
    const script = `process.on('SIGTERM', () => process.exit(0)); console.log('up');
      new RegExp(${JSON.stringify(ENDLESS.pattern)}, 'u').test('x'.repeat(60));`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = child.pid ?? 0;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    const before = cpuSeconds(pid);
    await until(() => cpuSeconds(pid) > before + 1, 'a second of work after the signal');
    assert.equal(child.exitCode, null);
    child.kill('SIGKILL');
    await ended;
  });
});

describe('what a model wrote, by the clock of its attempt,', () => {
  it('is judged for as long as the attempt lasts, and no longer', async function () {
    this.timeout(60_000);
    const clock = new ManualClock();
    const rig = await Rig.make(undefined, clock);
    try {
      rig.start(new FakeRunner(() => ENDLESS_ANSWER));
      const id = await rig.add({ options: { schema: ENDLESS, timeout: 60, retries: 0 } });
      await judgesForLong(process.pid);
      await clock.advance(60_000);
      const { error } = (await rig.ended(id)).result ?? {};
      assert.equal(error?.code, 'timeout');
      assert.match(error?.message ?? '', /^It did not end within 60 s: it was still judging the result\.$/);
      await until(() => judging(process.pid).length === 0, 'an end before its own bound', 10_000);
      const next = await rig.add({ options: { schema: { type: 'string' } } });
      assert.equal((await rig.ended(next)).status, 'completed');
    } finally {
      await rig.remove();
    }
  });
});
