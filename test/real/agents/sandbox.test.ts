/** The real Claude Code and opencode in koubou's sandbox: they work as they do without, and their commands are kept in. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, success } from '../../contract/runner.ts';
import { bubblewrap, pathWith } from '../../support/koubou/bubblewrap.ts';
import { startChatServer } from '../../support/servers/chat-server.ts';
import { startMessagesServer } from '../../support/servers/messages-server.ts';
import { agentsInstalled, claudeProgram, opencodeProgram } from './install.ts';
import { type Shipped, shippedRunner } from './shipped-runner.ts';

describe('in koubou’s sandbox', function () {
  this.timeout(90_000);
  let bench: Bench;
  let cwd: string;
  let koubou: string;
  let user: string;

  before(function () {
    if (!agentsInstalled() || bubblewrap() === null) this.skip();
  });
  beforeEach(async () => {
    bench = await Bench.make();
    cwd = join(bench.folder, 'project');
    user = join(bench.folder, 'user');
    koubou = join(cwd, '.koubou');
    for (const folder of [koubou, join(user, '.ssh')]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(user, '.ssh', 'id'), 'secret\n');
    writeFileSync(join(user, 'notes'), 'mine\n');
    writeFileSync(join(koubou, 'key'), 'secret\n');
    const git = (...args: string[]): unknown => execFileSync('git', ['-C', cwd, ...args], { stdio: 'ignore' });
    git('init');
    git('config', 'user.name', 'a');
    git('config', 'user.email', 'a@b');
    git('commit', '--allow-empty', '-m', 'first');
  });
  afterEach(() => bench.remove());

  /** What a model might run; out of sight of the agents' own rules, which look at words. */
  const command = (): string => {
    const lines = [
      'echo made > made.txt',
      'git add made.txt; git commit -qm work',
      `cat ${user}/.ssh/id ${koubou}/key`,
      `echo planted > ${user}/notes; echo planted > ${koubou}/planted; echo planted > .git/hooks/pre-commit`,
      'echo ran to its end',
    ];
    writeFileSync(join(cwd, 'work.sh'), lines.join('\n'));
    return 'sh work.sh';
  };

  const holds = (toolResult: string): void => {
    assert.match(toolResult, /ran to its end/);
    assert.doesNotMatch(toolResult, /secret/);
    assert.equal(readFileSync(join(cwd, 'made.txt'), 'utf8'), 'made\n');
    assert.equal(readFileSync(join(user, 'notes'), 'utf8'), 'mine\n');
    assert.ok(!existsSync(join(koubou, 'planted')));
    assert.ok(!existsSync(join(cwd, '.git', 'hooks', 'pre-commit')));
    assert.equal(execFileSync('git', ['-C', cwd, 'log', '--format=%s'], { encoding: 'utf8' }), 'first\n');
  };

  const shipped = (given: Pick<Shipped, 'name' | 'bin' | 'url' | 'kind' | 'change'>) =>
    shippedRunner({ ...given, home: user, koubou, path: pathWith(join(bench.folder, 'bin')) });

  it('Claude Code works, and its commands are kept in', async () => {
    const server = await startMessagesServer([
      { kind: 'tool', name: 'Bash', input: { command: command() } },
      { kind: 'text', text: 'Done.' },
    ]);
    try {
      const runner = shipped({
        name: 'claude',
        bin: claudeProgram,
        url: server.url,
        kind: 'ollama',
        change: (entry) => ({ ...entry, args: [...(entry['args'] as string[]), '--allowedTools=Bash'] }),
      });
      const { outcome, output } = await bench.run(runner, { cwd });
      success(outcome);
      assert.equal(output, 'Done.');
      holds(server.toolResults().join('\n'));
    } finally {
      await server.close();
    }
  });

  it('opencode works, and its commands are kept in', async () => {
    const server = await startChatServer([
      { kind: 'tool', name: 'bash', input: { command: command(), description: 'Work' } },
      { kind: 'text', text: 'Done.' },
    ]);
    try {
      const runner = shipped({ name: 'opencode', bin: opencodeProgram, url: server.url, kind: 'openai', change: (entry) => entry });
      const { outcome, output, log } = await bench.run(runner, { cwd });
      success(outcome);
      assert.equal(output, 'Done.');
      holds(log);
    } finally {
      await server.close();
    }
  });
});
