/**
 * What koubou tells Codex, seen by a program in its place. What the real one makes of it, and what a model in there can
 * do, is tried in test/real/agents/codex-security.test.ts and codex-check.test.ts.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nestedRepositories } from '../../src/executor/repositories/nested-repositories.ts';
import { systemHome } from '../../src/names/user-homes.ts';
import { type ProcessIdentity, selfIdentity } from '../../src/process/liveness.ts';
import { makerName } from '../../src/process/maker.ts';
import { CodexRunner } from '../../src/runner/codex/codex.ts';
import { lastWords } from '../../src/runner/codex/program.ts';
import { sandboxFor } from '../../src/runner/codex/sandbox.ts';
import type { RunContext } from '../../src/runner/runner.ts';
import { promptFolders, taskOf } from '../contract/runner.ts';
import { leaseFor } from '../support/lease.ts';
import { type ResponsesServer, startResponsesServer } from '../support/servers/responses-server.ts';

const TOKEN = 'tok-4711';
const SETTINGS = `[mcp_servers.tracker]
command = "true"
[mcp_servers.tracker.env]
TRACKER_TOKEN = "${TOKEN}"
`;

describe('what koubou gives Codex', () => {
  let root: string;
  let home: string;
  let cwd: string;
  let server: ResponsesServer;

  beforeEach(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-codex-told-')));
    cwd = join(root, 'work');
    home = join(cwd, '.koubou');
    mkdirSync(join(home, 'config'), { recursive: true });
    mkdirSync(join(root, 'keys'));
    writeFileSync(join(home, 'config', 'codex.toml'), SETTINGS);
    server = await startResponsesServer([]);
  });
  afterEach(async () => {
    rmSync(root, { recursive: true, force: true });
    await server.close();
  });

  /** In place of Codex: notes each of its calls, and what stands in its CODEX_HOME then. */
  const program = (sandbox: string): string => {
    const path = join(root, 'codex');
    const text = `#!/bin/sh
for each in "$@" "CODEX_HOME=$CODEX_HOME" "TMPDIR=$TMPDIR"; do printf '%s\\n' "$each"; done >>'${root}/'"$1"
env >>'${root}/environment'
case "$1 $2" in
  '--version '*) echo 'codex-cli 9.9.9' ;;
  'exec --help') echo '--json --output-last-message --skip-git-repo-check --ignore-rules --ignore-user-config' ;;
  'features '*) ;;
  'sandbox '*) ${sandbox} ;;
  *) cp -L "$CODEX_HOME/config.toml" '${root}/config'; stat -L -c %a "$CODEX_HOME/config.toml" >'${root}/mode' ;;
esac
`;
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  };

  const runner = (over: { sandbox?: string; home?: string | null } = {}): CodexRunner =>
    new CodexRunner({
      name: 'codex',
      endpoint: { name: 'server', url: `${server.url}/v1`, maxConcurrent: 1 },
      serverKind: 'ollama',
      model: 'scripted',
      bin: program(over.sandbox ?? 'exit 0'),
      sandbox: 'workspace-write',
      allowFullAccess: false,
      home: over.home === undefined ? home : over.home,
      hidden: [join(root, 'keys'), join(root, 'none')],
      promptFolders,
      environment: { PATH: process.env['PATH'] ?? '', HOME: root },
    });

  const context = (): RunContext => ({
    lease: leaseFor({
      logPath: join(root, 'log'),
      marker: `codex-told-${process.pid}`,
      signal: AbortSignal.timeout(20_000),
    }),
    outputPath: join(root, 'output'),
    cwd,
    statePath: join(home, 'results', 'day', 'task', 'run-2.state'),
    resume: null,
    model: undefined,
    feedback: null,
    phase: () => undefined,
    requireLocal: async () => null,
  });

  const told = (call: string): string => readFileSync(join(root, call), 'utf8');
  const run = async (): Promise<void> => {
    const outcome = await runner().run(taskOf(cwd, { type: 'code' }), context());
    assert.equal(outcome.ok ? null : outcome.error.code, null, outcome.ok ? '' : outcome.error.message);
  };

  it("has no setting of codex.toml on a command line, but in a file that is the user's alone and gone after the run", async () => {
    await run();
    for (const call of ['exec', 'sandbox', 'environment']) assert.ok(!told(call).includes(TOKEN), call);
    // What would be found if it stood there: it does reach Codex.
    assert.ok(told('config').includes(TOKEN));
    assert.equal(told('mode').trim(), '600');
    assert.match(told('config'), new RegExp(`\\[projects\\."${cwd}"\\]\ntrust_level = "untrusted"`));
    assert.deepEqual(readdirSync(context().statePath), ['sessions']);
    assert.deepEqual(readdirSync(join(root, 'keys', 'work')), []);
  });

  it('is no repository to ask git about outside of the sandbox, which commands still have', async () => {
    await run();
    assert.match(told('environment'), /^GIT_DIR=\/dev\/null$/m);
    assert.match(told('exec'), /^shell_environment_policy\.exclude=\[.*"GIT_DIR".*\]$/m);
  });

  it('lets commands write in no folder that holds the files of the user’s shell', () => {
    const rules = { sandbox: 'workspace-write', allowFullAccess: false } as const;
    for (const wide of [systemHome(), '/']) {
      assert.throws(
        () => sandboxFor(taskOf(wide, { type: 'code' }), wide, rules),
        /your home folder lies there/,
      );
      assert.equal(sandboxFor(taskOf(wide, { type: 'general' }), wide, rules), 'read-only');
    }
    const below = join(systemHome(), 'project');
    assert.equal(sandboxFor(taskOf(below, { type: 'code' }), below, rules), 'workspace-write');
  });

  it('is gone also after koubou was killed, when the task is begun again', async () => {
    const killed = join(home, 'results', 'day', 'task', 'run-1.state');
    mkdirSync(join(killed, 'shown', 'codex'), { recursive: true });
    mkdirSync(join(killed, 'sessions'));
    writeFileSync(join(killed, 'config.toml'), SETTINGS);
    writeFileSync(`${killed}.strays.json`, JSON.stringify([join(cwd, '.git')]));
    mkdirSync(join(cwd, '.git'));
    await run();
    assert.deepEqual(readdirSync(killed), ['sessions']);
    assert.equal(existsSync(join(cwd, '.git')), false);
  });

  it('hides the home and the keys of the user, and lets commands write to neither', async () => {
    await run();
    const filesystem = /^permissions\.koubou\.filesystem=(.*)$/m.exec(told('exec'))?.[1] ?? '';
    assert.ok(filesystem.includes('".koubou"="deny"'), filesystem);
    assert.ok(filesystem.includes(`"${root}/keys"="deny"`), filesystem);
    assert.ok(!filesystem.includes(`"${root}/none"`), 'of what is not there Codex would make something');
    assert.deepEqual(
      [...filesystem.matchAll(/"([^"]*)"="write"/g)].map(([, path]) => path?.replace(/^.*run-2/, 'run-2')),
      ['.', 'run-2.state/shown', 'run-2.state/tmp'],
    );
    assert.ok(filesystem.includes('run-2.state/shown/codex"="read"'), filesystem);
    // The last call: before it, Codex was asked for its flags.
    const [, codexHome = '', temporary = ''] =
      [...told('exec').matchAll(/CODEX_HOME=(.*)\nTMPDIR=(.*)/g)].at(-1) ?? [];
    assert.ok(codexHome.endsWith('run-2.state/shown/codex'), codexHome);
    assert.ok(!`${codexHome}/`.startsWith(`${temporary}/`), 'Codex makes no links in the temporary folder');
  });

  describe('to try its sandbox', () => {
    const healthOf = async (over: { sandbox?: string; home?: string | null }) => runner(over).check();

    it('is the profile of a run, in a folder beside the key that is gone then', async () => {
      const { ok, message } = await healthOf({});
      assert.ok(ok, message);
      const asked = told('sandbox');
      assert.match(asked, /^permissions\.koubou\.filesystem=.*"deny".*":workspace_roots"=\{"\."="write"\}/m);
      assert.match(asked, /^default_permissions="koubou"$/m);
      const [, codexHome = '', temporary = ''] = /CODEX_HOME=(.*)\nTMPDIR=(.*)/.exec(asked) ?? [];
      assert.ok(codexHome.startsWith(join(root, 'keys', 'work', 'codex.')), codexHome);
      assert.ok(!codexHome.startsWith(`${temporary}/`));
      assert.deepEqual(readdirSync(join(root, 'keys', 'work')), []);
    });

    it('lies in no temporary folder where there is no home either', async () => {
      const { ok, message } = await healthOf({ home: null });
      assert.ok(ok, message);
      assert.match(told('sandbox'), new RegExp(`^CODEX_HOME=${root}/\\.cache/koubou/codex\\.`, 'm'));
      assert.deepEqual(readdirSync(join(root, '.cache', 'koubou')), []);
    });

    it('leaves nothing for good of a koubou that was killed meanwhile', async () => {
      const work = join(root, 'keys', 'work');
      const named = (identity: Partial<ProcessIdentity>): string =>
        `codex.${makerName({ ...selfIdentity(), ...identity }, '0')}.tmp`;
      const [dead, alive] = [named({ startTime: '1' }), named({})];
      for (const name of [dead, alive, 'other']) mkdirSync(join(work, name, 'x'), { recursive: true });
      await healthOf({});
      assert.deepEqual(readdirSync(work).sort(), [alive, 'other']);
    });

    it('gives the last line as the reason, not a warning before it', async () => {
      const { ok, message, error } = await healthOf({
        sandbox:
          "echo 'WARNING: proceeding, even though' >&2; echo 'bwrap: No permissions to create a new namespace' >&2; exit 1",
      });
      assert.equal(ok, false);
      assert.match(
        message,
        /^The sandbox of Codex \(bubblewrap: .*\) does not work here: bwrap: No permissions to create a new namespace$/,
      );
      assert.match(error?.hint ?? '', /user namespaces/);
    });

    it('says where it needs a folder that it cannot make', async () => {
      rmSync(join(root, 'keys'), { recursive: true });
      writeFileSync(join(home, 'run'), '');
      const { message, error } = await healthOf({});
      assert.equal(error?.code, 'conflict');
      assert.equal(message, `Codex was not asked: it needs a folder in ${home}/run, and none can be made.`);
    });

    it('finds a sandbox that shows what should be hidden', async () => {
      // As where /etc/codex/config.toml has a sandbox_mode, by which Codex goes instead of the profile.
      const { message } = await healthOf({
        sandbox: 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
      });
      assert.match(message, /^The sandbox of Codex lets commands read what koubou hides from them/);
    });
  });

  it('says the last that Codex said before its stack trace', () => {
    assert.equal(lastWords('WARNING: x\nError: no\n\nStack backtrace:\n   0: <unknown>\n'), 'Error: no');
    assert.equal(lastWords('warning: alone\n'), 'warning: alone');
    assert.equal(lastWords('a\nWarning: late\n'), 'a');
    assert.equal(lastWords(''), '');
  });

  it('protects the repositories below the folder, but for its own, which Codex protects', async () => {
    for (const name of ['.git', 'a/.git', 'a/b/c/.git', 'node_modules/x/.git', '.koubou/worktrees/t/.git']) {
      mkdirSync(join(cwd, name), { recursive: true });
    }
    writeFileSync(join(cwd, 'a', 'b', '.git'), 'gitdir: ../../.git/modules/b');
    const { guarded: found } = await nestedRepositories(cwd, home);
    assert.deepEqual(
      found,
      ['a/.git', 'a/b/.git', 'a/b/c/.git', 'node_modules/x/.git'].map((name) => join(cwd, name)),
    );
    await run();
    const filesystem = /^permissions\.koubou\.filesystem=(.*)$/m.exec(told('exec'))?.[1] ?? '';
    assert.ok(filesystem.includes('"a/b/c/.git"="read"'), filesystem);
  });
});
