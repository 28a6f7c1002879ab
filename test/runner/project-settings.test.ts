import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseProjectSettings } from '../../src/runner/agent/project-settings.ts';

const environment = { PATH: process.env['PATH'] ?? '' };

describe('settings of a project that an agent would run', () => {
  let user: string;
  let repository: string;
  let below: string;

  beforeEach(() => {
    user = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-settings-')));
    repository = join(user, 'src', 'theirs');
    below = join(repository, 'a', 'b');
    mkdirSync(below, { recursive: true });
    execFileSync('git', ['init', '-q', repository]);
  });
  afterEach(() => rmSync(user, { recursive: true, force: true }));

  const refused = async (cwd: string, names = ['.opencode', 'opencode.json']): Promise<string | null> => {
    try {
      await refuseProjectSettings('opencode', names, { cwd, user, environment });
      return null;
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'not_allowed');
      return (error as Error).message;
    }
  };

  it('are found in the folder and above it, up to the root of its repository', async () => {
    assert.equal(await refused(below), null);
    mkdirSync(join(repository, '.opencode'));
    assert.match((await refused(below)) ?? '', /theirs\/\.opencode belongs to the project/);
    assert.match((await refused(repository)) ?? '', /not started/);
    assert.equal(await refused(below, []), null);
  });

  it('are found beyond a .git that is no repository', async () => {
    mkdirSync(join(repository, '.opencode'));
    mkdirSync(join(below, '.git'));
    assert.match((await refused(below)) ?? '', /theirs\/\.opencode/);
    rmSync(join(below, '.git'), { recursive: true });
    writeFileSync(join(below, '.git'), '');
    assert.match((await refused(below)) ?? '', /theirs\/\.opencode/);
    rmSync(join(below, '.git'));
    execFileSync('git', ['init', '-q', below]);
    assert.equal(await refused(below), null);
  });

  it("are none of what lies above the repository, and not what is the user's own", async () => {
    writeFileSync(join(user, 'src', 'opencode.json'), '{}');
    mkdirSync(join(user, '.opencode'));
    assert.equal(await refused(below), null);
    const loose = join(user, 'notes', 'today');
    mkdirSync(loose, { recursive: true });
    assert.equal(await refused(loose), null);
    assert.match((await refused(join(user, 'src'))) ?? '', /src\/opencode\.json/);
  });

  it("are found where no repository ends the way up, in a folder that is not the user's", async () => {
    const others = join(user, 'tmp');
    mkdirSync(join(others, 'mine'), { recursive: true });
    mkdirSync(join(others, '.opencode'));
    await assert.rejects(
      refuseProjectSettings('opencode', ['.opencode'], {
        cwd: join(others, 'mine'),
        user: join(user, 'home'),
        environment,
      }),
      /tmp\/\.opencode/,
    );
  });
});
