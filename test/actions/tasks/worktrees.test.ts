/** What a task changed in a worktree of its own, and to whom it is refused. How it is applied, test/worktree says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { boardStatus } from '../../../src/actions/tasks/status.ts';
import { applyTask, discardTask, patchDocument } from '../../../src/actions/tasks/worktrees.ts';
import type { App } from '../../../src/app/app.ts';
import { AppProject } from '../../support/app.ts';
import { newTask } from '../../support/builders.ts';

describe('a worktree', () => {
  let project: AppProject;
  let app: App;
  let agent: App;
  let id: string;
  before(async () => {
    project = await AppProject.make();
    [app, agent] = [await project.open(), await project.openAsAgent()];
    git('init', '-q');
    project.write('a.txt', 'a\n');
    git('add', 'a.txt');
    git('commit', '-qm', 'first');
    const options = { runner: 'command', retries: 0, worktree: true };
    const command = ['sh', '-c', 'echo b >> a.txt; echo done'];
    const task = newTask({ type: 'code', prompt: '', command, options, cwd: project.folder });
    id = (await project.queue.add([task]))[0]?.id ?? '';
    await project.drain();
    assert.equal(await project.queue.state(id), 'completed');
  });
  after(() => project.remove());

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: project.folder,
      encoding: 'utf8',
    });
  const content = () => readFileSync(join(project.folder, 'a.txt'), 'utf8');
  const open = async () => (await boardStatus(app)).document.worktrees.map(({ task_id }) => task_id);

  it('is there of none that ran elsewhere, changed nothing, or is not there', async () => {
    const [other = ''] = await project.delegate({ prompt: 'x' });
    await assert.rejects(applyTask(app, other), { code: 'conflict', message: /has no worktree/ });
    await assert.rejects(discardTask(app, other), { code: 'conflict', message: /has no worktree/ });
    await assert.rejects(patchDocument(app, other), { code: 'conflict', message: /changed no files/ });
    const none = 'task_20990101_000000_000000_aaaa';
    for (const act of [applyTask, discardTask, patchDocument])
      await assert.rejects(act(app, none), { code: 'no_such_task' });
  });

  it('is not applied for an agent as a branch that nobody checked', async () => {
    await assert.rejects(applyTask(agent, id, 'branch'), { code: 'not_allowed' });
    assert.equal(content(), 'a\n');
  });

  it('is not applied for an agent to a repository outside of its project', async () => {
    const elsewhere: App = {
      ...agent,
      project: () => ({ has: () => false, tops: [], isTooWide: () => false }),
    };
    await assert.rejects(applyTask(elsewhere, id), {
      code: 'not_allowed',
      message: /may not have files written outside of this project: .*Nothing was changed/,
    });
    await assert.rejects(discardTask(elsewhere, id), { code: 'not_allowed', message: /Nothing was changed/ });
    assert.deepEqual(await open(), [id]);
    assert.equal(content(), 'a\n');
  });

  it('is not applied for an agent where it would change what is obeyed or run', async () => {
    project.write('.claude/settings.json.tmp', '');
    symlinkSync('../a.txt', join(project.folder, '.claude', 'settings.json'));
    await assert.rejects(applyTask(agent, id), {
      code: 'not_allowed',
      message: /a\.txt is not for an agent.*\.claude leads there/,
    });
    rmSync(join(project.folder, '.claude'), { recursive: true });
    const script = join(project.folder, 'a.txt');
    const tool = { kind: 'agent', bin: 'sh', args: [script, '{prompt_file}'] };
    const runners = { ...agent.config.runners, tool } as unknown as App['config']['runners'];
    await assert.rejects(applyTask({ ...agent, config: { ...agent.config, runners } }, id), {
      code: 'not_allowed',
      message: /a config has .*a\.txt run as a program/,
    });
    // A link on the way to such a program, which the patch would replace.
    symlinkSync('a.txt', join(project.folder, 'tool'));
    const linked = {
      kind: 'agent',
      bin: 'sh',
      args: ['-c', `exec sh ${join(project.folder, 'tool')} {prompt_file}`],
    };
    const named = { ...agent.config.runners, linked } as unknown as App['config']['runners'];
    await assert.rejects(applyTask({ ...agent, config: { ...agent.config, runners: named } }, id), {
      code: 'not_allowed',
      message: /a config has .*\/tool run as a program/,
    });
    rmSync(join(project.folder, 'tool'));
    assert.equal(content(), 'a\n');
  });

  it('is not shown to an agent where its task must stay on this machine', async () => {
    const [secret = ''] = await project.delegate({ prompt: 'x', sensitive: true });
    await assert.rejects(patchDocument(app, secret), { code: 'conflict' });
    await assert.rejects(patchDocument(agent, secret), { code: 'not_allowed' });
  });

  it('is shown as its patch, and applied to the files of the user, for an agent too', async () => {
    assert.deepEqual(await open(), [id]);
    const { patch, patch_path: path } = await patchDocument(agent, id);
    assert.match(patch, /^\+b$/m);
    assert.equal(readFileSync(path ?? '', 'utf8'), patch);
    const applied = await applyTask(agent, id);
    assert.deepEqual(
      [applied.result, applied.files, applied.repository, applied.worktree_kept, applied.notes],
      ['applied', ['a.txt'], project.folder, false, []],
    );
    assert.equal(content(), 'a\nb\n');
    assert.deepEqual(await open(), []);
  });

  it('is thrown away, and its patch stays', async () => {
    const { result, branch } = await discardTask(agent, id);
    assert.deepEqual([result, git('branch', '--list', branch)], ['discarded', '']);
    assert.match((await patchDocument(app, id)).patch, /^\+b$/m);
  });
});
