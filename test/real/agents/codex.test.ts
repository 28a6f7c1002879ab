/** The real Codex against a scripted model: what it did counts, not what it says, and nothing of it is left. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ErrorCode, KoubouError } from '../../../src/errors.ts';
import { pidsCarrying } from '../../../src/process/programs/process-table.ts';
import { reducedEnvironment } from '../../../src/process/programs/reduced-environment.ts';
import { CodexRunner } from '../../../src/runner/codex/codex.ts';
import type { Sandbox } from '../../../src/runner/codex/arguments.ts';
import type { NewTask } from '../../../src/task/record.ts';
import { promptFolders, taskOf } from '../../contract/runner.ts';
import {
  type ResponsesServer,
  type ResponsesStep,
  startResponsesServer,
  steps,
} from '../../support/servers/responses-server.ts';
import { until } from '../../support/until.ts';
import { Rig } from '../../support/worker/rig.ts';
import { KINDS, pathOf } from './bubblewrap-kinds.ts';
import { agentsInstalled, codexProgram } from './install.ts';
import { leaseFor } from '../../support/lease.ts';
import type { RunContext } from '../../../src/runner/runner.ts';

for (const kind of KINDS) describe(`Codex, the real one, with ${kind}`, function () {
  let rig: Rig;
  let folder: string;
  const servers: ResponsesServer[] = [];

  let programs: string;
  let path: string;

  before(function () {
    if (!agentsInstalled()) this.skip();
    programs = mkdtempSync(join(tmpdir(), 'koubou-codex-programs-'));
    path = pathOf(kind, programs);
  });
  after(() => {
    if (programs !== undefined) rmSync(programs, { recursive: true, force: true });
  });
  beforeEach(async () => {
    rig = await Rig.make();
    // The home lies in the folder of the work, as it does for most.
    folder = dirname(rig.home.home);
  });
  afterEach(async () => {
    await rig.remove();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  const serve = async (...script: ResponsesStep[]): Promise<ResponsesServer> => {
    const server = await startResponsesServer(script);
    servers.push(server);
    return server;
  };

  const codexOn = (url: string, over: { sandbox?: Sandbox; model?: string } = {}): CodexRunner =>
    new CodexRunner({
      name: 'codex',
      endpoint: { name: 'server', url: `${url}/v1`, maxConcurrent: 4 },
      serverKind: 'ollama',
      model: over.model ?? 'scripted',
      bin: codexProgram,
      sandbox: over.sandbox ?? 'workspace-write',
      allowFullAccess: over.sandbox === 'danger-full-access',
      home: rig.home.home,
      hidden: [],
      promptFolders,
      environment: reducedEnvironment({ ...process.env, HOME: rig.home.home, PATH: path }),
    });

  const settings = {
    routing: { default: { general: 'codex', code: 'codex', command: 'codex' } },
    stallSeconds: 30,
    loadSeconds: 30,
  };
  /** For a server that falls silent. */
  const impatient = { ...settings, stallSeconds: 2, loadSeconds: 2, unavailableSeconds: 0 };

  const add = (over: Partial<NewTask> = {}): Promise<string> =>
    rig.add({ type: 'code', cwd: folder, prompt: 'Write a.txt.', ...over, options: { retries: 0, ...over.options } });

  const logOf = async (id: string): Promise<string> =>
    readFileSync((await rig.queue.artifacts.find(id, 1, 'log'))?.path ?? '', 'utf8');

  it('has done a task when the file is there', async () => {
    const server = await serve(
      steps.exec('echo hello > a.txt'),
      steps.exec("apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: b.txt\n+b\n*** End Patch\nEOF\n"),
      steps.message('I wrote both.'),
    );
    const id = await add({ options: { system: 'Be quick.' } });
    await rig.drain(codexOn(server.url), settings);
    const { status, result, attempts } = await rig.record(id);
    assert.equal(status, 'completed', result?.error?.message);
    assert.equal(result?.output?.trim(), 'I wrote both.');
    assert.equal(attempts[0]?.evidence, '2 files changed');
    assert.deepEqual(attempts[0]?.usage, { input_tokens: 300, output_tokens: 30 });
    assert.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'hello\n');
    const log = await logOf(id);
    assert.match(log, /^\$ echo hello > a\.txt$/m);
    assert.match(log, /^\+ .*\/b\.txt$/m);
    assert.deepEqual(readdirSync(stateOf(id)), ['sessions']);
    assert.deepEqual(readdirSync(folder).sort(), ['a.txt', 'b.txt', 'home']);
    const first = JSON.stringify(server.requests[0]?.body);
    assert.match(first, /You are a careful programmer who works in the present folder/);
    assert.match(first, /Be quick\./);
    assert.ok((server.requests[0]?.bytes ?? 0) < 9000, 'the request leaves room in a small context');
  });

  const stateOf = (id: string, run = 1): string => {
    const [, day = ''] = /^task_(\d{8})/.exec(id) ?? [];
    const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
    return rig.home.path('results', date, id, `run-${run}.state`);
  };

  describe('fails, whatever its exit code says, and says what was seen:', () => {
    const done = steps.message('Done, everything works.');
    const asksForMore = { sandbox_permissions: 'require_escalated', justification: 'x' };
    const patch = (path: string): ResponsesStep =>
      steps.exec(`apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: ${path}\n+a\n*** End Patch\nEOF\n`);
    const lies: [string, ResponsesStep[], ErrorCode, RegExp, NewTask['options']?][] = [
      ['an empty answer', [steps.empty()], 'empty_output', /^The model answered with nothing\.$/],
      ['a tool call as text', [steps.toolCallAsText()], 'tool_call_as_text', /^The model printed a tool call/],
      [
        'an unknown tool',
        [steps.unknownTool(), done],
        'unknown_tool',
        /^The model called write_file, which is not one of its tools; it has exec_command, .*no file changed/,
      ],
      [
        'arguments that are no JSON',
        [steps.badArguments(), done],
        'bad_tool_arguments',
        /^The arguments of exec_command could not be parsed: \{"cmd": "touch a \(.*EOF while parsing.*no file changed/,
      ],
      [
        'arguments that are not what the tool takes',
        [{ kind: 'function_call', name: 'exec_command', arguments: '{"cmd":["touch","a"]}' }, done],
        'bad_tool_arguments',
        /\{"cmd":\["touch","a"\]\} \(.*expected a string/,
      ],
      [
        'a write that a read-only sandbox refused',
        [steps.exec('echo a > a.txt'), done],
        'sandbox_refused',
        /^The read-only sandbox refused a write: `echo a > a\.txt`: .*a\.txt: Read-only file system\. .*no file changed/,
        { sandbox: 'read-only' },
      ],
      [
        'a patch that a read-only sandbox refused',
        [patch('a.txt'), done],
        'sandbox_refused',
        /^The read-only sandbox refused a write: `apply_patch [^]*patch rejected: .*no file changed/,
        { sandbox: 'read-only' },
      ],
      [
        'a write of which a read-only sandbox shows nothing',
        [steps.exec('{ echo a > a.txt; } 2> /dev/null || true'), done],
        'no_evidence',
        /^In the read-only sandbox nothing can be written\. .*no file changed/,
        { sandbox: 'read-only' },
      ],
      [
        'a write beyond its folder',
        [steps.exec('echo a > /var/tmp/a.txt'), done],
        'sandbox_refused',
        /^The workspace-write sandbox refused a write: `echo a > \/var\/tmp\/a\.txt`: .*Read-only file system/,
      ],
      [
        'a patch beyond its folder',
        [patch('/var/tmp/a.txt'), done],
        'sandbox_refused',
        /^The workspace-write sandbox refused a write: [^]*patch rejected: writing outside of the project/,
      ],
      [
        'a command that failed, of which no event tells',
        [steps.exec('echo "mount: permission denied" >&2; exit 32'), done],
        'no_evidence',
        /^A command of the model failed: `echo .*`: mount: permission denied\. .*no file changed/,
      ],
      [
        'an escalation that was refused',
        [steps.exec('echo a > /a.txt', asksForMore), done],
        'escalation_refused',
        /^Codex refused to run `echo a > \/a\.txt` outside the sandbox\. .*no file changed/,
      ],
      [
        'a schema answered in prose',
        [steps.exec('echo a > a.txt'), done, done],
        'schema_invalid',
        /^The output is not JSON: .*"Done, ever/,
        { schema: { type: 'object' } },
      ],
      [
        'a check that nothing passes, after a refusal',
        [steps.unknownTool(), steps.exec('echo a > a.txt'), done],
        'check_failed',
        /^The check `false` ended with exit code 1\.\nOn the way: The model called write_file/,
        { check: 'false' },
      ],
      ['silence after the answer began', [steps.stall()], 'stalled', /Nothing came/],
      ['silence from the start', [steps.silence()], 'timeout', /not ready after 2 s/],
      ['an answer that broke off', [steps.cut()], 'runner_unavailable', /in the middle of its answer/],
      ['an error of the server', [steps.error(500, 'out of memory'), steps.error(500, 'out of memory')], 'runner_unavailable', /out of memory/],
      ['a prompt that does not fit', [steps.error(400, 'input length exceeds the context length')], 'context_overflow', /does not fit/],
    ];
    for (const [name, script, code, message, options] of lies) {
      it(name, async () => {
        const server = await serve(...script);
        const id = await add({ options: { ...options } });
        const isSilent = code === 'stalled' || code === 'timeout';
        await rig.drain(codexOn(server.url), isSilent ? impatient : { ...settings, unavailableSeconds: 0 });
        const { status, attempts } = await rig.record(id);
        assert.equal(attempts[0]?.error?.code, code, attempts[0]?.error?.message);
        assert.match(attempts[0]?.error?.message ?? '', message);
        assert.equal(status, 'failed');
        assert.deepEqual(await leftIn(folder), []);
      });
    }
  });

  it('has done a task in the end when what was refused was then done another way', async () => {
    const server = await serve(
      steps.unknownTool(),
      steps.badArguments(),
      steps.exec('echo a > /a.txt', { sandbox_permissions: 'require_escalated' }),
      steps.exec('echo a > /a.txt'),
      steps.exec('echo a > a.txt'),
    );
    const id = await add({ options: { check: 'grep -q a a.txt' } });
    await rig.drain(codexOn(server.url), settings);
    const { status, attempts } = await rig.record(id);
    assert.equal(status, 'completed');
    assert.equal(attempts[0]?.error, null);
    assert.match(await logOf(id), /^The model called write_file[^]*^The workspace-write sandbox refused a write/m);
  });

  it('checks its work where it was done: what it wrote gets no more rights than it had', async () => {
    const outside = `/var/tmp/koubou-check-outside-${process.pid}`;
    const pending = rig.home.path('tasks', 'pending', 'forged.json');
    const script = `cat >/dev/null; touch ${outside}; echo {} >${pending}; ls ${rig.home.home}; echo "saw $(wc -c <"$KOUBOU_OUTPUT")"`;
    const server = await serve(steps.exec(`cat >t.sh <<'EOF'\n${script}\nEOF\n`), steps.message('I wrote it.'));
    const id = await add({ options: { check: 'sh t.sh' } });
    await rig.drain(codexOn(server.url), settings);
    const { status, result } = await rig.record(id);
    assert.equal(status, 'completed', result?.error?.message);
    assert.equal(existsSync(outside), false);
    assert.equal(existsSync(pending), false);
    assert.match(await logOf(id), /--- check: sh t\.sh\n[^]*Read-only file system[^]*saw \d\d/);
    assert.deepEqual(readdirSync(stateOf(id)), ['sessions']);
    assert.deepEqual(await leftIn(folder), []);
  });

  it('says of a check that failed that it ran in the sandbox, to the user and to the next attempt', async () => {
    const server = await serve(steps.exec('echo a > a.txt'), steps.message('Done.'), steps.exec('echo b > b.txt'));
    const id = await add({ options: { retries: 1, check: 'cat >/dev/null; test -e b.txt && touch /var/tmp/koubou-x' } });
    await rig.drain(codexOn(server.url), settings);
    const { attempts } = await rig.record(id);
    assert.deepEqual(attempts.map(({ error }) => error?.code), ['check_failed', 'check_failed']);
    assert.match(attempts[1]?.error?.message ?? '', /touch: .*Read-only file system/);
    assert.match(attempts[1]?.error?.hint ?? '', /in the sandbox of the work, without a network.*--check-outside/);
    assert.match(JSON.stringify(server.requests[2]?.body), /ended with exit code 1 in your sandbox/);
  });

  it('tells the next attempt what came of its calls', async () => {
    const server = await serve(steps.unknownTool(), steps.message('Done.'), steps.exec('echo a > a.txt'));
    const id = await add({ options: { retries: 1 } });
    await rig.drain(codexOn(server.url), settings);
    assert.equal((await rig.record(id)).status, 'completed');
    assert.match(JSON.stringify(server.requests[2]?.body), /The model called write_file, which is not one of its tools/);
  });

  const leftIn = async (place: string): Promise<string[]> =>
    readdirSync(place).filter((name) => ['.git', '.codex', '.agents', '.aws'].includes(name));

  const context = (over: Partial<RunContext> = {}): RunContext => ({
    lease: leaseFor({ logPath: join(folder, 'log'), marker: `codex-test-${process.pid}` }),
    outputPath: join(folder, 'output'),
    cwd: folder,
    statePath: rig.home.path('results', 'state'),
    resume: null,
    model: undefined,
    feedback: null,
    phase: () => undefined,
    requireLocal: async () => null,
    ...over,
  });

  it('is not started when its server is down', async () => {
    const server = await serve();
    await server.close();
    servers.pop();
    const outcome = await codexOn(server.url).run(taskOf(folder, { type: 'code' }), context());
    assert.equal(outcome.ok ? 'ok' : outcome.error.code, 'runner_unavailable');
  });

  it('knows before it starts that the model is not there', async () => {
    const server = await serve();
    const outcome = await codexOn(server.url, { model: 'other' }).run(taskOf(folder), context());
    assert.equal(outcome.ok ? 'ok' : outcome.error.code, 'model_not_found');
    assert.equal(server.requests.length, 0);
  });

  it('says that a prompt is longer than Codex takes', async () => {
    const server = await serve();
    const prompt = 'word '.repeat(220_000);
    const outcome = await codexOn(server.url).run(taskOf(folder, { type: 'code', prompt }), context());
    assert.equal(outcome.ok ? 'ok' : outcome.error.code, 'context_overflow');
    assert.match(outcome.ok ? '' : outcome.error.message, /Input exceeds the maximum length of \d+ characters/);
    assert.equal(server.requests.length, 0);
  });

  it('is well where its server, its model and its sandbox are', async () => {
    const server = await serve();
    const { ok, message } = await codexOn(server.url).check();
    assert.match(message, /^codex-cli [\d.]+ on http:\S+\/v1 with scripted; its sandbox \(bubblewrap: \S.*\) hides the home and lets commands write to one folder$/);
    assert.ok(ok);
  });

  it('cannot write into the home, nor outside its folder', async () => {
    const pending = rig.home.path('tasks', 'pending', 'forged.json');
    const outside = `/var/tmp/koubou-outside-${process.pid}`;
    const server = await serve(
      steps.exec(`echo a > a.txt; echo '{}' > ${pending}; echo a > ${outside}; rmdir ${rig.home.path('tasks', 'pending')}; mktemp`),
    );
    const id = await add();
    await rig.drain(codexOn(server.url), settings);
    const { status, result } = await rig.record(id);
    assert.equal(status, 'completed', result?.error?.message);
    assert.equal(existsSync(pending), false);
    assert.equal(existsSync(outside), false);
    // Codex gives what a command printed on its two outputs in either order.
    for (const said of [/Read-only file system/, /\b1\.state\/tmp\/tmp\./]) assert.match(await logOf(id), said);
  });

  it('does not work in the home itself', async () => {
    const server = await serve();
    const inside = rig.home.path('tasks');
    const outcome = await codexOn(server.url).run(taskOf(inside), context({ cwd: inside }));
    assert.equal(outcome.ok ? 'ok' : outcome.error.code, 'usage');
  });

  it('goes on with the conversation of another task', async () => {
    const server = await serve(steps.exec('echo one > a.txt'), steps.message('One.'), steps.exec('echo two > b.txt'));
    const runner = codexOn(server.url);
    const first = await add({ prompt: 'Remember the word walrus.' });
    await rig.drain(runner, settings);
    const second = await add({ prompt: 'Which word?', options: { resume_from: first } });
    await rig.drain(runner, settings);
    assert.equal((await rig.record(second)).status, 'completed');
    assert.match(JSON.stringify(server.requests[2]?.body['input']), /walrus.*One\..*Which word\?/);
    const third = await add({ options: { resume_from: await add({ cwd: '/nowhere' }) } });
    await rig.drain(runner, settings);
    assert.match((await rig.record(third)).result?.error?.message ?? '', /left no conversation/);
  });

  for (const sandbox of ['workspace-write', 'danger-full-access'] as const) {
    for (const how of ['cancel', 'timeout'] as const) {
      it(`leaves no process after a ${how}, sandbox ${sandbox}`, async () => {
        const started = join(folder, 'started');
        const server = await serve(
          steps.exec(`(setsid sleep 98765 &) ; (trap '' TERM INT; sleep 98765 &) ; touch ${started}; exec sleep 98765`, {
            yield_time_ms: 30_000,
          }),
        );
        const id = await add({ options: how === 'timeout' ? { timeout: 3 } : {} });
        const daemon = rig.start(codexOn(server.url, { sandbox }), { ...settings, stallSeconds: 0 });
        await until(() => existsSync(started), 'the command of the model');
        const marker = `${daemon.member().workerId}/${id}.r1`;
        assert.ok(pidsCarrying(marker).size >= 2);
        if (how === 'cancel') await rig.queue.cancel(id);
        const { result } = await rig.ended(id);
        assert.equal(result?.error?.code, how === 'cancel' ? 'cancelled' : 'timeout');
        assert.deepEqual([...pidsCarrying(marker)], []);
        assert.deepEqual(await leftIn(folder), []);
      });
    }
  }

  it('is stopped at once by an abort that comes before it began', async () => {
    const server = await serve();
    const signal = AbortSignal.abort(new KoubouError('cancelled', 'Cancelled.'));
    const outcome = await codexOn(server.url).run(taskOf(folder), context({ lease: leaseFor({ signal }) }));
    assert.equal(outcome.ok ? 'ok' : outcome.error.code, 'cancelled');
  });
});
