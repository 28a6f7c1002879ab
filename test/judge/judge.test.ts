import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { Judge } from '../../src/judge/judge.ts';
import { until } from '../support/until.ts';

/** A pattern that goes back and forth for ever, in a form that no linear engine takes. */
const ENDLESS = { type: 'string', pattern: '^(?=x*)(x+x+)+y' };
const ENDLESS_ANSWER = JSON.stringify('x'.repeat(60));

/** The processes that judge for `parent`. */
const judging = (parent = process.pid): number[] =>
  readdirSync('/proc').flatMap((name) => {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const own = command.some((word) => word.includes('judge-process')) && command.at(-2) === String(parent);
      return own ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

const code = async (answer: Promise<unknown>): Promise<string> => {
  try {
    await answer;
    return 'answered';
  } catch (error) {
    return error instanceof KoubouError ? `${error.code}: ${error.message}` : String(error);
  }
};

describe('the judge', () => {
  let folder: string;
  let path: string;
  const judges: Judge[] = [];

  const open = (bounds: ConstructorParameters<typeof Judge>[0] = {}): Judge => {
    const judge = new Judge({ idleSeconds: 1, ...bounds });
    judges.push(judge);
    return judge;
  };

  /** Also those of tests before. */
  const endAll = async (): Promise<void> => {
    for (const pid of judging()) process.kill(pid, 'SIGKILL');
    await until(() => judging().length === 0, 'no process that judges is left');
  };

  beforeEach(async () => {
    await endAll();
    folder = await mkdtemp(join(tmpdir(), 'koubou-judge-'));
    path = join(folder, 'output');
  });
  afterEach(async () => {
    await endAll();
    await rm(folder, { recursive: true });
  });

  it('starts nothing before it is asked, and answers from one process as long as one is enough', async () => {
    const judge = open();
    assert.deepEqual(judging(), []);
    await writeFile(path, '{"name": "Ada"}');
    for (let count = 0; count < 5; count += 1) {
      assert.deepEqual(await judge.ask('schema', { path, schema: { type: 'object' } }), { fits: true });
    }
    assert.equal(judging().length, 1);
  });

  it('ends a judgement that takes too long, and goes on with another process', async () => {
    const judge = open({ seconds: 2, processes: 1 });
    await writeFile(path, ENDLESS_ANSWER);
    const ended = judge.ask('schema', { path, schema: ENDLESS });
    const next = code(judge.ask('tool_call', { path }));
    assert.equal(await code(ended), 'output_unjudged: It was not judged: it was not done after 2 s.');
    // On a busy machine the start of a process alone may take as long.
    await next;
    await until(async () => (await code(judge.ask('tool_call', { path }))) === 'answered', 'an answer');
  });

  it('ends a judgement when its attempt ends, with the reason of the attempt, also one that waits', async () => {
    const judge = open({ processes: 1 });
    await writeFile(path, ENDLESS_ANSWER);
    const attempt = new AbortController();
    const running = code(judge.ask('schema', { path, schema: ENDLESS }, attempt.signal));
    const waiting = code(judge.ask('tool_call', { path }, attempt.signal));
    await until(() => judging().length === 1, 'it is judged');
    attempt.abort(new KoubouError('timeout', 'It is over.'));
    assert.deepEqual(await Promise.all([running, waiting]), ['timeout: It is over.', 'timeout: It is over.']);
    assert.equal(await judge.ask('tool_call', { path }), false);
    assert.equal(await code(judge.ask('tool_call', { path }, attempt.signal)), 'timeout: It is over.');
  });

  it('lets nobody wait for another one’s long judgement', async () => {
    const judge = open({ processes: 2 });
    await writeFile(path, ENDLESS_ANSWER);
    const attempt = new AbortController();
    const long = code(judge.ask('schema', { path, schema: ENDLESS }, attempt.signal));
    assert.equal(await judge.ask('tool_call', { path }), false);
    attempt.abort(new Error('enough'));
    await long;
  });

  it('survives an answer that fills its memory, and says so', async () => {
    const judge = open({ memoryMb: 64 });
    // In a thread, this very text ends the process around it, whatever the limits of the thread.
    await writeFile(path, `[${'{},'.repeat(4_000_000)}1]`);
    assert.equal(
      await code(judge.ask('schema', { path, schema: { type: 'array' } })),
      'output_unjudged: It was not judged: it took more than 64 MB of memory.',
    );
    await writeFile(path, '[]');
    assert.deepEqual(await judge.ask('schema', { path, schema: { type: 'array' } }), { fits: true });
  });

  it('asks once more where somebody else ended the process', async () => {
    const judge = open({ processes: 1 });
    await writeFile(path, ENDLESS_ANSWER);
    const attempt = new AbortController();
    const asked = code(judge.ask('schema', { path, schema: ENDLESS }, attempt.signal));
    await until(() => judging().length === 1, 'it is judged');
    const [first] = judging() as [number];
    process.kill(first, 'SIGKILL');
    await until(() => judging().some((pid) => pid !== first), 'another process judges');
    for (const pid of judging()) process.kill(pid, 'SIGKILL');
    assert.match(await asked, /^output_unjudged: .*ended twice \(SIGKILL\)/);
  });

  it('says that there is more than it reads', async () => {
    const judge = open();
    await writeFile(path, `"${'x'.repeat(65 * 1024 * 1024)}"`);
    assert.match(
      await code(judge.ask('schema', { path, schema: {} })),
      /^output_unjudged: .*more than 64 MB/,
    );
    assert.match(await code(judge.ask('code', { path })), /^output_unjudged: .*more than 64 MB/);
    assert.equal(await judge.ask('tool_call', { path }), false, 'what is long is no call');
  });

  it('refuses what is no schema, and one that leads round and round', async () => {
    const judge = open();
    await writeFile(path, '{}');
    assert.match(await code(judge.ask('schema', { path, schema: { type: 'nonsense' } })), /^usage: /);
    assert.match(
      await code(judge.ask('schema', { path, schema: { $ref: '#' } })),
      /^output_unjudged: .*without end/,
    );
    const elsewhere = { $ref: 'https://example.com/schema.json' };
    assert.match(await code(judge.ask('schema', { path, schema: elsewhere })), /^usage: .*reference/);
  });

  it('gives the process nothing of the environment', async () => {
    const judge = open();
    await writeFile(path, '');
    await judge.ask('tool_call', { path });
    const [pid] = judging() as [number];
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .flatMap((line) => (line === '' ? [] : [line.split('=')[0]]));
    assert.deepEqual(
      names.filter(
        (name) =>
          name !== 'NODE_COMPILE_CACHE' &&
          name !== 'NODE_CHANNEL_FD' &&
          name !== 'NODE_CHANNEL_SERIALIZATION_MODE',
      ),
      [],
    );
  });

  it('ends its process when there has been nothing to judge for a while', async () => {
    const judge = open({ idleSeconds: 0.05 });
    await writeFile(path, '');
    await judge.ask('tool_call', { path });
    await until(() => judging().length === 0, 'the process has ended');
    assert.equal(await judge.ask('tool_call', { path }), false);
  });

  const script = (last: string): string => `
    import { Judge } from ${JSON.stringify(join(import.meta.dirname, '../../src/judge/judge.ts'))};
    const judge = new Judge();
    await judge.ask('tool_call', { path: ${JSON.stringify(path)} });
    console.log('asked');
    ${last}`;

  it('keeps no process alive that has nothing else to do', async () => {
    await writeFile(path, ENDLESS_ANSWER);
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script('')], {
      stdio: 'ignore',
    });
    const [exitCode] = await new Promise<[number | null]>((resolve) =>
      child.once('exit', (...end) => resolve([end[0]])),
    );
    assert.equal(exitCode, 0);
    await until(() => judging(child.pid).length === 0, 'its judge is gone as well');
  });

  it('ends with a daemon that is killed, in the middle of a judgement that never would', async () => {
    await writeFile(path, ENDLESS_ANSWER);
    const asked = JSON.stringify({ path, schema: ENDLESS });
    const child = spawn(
      process.execPath,
      ['--input-type=module-typescript', '-e', script(`await judge.ask('schema', ${asked});`)],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    assert.equal(judging(child.pid).length, 1);
    child.kill('SIGKILL');
    await until(() => judging(child.pid).length === 0, 'its judge is gone as well');
  });
});
