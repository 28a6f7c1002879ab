/** A code task that must stay on this machine, done by the real Codex: the system calls say where it all connects to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TaskRecord } from '../../../src/task/record.ts';
import { builtKoubou } from '../../support/koubou/built.ts';
import { Daemons } from '../../support/koubou/daemon.ts';
import { type ResponsesServer, startResponsesServer, steps } from '../../support/servers/responses-server.ts';
import { beyondIn, type Contact, canTrace, contactsIn, straceArguments } from '../../support/trace.ts';
import { agentsInstalled, codexProgram } from './install.ts';
import { stateHome } from '../../support/state.ts';

/** For documentation only. A UDP socket that is connected there sends nothing. */
const ELSEWHERE = '192.0.2.1';
const REACHES_OUT = `exec 3<>/dev/udp/${ELSEWHERE}/9`;

describe('a sensitive task of the real Codex', function () {
  this.timeout(120_000);
  let daemons: Daemons;
  let folder: string;
  let server: ResponsesServer;

  before(async function () {
    if (!agentsInstalled()) this.skip();
    if (!canTrace() && this.test) {
      this.test.title += ': skipped, strace cannot trace here';
      this.skip();
    }
    await builtKoubou();
  });
  afterEach(async () => {
    await daemons?.remove();
    await server?.close();
  });

  const prepare = async (command: string, bin = codexProgram): Promise<void> => {
    server = await startResponsesServer([steps.exec(command), steps.message('Done.')]);
    daemons = await Daemons.make();
    folder = dirname(daemons.home.home);
    const wrapper = join(folder, 'codex');
    writeFileSync(wrapper, `#!/bin/bash\n${bin}\n`);
    chmodSync(wrapper, 0o755);
    daemons.configure(`
endpoints:
  here: { kind: ollama, url: '${server.url}' }
runners:
  codex: { kind: codex, endpoint: here, model: scripted, bin: '${wrapper}' }
routing:
  default: { code: codex }
`);
  };

  interface Seen {
    record: TaskRecord;
    trace: string;
    contacts: Contact[];
    beyond: Contact[];
  }

  /** The daemon and all that it starts are traced, from its first to its last step. */
  const tracedRun = async (...words: string[]): Promise<Seen> => {
    const flags = ['--type', 'code', '--cwd', folder, '--retries', '0'];
    const { stdout, stderr } = await daemons.koubou(['delegate', ...flags, ...words]);
    assert.match(stdout, /^task_\w+\n$/, stderr);
    const file = join(daemons.home.home, 'trace.txt');
    const program = [process.execPath, await builtKoubou(), 'work', '--drain'];
    const { home } = daemons.home;
    const child = spawn('strace', [...straceArguments(file), ...program], {
      env: { PATH: process.env['PATH'], HOME: stateHome, XDG_STATE_HOME: stateHome, KOUBOU_HOME: home },
      stdio: 'ignore',
    });
    await once(child, 'close');
    const trace = readFileSync(file, 'utf8');
    const record = await daemons.record(stdout.trim());
    return { record, trace, contacts: contactsIn(trace), beyond: beyondIn(trace) };
  };

  const asItIs = `exec '${codexProgram}' "$@"`;

  for (const [why, words] of [
    ['by --local-only', ['--local-only', 'Write a.txt.']],
    ['by a word of sensitive_patterns', ['Write a.txt; the password is hunter2.']],
  ] as const) {
    it(`connects to nothing but loopback, ${why}`, async () => {
      await prepare('echo hello > a.txt', asItIs);
      const { record, trace, contacts, beyond } = await tracedRun(...words);
      assert.equal(record.status, 'completed', record.result?.error?.message);
      assert.equal(record.attempts[0]?.address, '127.0.0.1');
      assert.deepEqual(beyond, []);
      assert.doesNotMatch(trace, /io\.systemd\.Resolve/);
      // Codex was followed, which knows only the relay's port, and so was the command of the model.
      const ports = new Set(contacts.map(({ port }) => port));
      assert.ok(ports.size >= 2 && ports.has(Number(new URL(server.url).port)), [...ports].join(' '));
      assert.match(trace, /execve\("[^"]*codex", [^\n]*"exec"/);
      assert.match(trace, /execve\("[^"]*sh", \[[^\n]*"echo hello > a\.txt"\]/);
    });
  }

  it('has the commands of the model refused where they reach out', async () => {
    await prepare(`(${REACHES_OUT}) 2> why.txt; echo $? > code.txt`, asItIs);
    const { record, trace, beyond } = await tracedRun('--local-only', 'Write a.txt.');
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.equal(readFileSync(join(folder, 'code.txt'), 'utf8'), '1\n', readFileSync(join(folder, 'why.txt'), 'utf8'));
    for (const { address, line } of beyond) {
      assert.equal(address, ELSEWHERE);
      assert.match(line, / = -1 E(PERM|NETUNREACH|ACCES)/);
    }
    assert.match(trace, /execve/);
  });

  it('would be seen to connect elsewhere', async () => {
    await prepare('echo hello > a.txt', `(${REACHES_OUT})\n${asItIs}`);
    const { record, beyond } = await tracedRun('--local-only', 'Write a.txt.');
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.ok(beyond.some(({ address, line }) => address === ELSEWHERE && line.includes('connect(')));
  });

  it('is refused without a sandbox, and nothing is sent', async () => {
    await prepare('echo hello > a.txt', asItIs);
    const configured = readFileSync(daemons.home.path('config', 'agent.yaml'), 'utf8');
    daemons.configure(`${configured}security: { allow_full_access: true }\n`);
    const { record, contacts } = await tracedRun('--local-only', '--sandbox', 'danger-full-access', 'Write a.txt.');
    assert.equal(record.result?.error?.code, 'not_local');
    assert.equal(server.requests.length, 0);
    assert.ok(contacts.every(({ address }) => address === '127.0.0.1'));
  });
});
