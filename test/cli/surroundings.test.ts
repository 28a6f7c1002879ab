import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { koubou, startKoubou } from '../support/koubou/koubou.ts';
import { Project } from '../support/koubou/project.ts';
import { until } from '../support/until.ts';

describe('the shell around koubou', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  it('may have a full stdout: a task that was added is not said to have failed', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const { code, stderr } = await koubou(['delegate', '--type', 'command', '--', 'true'], {
      cwd: project.folder,
      under: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'],
    });
    assert.equal(code, 1);
    assert.equal((await project.records()).length, 1);
    assert.match(stderr, /could not be written: ENOSPC[\s\S]*koubou list/);
    assert.doesNotMatch(stderr, /did not go through|nothing was added|repeat|fault of koubou/i);
  });

  describe('may stand in a folder that was deleted', () => {
    const inDeleted = (args: readonly string[]) =>
      koubou(args, {
        cwd: project.folder,
        under: ['sh', '-c', 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', 'sh'],
      });

    it('which takes no task, and says so', async () => {
      const { code, stderr } = await inDeleted(['delegate', '--type', 'command', '--', 'true']);
      assert.equal(code, 2);
      assert.match(stderr, /no folder .*gone.*Nothing was added/);
    });

    it('and still looks at a home', async () => {
      assert.equal((await inDeleted(['list'])).code, 0);
      assert.equal((await inDeleted(['status', '--home', project.home])).code, 0);
    });
  });

  it('may stand in a folder whose name is no UTF-8: nothing is done in another one in its place', async () => {
    const script = `mkdir "$(printf 'caf\\351')" && cd caf* && exec "$@"`;
    const { code, stderr } = await koubou(['init'], {
      cwd: project.folder,
      under: ['sh', '-c', script, 'sh'],
    });
    assert.equal(code, 2);
    assert.match(stderr, /is no UTF-8[\s\S]*Nothing was done/);
    assert.deepEqual(
      readdirSync(project.folder, { encoding: 'latin1' }).filter((name) => name.startsWith('caf')),
      ['caf\u00e9'],
    );
  });

  it('may hang up on a daemon that has no terminal, which goes on', async () => {
    const { child, said, ended } = await startKoubou(['work'], { cwd: project.folder });
    await until(() => said.stdout.includes('is ready'));
    child.kill('SIGHUP');
    const added = await project.run('delegate', '--type', 'command', '--', 'true');
    await until(async () => (await project.queue.state(added.stdout.trim())) === 'completed');
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
  });

  it('may close the terminal of a daemon, which then ends', async function () {
    if (spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0) this.skip();
    const { child, said, ended } = await startKoubou(['work'], {
      cwd: project.folder,
      under: ['bash', '-c', 'exec script -qec "$(printf "%q " "$@")" /dev/null </dev/null', 'pty'],
    });
    await until(() => said.stdout.includes('is ready'));
    assert.equal((await project.queue.workers()).length, 1);
    child.kill('SIGKILL');
    await ended;
    await until(async () => (await project.queue.workers()).length === 0);
  });

  it('may close behind nohup: the daemon goes on', async function () {
    if (spawnSync('script', ['-qec', 'nohup true >/dev/null', '/dev/null']).status !== 0) this.skip();
    const { child, ended } = await startKoubou(['work'], {
      cwd: project.folder,
      under: [
        'bash',
        '-c',
        'exec script -qec "nohup $(printf "%q " "$@") >log 2>&1" /dev/null </dev/null',
        'pty',
      ],
    });
    // At once: the terminal may close while the daemon still starts.
    await until(async () => (await project.queue.workers()).length === 1);
    child.kill('SIGKILL');
    await ended;
    // What it still does shows that it did not end.
    const added = await project.run('delegate', '--type', 'command', '--', 'true');
    await until(async () => (await project.queue.state(added.stdout.trim())) === 'completed');
    assert.equal((await project.run('stop')).code, 0);
    await until(async () => (await project.queue.workers()).length === 0);
  });

  it('may name files like options, with spaces and brackets', async () => {
    project.write('-n [id] x.md', 'text');
    const { code } = await project.run('delegate', '--file', './-n [id] x.md', 'Say it.');
    assert.equal(code, 0);
    assert.match((await project.only()).files[0]?.path ?? '', /-n \[id\] x\.md$/);
  });
});
