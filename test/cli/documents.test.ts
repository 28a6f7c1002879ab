/** What is printed with --json is what src/actions/documents.ts says: nothing more, nothing less. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { findCommands } from '../../build/commands.ts';
import { exactly } from '../../src/actions/documents/exactly.ts';
import { DOCUMENTS } from '../../src/actions/documents.ts';
import { taskStatus } from '../../src/actions/tasks/status.ts';
import type { Claim, Member } from '../../src/queue/queue.ts';
import type { NewTask } from '../../src/task/record.ts';
import { beat, newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import type { RunOptions } from '../support/koubou/koubou.ts';
import { Project } from '../support/koubou/project.ts';
import { until } from '../support/until.ts';

type Name = keyof typeof DOCUMENTS;
type Json = Record<string, unknown>;
type TaskName =
  | 'completed'
  | 'failed'
  | 'wanted'
  | 'unwanted'
  | 'model'
  | 'secret'
  | 'delayed'
  | 'blocked'
  | 'pending'
  | 'running';

const repository = dirname(dirname(import.meta.dirname));

const CONFIG = `
endpoints: { nowhere: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  ollama: { kind: ollama, endpoint: nowhere, model: tiny }
  command: { kind: command }
routing:
  default: { general: ollama, code: ollama, command: command }
  rules:
    - { if: { label: { team: web } }, then: { local_only: true } }
    - { if: { type: general }, then: { runner: ollama } }
    - { if: { sensitive: true }, then: { local_only: true } }
`;

const AS_AGENT = { CLAUDECODE: '1' };

/** What need not be there. */
const OPTIONAL = new Set(
  'environment places confined answer_only held withheld truncated prompt_bytes output_bytes start_time quarantined'.split(
    ' ',
  ),
);

const fits = (name: Name, document: unknown): boolean => z.safeParse(DOCUMENTS[name], document).success;

describe('the documents that commands print', () => {
  let project: Project;
  let member: Member;
  let running: Claim;
  const ids = {} as Record<TaskName, string>;
  const printed = new Map<Name, Json[]>();

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: project.folder,
      encoding: 'utf8',
    });

  const add = async (name: TaskName, over: Partial<NewTask> = {}): Promise<string> => {
    const task = newTask({ cwd: project.folder, created_by: 'cli', ...over });
    const [added] = await project.queue.add([task]);
    assert.ok(added);
    ids[name] = added.id;
    return added.id;
  };

  const shell = (name: TaskName, script: string, over: Partial<NewTask> = {}): Promise<string> =>
    add(name, { type: 'command', prompt: '', command: ['sh', '-c', script], ...over });

  const code = (name: TaskName, script: string): Promise<string> =>
    shell(name, `${script}; echo done`, {
      type: 'code',
      options: { runner: 'command', retries: 0, worktree: true },
    });

  const asked = async (name: Name, args: readonly string[], options: RunOptions = {}) => {
    const { stdout, stderr } = await project.runWith(options, ...args, '--json');
    const said = `${args.join(' ')}: ${stdout}${stderr}`;
    assert.match(stdout, /^\{[^]*\}\n$/, said);
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const document of documents) {
      const parsed = z.safeParse(DOCUMENTS[name], document);
      assert.ok(parsed.success, `${JSON.stringify(parsed.error?.issues, null, 1)}\n${said}`);
      assert.deepEqual(parsed.data, document);
    }
    printed.set(name, [...(printed.get(name) ?? []), ...documents]);
    return documents;
  };

  /** By a daemon that is watched. */
  const runSome = async () => {
    await shell('completed', 'echo out; echo err >&2', { labels: { batch: 'b' } });
    await shell('failed', 'exit 3', { options: { retries: 0 }, context: { why: 'test' }, key: 'k' });
    await code('wanted', 'echo b >> a.txt');
    await code('unwanted', 'echo c >> a.txt');
    await asked('work', ['work', '--drain']);
  };

  const addSome = async () => {
    const delegated = async (...args: string[]) => (await asked('delegate', ['delegate', ...args]))[0];
    ids.model = (await delegated('x'.repeat(600), '--priority', '10', '--file', 'a.txt')).task_id;
    ids.delayed = (await delegated('later', '--in', '1h', '--set', 'temperature=0')).task_id;
    ids.blocked = (await delegated('after', '--after', ids.delayed)).task_id;
    const batch = await delegated('Read {file}', '--each', 'a.*', '--priority', '1');
    ids.pending = batch.tasks[0].task_id;
    await delegated('--each', 'a.*', '--skip-existing', '--output', 'a.txt', 'x');
    await add('secret', { prompt: 'the secret', sensitive: true, priority: 9 });
    await add('running', { prompt: 'runs', priority: 8 });
    project.write('.koubou/tasks/pending/00-task_20260101_000000_000000_aaaa.r0.b0.json', '{');
  };

  /** As a worker of a model does: two are done, one goes on. */
  const takeSome = async () => {
    member = await project.queue.join(worker({ label: 'desk', slots: 3, runner: 'ollama', model: 'tiny' }));
    for (const name of ['model', 'secret'] as const) {
      const claim = await until(() => member.claim(takeAll));
      assert.equal(claim.id, ids[name]);
      writeFileSync(claim.scratch.outputPath, 'y'.repeat(20_000));
      appendFileSync(claim.scratch.logPath, 'It answers.\n');
      const sample = { letters: 1000, tokens: 250, whole: 300 };
      const prompt = { counted: 300, least: 200, without_cache: true, by: 'sample' as const, sample };
      const usage = { input_tokens: 300, output_tokens: null, prompt };
      await member.settle(claim, succeeded(claim, member, { usage, evidence: 'text' }), noRetries);
    }
    running = await until(() => member.claim(takeAll));
    assert.equal(running.id, ids.running);
    await member.markHeld(running);
    await member.renew(
      beat({ slots: 3, progress: { [running.id]: 7 }, notes: ['disk full'], down: { nowhere: 'no answer' } }),
    );
  };

  before(async function () {
    this.timeout(120_000);
    project = await Project.make();
    project.write('.koubou/config/agent.yaml', CONFIG);
    git('init', '-q');
    project.write('a.txt', 'a\n');
    git('add', 'a.txt');
    git('commit', '-qm', 'first');
    await runSome();
    await addSome();
    await takeSome();
  });
  after(async () => {
    await member.settle(running, succeeded(running, member), noRetries);
    await member.leave();
    await project.remove();
  });

  it('work: an event a line', () => {
    const events = new Set(printed.get('work')?.map(({ event }) => event));
    assert.deepEqual([...events], ['worker_started', 'task_started', 'task_ended', 'worker_stopped']);
  });

  it('delegate: a record, or several, cut where they are long', () => {
    const records = printed.get('delegate') ?? [];
    assert.deepEqual(
      records.map((each) => ('tasks' in each ? 'several' : [each['waiting'], each['truncated'] ?? false])),
      [[null, true], ['delayed', false], ['blocked', false], 'several', 'several'],
    );
  });

  it('status: the board, and a task in each state', async () => {
    const [board] = await asked('status', ['status']);
    assert.equal(board.running[0].held, true);
    assert.equal(board.worktrees.length, 2);
    await asked('status', ['status', ids.running, '--full']);
    const app = await project.open();
    for (const id of Object.values(ids)) {
      const document = await taskStatus(app, id, { full: true });
      assert.deepEqual(z.parse(DOCUMENTS.status, JSON.parse(JSON.stringify(document))), document, id);
    }
    const [withheld] = await asked('status', ['status', ids.secret], { environment: AS_AGENT });
    assert.equal(withheld.withheld, true);
  });

  it('list: tasks, or what is in quarantine', async () => {
    await asked('list', ['list', '--limit', '100']);
    const [{ quarantined }] = await asked('list', ['list', '--status', 'quarantined']);
    assert.equal(quarantined.length, 1);
  });

  it('wait and result: a record, or several, with the whole output', async () => {
    const two = [ids.completed, ids.failed];
    for (const name of ['wait', 'result'] as const) {
      await asked(name, [name, ids.completed]);
      await asked(name, [name, ...two]);
    }
    const [whole] = await asked('result', ['result', ids.model]);
    assert.equal(whole.result.output, 'y'.repeat(20_000));
    assert.equal((await asked('result', ['result', '--format', 'jsonl', ...two])).length, 2);
    await asked('result', ['result', ids.secret], { environment: AS_AGENT });
    await asked('wait', ['wait', ids.delayed, '--timeout', '1s']);
  });

  it('logs: a piece a line', async () => {
    const pieces = await asked('logs', ['logs', ids.completed]);
    assert.deepEqual(
      pieces.map(({ stream }) => stream),
      ['stdout', 'stderr'],
    );
    await asked('logs', ['logs', ids.model]);
  });

  it('diff, apply and discard: what a worktree task changed, and what became of it', async () => {
    const { wanted, unwanted } = ids;
    await asked('diff', ['diff', wanted]);
    const results = [];
    for (const id of [wanted, unwanted]) results.push(...(await asked('apply', ['apply', id])));
    git('commit', '-qam', 'took it');
    results.push(...(await asked('apply', ['apply', unwanted])));
    assert.deepEqual(
      results.map(({ result }) => result),
      ['applied', 'dirty', 'conflict'],
    );
    await asked('discard', ['discard', unwanted]);
  });

  it('workers and workers scale', async () => {
    await asked('workers', ['workers']);
    await asked('scale', ['workers', 'scale', '1', '2']);
  });

  it('cancel and retry: what became of each', async () => {
    const [cancelled] = await asked('cancel', ['cancel', ids.blocked, ids.completed]);
    assert.deepEqual(
      cancelled.results.map(({ result }: Json) => result),
      ['cancelled', 'completed'],
    );
    await asked('retry', ['retry', '--failed']);
    await asked('retry', ['retry', ids.blocked]);
  });

  it('route: with the rules that were looked at', async () => {
    const [{ route }] = await asked('route', ['route', 'hello']);
    assert.deepEqual(
      route.rules.map(({ matched }: Json) => matched),
      [false, true, null],
    );
    await asked('route', ['route', '--label', 'team=web', '--type', 'code', 'the password is hunter2']);
  });

  it('config: all of it, one key, and one that is set', async () => {
    await asked('config', ['config'], { environment: { MAX_WORKERS: '2' } });
    await asked('config', ['config', 'workers.max', '3']);
  });

  it('doctor: what was found', async () => {
    await asked('doctor', ['doctor']);
  });

  it('init, trust, work --detach and stop: a home is made, or signed; a daemon begins, and ends', async () => {
    const other = await Project.make();
    try {
      const made = { cwd: other.folder };
      await asked('init', ['init', '--claude', '--home', 'new'], made);
      await asked('init', ['init', '--claude', '--home', 'new'], made);
      const foreign = join(other.folder, 'foreign');
      cpSync(join(repository, '.koubou.example'), foreign, { recursive: true });
      const [trusted] = await asked('trust', ['trust', '--home', foreign, '--tasks', '--yes']);
      assert.equal(trusted.signed, true);
      const environment = { KOUBOU_HOME: other.home };
      await asked('start', ['work', '--detach'], { environment });
      const [{ stopped }] = await asked('stop', ['stop'], { environment });
      assert.equal(stopped.length, 1);
    } finally {
      await other.remove();
    }
  });

  it('an error in the place of any other', async () => {
    await asked('error', ['status', 'zzzz']);
    await asked('error', ['delegate', '--colour', 'red']);
    await asked('error', ['config', 'workers.max', '9'], { environment: AS_AGENT });
  });

  it('are one for each command', async () => {
    const commands = await findCommands(join(repository, 'src', 'commands'));
    const names = commands.map(({ id }) => id.split(':').at(-1) ?? id);
    assert.deepEqual([...names, 'error', 'start'].sort(), Object.keys(DOCUMENTS).sort());
    assert.deepEqual([...printed.keys()].sort(), Object.keys(DOCUMENTS).sort());
  });

  it('would be refused with a member too many or too few', () => {
    for (const [name, documents] of printed) {
      for (const document of documents) {
        assert.equal(fits(name, { ...document, unknown: 1 }), false, name);
        for (const member of Object.keys(document).filter((each) => !OPTIONAL.has(each))) {
          const { [member]: _, ...rest } = document;
          assert.equal(fits(name, rest), false, `${name} without ${member}`);
        }
      }
    }
    const [task] = (printed.get('result') ?? []) as [
      Json & Record<'result' | 'options', Json> & { attempts: Json[] },
    ];
    const more = (part: Json | undefined): Json => ({ ...part, unknown: 1 });
    const planted = {
      result: { ...task, result: more(task.result) },
      options: { ...task, options: more(task.options) },
      attempt: { ...task, attempts: [more(task.attempts[0])] },
      code: { ...task, result: { ...task.result, error: { code: 'none', message: '', hint: '' } } },
      'one of several': { tasks: [task, more(task)] },
    };
    for (const [what, document] of Object.entries(planted))
      assert.equal(fits('result', document), false, what);
    assert.equal(fits('result', { tasks: [task, task] }), true);
  });
});

describe('a schema that is held to a type', () => {
  interface Told {
    a: string;
    b?: number;
    c: { d: 'x' | 'y' } | null;
  }
  const [a, b] = [z.string(), z.optional(z.number())];
  const c = z.nullable(z.strictObject({ d: z.enum(['x', 'y']) }));

  it('does not compile with a member too few, too many or of another kind', () => {
    exactly<Told>()(z.strictObject({ a, b, c }));
    // @ts-expect-error It has no b.
    exactly<Told>()(z.strictObject({ a, c }));
    // @ts-expect-error There is no e.
    exactly<Told>()(z.strictObject({ a, b, c, e: a }));
    // @ts-expect-error a is always there.
    exactly<Told>()(z.strictObject({ a: z.optional(a), b, c }));
    // @ts-expect-error d may be y.
    exactly<Told>()(z.strictObject({ a, b, c: z.nullable(z.strictObject({ d: z.literal('x') })) }));
  });
});
