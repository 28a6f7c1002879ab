/** What a daemon has from whoever started it, and the programs of its tasks must not have. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtKoubou } from '../support/koubou/built.ts';
import { Project } from '../support/koubou/project.ts';
import { stateHome } from '../support/state.ts';

describe('the programs of a task', function () {
  this.timeout(30_000);
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  const drain = async (before: string, environment: Record<string, string> = {}): Promise<void> => {
    const program = await builtKoubou();
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', `${before}; exec "$@"`, 'bash', process.execPath, program, 'work', '--drain'],
      {
        cwd: project.folder,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: project.folder, XDG_STATE_HOME: stateHome, ...environment },
      },
    );
    assert.equal(status, 0, stderr);
  };

  it('have no descriptor that was open where the daemon was started', async function () {
    if (process.platform !== 'linux') this.skip();
    const secret = join(project.folder, 'elsewhere');
    mkdirSync(secret);
    writeFileSync(join(secret, 'key'), 'secret');
    const read = 'cat /proc/self/fd/200/key';
    await project.run('delegate', '--type', 'command', '--', 'sh', '-c', `${read} || echo none`);
    await drain(`exec 200<'${secret}'`);
    assert.equal((await project.only()).result?.output, 'none\n');
    const open = spawnSync(
      'bash',
      ['-c', `exec 200<'${secret}'; exec "$@"`, 'bash', process.execPath, '-e', STARTS, read],
      { encoding: 'utf8' },
    );
    assert.equal(open.stdout, 'secret', 'the test would not notice it');
  });

  it('make no files that all may write to because an agent that started the daemon said so', async () => {
    const made = join(project.folder, 'made');
    const modes: number[] = [];
    for (const environment of [{ CLAUDECODE: '1' }, {}] as Record<string, string>[]) {
      await project.run('delegate', '--type', 'command', '--', 'sh', '-c', `rm -f ${made}; echo x > ${made}`);
      await drain('umask 000', environment);
      modes.push(statSync(made).mode & 0o777);
    }
    assert.deepEqual(modes, [0o644, 0o666]);
  });
});

const STARTS = `require('child_process').spawnSync('sh', ['-c', process.argv[1]], { stdio: 'inherit' })`;
