import assert from 'node:assert/strict';
import { isClosed, outermost } from '../../src/executor/guarded/layers.ts';

describe('the layers of a sandbox', () => {
  const opened = ['/work', '/home/.koubou/worktrees/t'];

  it('close what lies in something closed, and open what lies closer to something opened', () => {
    const closed = ['/home/.koubou', '/work/.claude', '/home/.koubou/worktrees/t/.mcp.json'];
    const shut = [
      '/home/.koubou/config/.env',
      '/work/.claude',
      '/work/.claude/hooks/mod',
      '/home/.koubou/worktrees/t/.mcp.json',
    ];
    for (const path of shut) assert.equal(isClosed(path, closed, opened), true, path);
    for (const path of ['/work/src', '/work/.claude2', '/home/.koubou/worktrees/t/src', '/usr'])
      assert.equal(isClosed(path, closed, opened), false, path);
  });

  it('close a folder that is opened and closed at once', () => {
    assert.equal(isClosed('/work', ['/work'], opened), true);
  });

  it('need no rule for what lies in another closed place, unless something is opened in between', () => {
    const closed = [
      '/work/.claude/hooks/mod',
      '/work/.claude',
      '/home/.koubou',
      '/home/.koubou/tasks',
      '/home/.koubou/worktrees/t/.git',
      '/work/.claude',
    ];
    assert.deepEqual(outermost(closed, opened), [
      '/work/.claude',
      '/home/.koubou',
      '/home/.koubou/worktrees/t/.git',
    ]);
  });
});
