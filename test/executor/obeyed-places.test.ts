import assert from 'node:assert/strict';
import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { obeyedPlaces } from '../../src/executor/guarded/obeyed-places.ts';
import { agentWorktree } from '../support/git/agent-worktree.ts';

describe('the places that settings of agents lead to', () => {
  let root: string;
  let top: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-obeyed-')));
    top = join(root, 'work');
    mkdirSync(top);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const put = (name: string): string => {
    mkdirSync(dirname(join(top, name)), { recursive: true });
    writeFileSync(join(top, name), '');
    return join(top, name);
  };
  const link = (name: string, target: string): string => {
    mkdirSync(dirname(join(top, name)), { recursive: true });
    symlinkSync(target, join(top, name));
    return join(top, name);
  };
  const found = async (...settings: string[]) => {
    const { kept, links } = obeyedPlaces(settings, top);
    const below = (paths: string[]): string[] => paths.map((path) => path.slice(top.length + 1)).sort();
    return { kept: below(kept), links: below(links) };
  };

  it('are they themselves where no link is in them', async () => {
    put('.claude/settings.json');
    assert.deepEqual(await found(join(top, '.claude'), put('.mcp.json')), {
      kept: ['.claude', '.mcp.json'],
      links: [],
    });
  });

  it('are what a link leads to, and the link itself', async () => {
    put('conf/claude/settings.json');
    assert.deepEqual(await found(link('.claude', 'conf/claude')), {
      kept: ['conf/claude'],
      links: ['.claude'],
    });
  });

  it('are what links within lead to, over whatever links are on that way', async () => {
    put('shared/settings.json');
    link('.claude/settings.json', '../way/settings.json');
    link('way', 'shared');
    assert.deepEqual(await found(join(top, '.claude')), {
      kept: ['.claude', 'shared/settings.json'],
      links: ['way'],
    });
  });

  it('leave out what lies elsewhere, and what is not there', async () => {
    writeFileSync(join(root, 'outside'), '');
    const settings = [link('.mcp.json', join(root, 'outside')), link('.claude', 'nowhere')];
    assert.deepEqual(await found(...settings), { kept: [], links: ['.claude', '.mcp.json'] });
  });

  it('come to an end where links lead in a circle', async () => {
    link('.claude/again', '..');
    link('.claude/.mcp.json', '.mcp.json');
    const { links } = await found(join(top, '.claude'));
    assert.deepEqual(links, []);
  });

  it('are those also that a walk does not follow, and refused where they have no text', async () => {
    mkdirSync(join(top, 'group'), { mode: 0o775 });
    chmodSync(join(top, 'group'), 0o775);
    put('group/conf/settings.json');
    const other = link('group/.claude', 'conf');
    if (process.getuid?.() === 0) lchownSync(other, 4711, 4711);
    assert.deepEqual((await found(other)).kept, ['group/conf']);
    const odd = Buffer.concat([Buffer.from(`${top}/caf`), Buffer.from([0xe9])]);
    mkdirSync(odd);
    symlinkSync(odd, join(top, '.claude'));
    await assert.rejects(found(join(top, '.claude')), { code: 'not_allowed' });
  });

  it('are those also that settings above the work lead to', async () => {
    put('conf/settings.json');
    mkdirSync(join(root, '.claude'));
    symlinkSync('../work/conf/settings.json', join(root, '.claude', 'settings.json'));
    assert.deepEqual((await found()).kept, ['conf/settings.json']);
  });

  it('are not the folder of the work itself, where a person has linked it among their settings', async () => {
    mkdirSync(join(root, '.claude', 'skills'), { recursive: true });
    symlinkSync(top, join(root, '.claude', 'skills', 'mine'));
    assert.deepEqual(await found(), { kept: [], links: [] });
    // A repository is a project; any other folder is settings by another name.
    assert.equal(obeyedPlaces([], top, { cwd: join(top, 'sub') }).around, top);
    mkdirSync(join(top, '.git'));
    assert.equal(obeyedPlaces([], top, { cwd: join(top, 'sub') }).around, undefined);
  });

  it('are not looked for in work trees that an agent has among its settings', async () => {
    agentWorktree(top);
    put('shared');
    link('.claude/worktrees/one/x', '../../../shared');
    assert.deepEqual((await found(join(top, '.claude'))).kept, ['.claude']);
  });

  it('are those also that hooks and settings of git lead to, there and below', async () => {
    for (const name of ['scripts/a', 'scripts/b']) put(name);
    link('.git/hooks/post-commit', '../../scripts/a');
    link('sub/.git/hooks/pre-push', '../../../scripts/b');
    const repositories = [join(top, '.git'), join(top, 'sub', '.git')];
    const { kept } = obeyedPlaces([], top, { repositories });
    for (const name of ['scripts/a', 'scripts/b']) assert.ok(kept.includes(join(top, name)), name);
    assert.ok(!kept.includes(join(top, '.git')), 'that is held by itself');
  });

  it('are refused where they are too many to hold', async () => {
    for (let nth = 0; nth < 301; nth += 1) {
      put(`shared/${nth}`);
      link(`.claude/${nth}`, `../shared/${nth}`);
    }
    await assert.rejects(
      found(join(top, '.claude')),
      (error) => error instanceof KoubouError && error.code === 'not_allowed',
    );
  });
});
