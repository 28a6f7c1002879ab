import assert from 'node:assert/strict';
import { KoubouError } from '../../src/errors.ts';
import { type CodexPlaces, codexProfile } from '../../src/executor/codex/profile.ts';

const box = {
  shown: '/h/r/shown',
  codexHome: '/h/r/shown/codex',
  copies: '/h/r/shown/copies',
  temporary: '/h/r/tmp',
  programs: '/h/r/bin',
};
const places: CodexPlaces = {
  cwd: '/work',
  worktree: null,
  hidden: ['/h'],
  kept: [],
  between: [],
  box,
};

const filesystem = (
  over: Partial<CodexPlaces>,
  sandbox: 'read-only' | 'workspace-write' = 'workspace-write',
): string =>
  codexProfile(sandbox, { ...places, ...over })[0]?.replace('permissions.koubou.filesystem=', '') ?? '';

const BOX = '"/h/r/shown"="write","/h/r/shown/codex"="read","/h/r/shown/copies"="read"';

describe('the profile of Codex', () => {
  it('lets commands write to the folder and a temporary one, and see nothing of the home', () => {
    assert.equal(
      filesystem({}),
      `{":root"="read","/h"="deny",${BOX},"/h/r/tmp"="write",":workspace_roots"={"."="write"}}`,
    );
    assert.ok(codexProfile('workspace-write', places).includes('permissions.koubou.network={enabled=false}'));
    assert.ok(codexProfile('workspace-write', places).includes('default_permissions="koubou"'));
  });

  it('lets them write nowhere where the sandbox is read-only', () => {
    assert.equal(
      filesystem({ kept: [] }, 'read-only'),
      `{":root"="read","/h"="deny",${BOX},":workspace_roots"={"."="read"}}`,
    );
  });

  it('names what lies in the folder from there, so that any folder will do', () => {
    const home = '/work/[id]/.koubou';
    const inside = {
      shown: `${home}/s`,
      codexHome: `${home}/s/codex`,
      copies: `${home}/s/copies`,
      temporary: `${home}/t`,
      programs: `${home}/b`,
    };
    assert.equal(
      filesystem({ cwd: '/work/[id]', hidden: [home], kept: ['/work/[id]/sub/.git'], box: inside }),
      '{":root"="read",":workspace_roots"={".":"write",".koubou":"deny","sub/.git":"read",".koubou/s":"write",".koubou/s/codex":"read",".koubou/s/copies":"read",".koubou/t":"write"}}'.replaceAll(
        '":"',
        '"="',
      ),
    );
  });

  it('shows the whole of a worktree', () => {
    const cwd = '/h/worktrees/a/sub';
    assert.match(filesystem({ cwd, worktree: '/h/worktrees/a' }), /"\/h"="deny","\/h\/worktrees\/a"="write"/);
    assert.doesNotMatch(filesystem({ cwd: '/h/worktrees/a', worktree: '/h/worktrees/a' }), /worktrees/);
  });

  it('names what lies in a folder called ~ as a whole, which Codex would take for the home folder', () => {
    assert.match(
      filesystem({ kept: ['/work/~/x/.mcp.json'], between: ['/work/~', '/work/~/x'] }),
      /"\/work\/~"="write","\/work\/~\/x"="write","\/work\/~\/x\/\.mcp\.json"="read"/,
    );
    assert.match(filesystem({ kept: ['/work/~x/.mcp.json'] }), /"~x\/\.mcp\.json"="read"/);
  });

  it('is refused where two rules are for one path, as the later would widen the other', () => {
    for (const over of [
      { kept: ['/h'] },
      { hidden: ['/h', '/work/a'], between: ['/work/a'] },
      { kept: ['/work/a'], between: ['/work/a'] },
    ])
      assert.throws(() => filesystem(over), { code: 'internal' });
  });

  it('is refused where a path has control characters, which Codex takes out of it', () => {
    for (const letter of ['\t', '\n', '\r', '\x01', '\x7f'])
      assert.throws(() => filesystem({ kept: [`/work/a${letter}b/.mcp.json`] }), { code: 'usage' });
  });

  it('is refused where Codex would take a path for a pattern, and hide something else', () => {
    for (const hidden of ['/u/[x]/.koubou', '/u/a*', '/u/a?']) {
      assert.throws(
        () => filesystem({ hidden: [hidden] }),
        (error: unknown) => error instanceof KoubouError && error.message.includes(hidden),
      );
    }
  });
});
