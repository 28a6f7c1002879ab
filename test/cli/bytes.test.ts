/** The bytes that a command is typed with, which Node gives it as text. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { builtKoubou } from '../support/koubou/built.ts';
import { Project } from '../support/koubou/project.ts';

describe('words that are not UTF-8', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  it('name no other file: they are refused as such, and nothing is added', async function () {
    if (process.platform === 'darwin') this.skip();
    const program = await builtKoubou();
    // As a shell gives it: the words of spawn are text.
    const script = `odd=$(printf 'b\\377.txt'); echo x >"$odd"; exec "$0" "$1" delegate --file "$odd" x`;
    const env = { PATH: process.env['PATH'], XDG_STATE_HOME: process.env['XDG_STATE_HOME'] };
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, program], {
      cwd: project.folder,
      env,
    });
    assert.match(String(stderr), /not UTF-8, so no task can name it/);
    assert.deepEqual([status, await project.records()], [2, []]);
  });
});
