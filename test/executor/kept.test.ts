import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkedConfigs, waysToKeys } from '../../src/executor/guarded/secret-places.ts';
import { whyConfig, whyKept, whyKeys } from '../../src/executor/kept.ts';
import { agentWorktree } from '../support/git/agent-worktree.ts';

describe('a folder that a program of a sandbox would have for its own', () => {
  let root: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-kept-')));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const why = (name: string, kept: string[] = []): string | undefined => {
    mkdirSync(join(root, name), { recursive: true });
    return whyKept(join(root, name), kept);
  };

  it('is not given where it lies in settings that agents or version control obey', () => {
    for (const name of [
      '.claude',
      '.claude/hooks',
      'a/.codex/b',
      '.git/hooks',
      '.hg',
      '.mcp.json/x',
      '.claude/skills/one',
    ])
      assert.match(why(name) ?? '', /obey what lies in/, name);
    mkdirSync(join(root, '.claude', 'skills', 'one', '.git'));
    assert.match(
      why('.claude/skills/one') ?? '',
      /obey what lies in/,
      'a repository of its own changes nothing',
    );
  });

  it('is not given where a submodule lies in settings', () => {
    mkdirSync(join(root, '.claude', 'hooks'), { recursive: true });
    writeFileSync(join(root, '.claude', 'hooks', '.git'), 'gitdir: ../../.git/modules/hooks\n');
    assert.match(why('.claude/hooks') ?? '', /obey what lies in/);
  });

  it('is given where an agent has a linked work tree among its settings', () => {
    agentWorktree(root);
    assert.equal(why('.claude/worktrees/one/src'), undefined);
    assert.match(why('.claude/worktrees/one/.claude') ?? '', /obey what lies in/);
  });

  it('is not given where a home of koubou has its config, or would have it once that is made', () => {
    const home = join(root, '.koubou');
    mkdirSync(join(home, 'config'), { recursive: true });
    mkdirSync(join(root, 'dotfiles'));
    symlinkSync('../../dotfiles/agent.yaml', join(home, 'config', 'agent.yaml'));
    const configs = () => linkedConfigs([home]);
    assert.deepEqual(configs(), { places: [join(root, 'dotfiles', 'agent.yaml')], ways: [] });
    assert.match(
      whyConfig(root, root, configs()) ?? '',
      /dotfiles\/agent\.yaml, by a link, and it is not there/,
    );
    writeFileSync(join(root, 'dotfiles', 'agent.yaml'), '');
    assert.equal(whyConfig(root, root, configs()), undefined, 'what is there is hidden');
    rmSync(join(home, 'config'), { recursive: true });
    symlinkSync('../dotfiles', join(home, 'config'));
    assert.ok(configs().places.includes(join(root, 'dotfiles')));
    assert.equal(whyConfig(root, root, configs()), undefined);
    assert.match(whyConfig(join(root, 'dotfiles'), join(root, 'dotfiles'), configs()) ?? '', /by a link/);
    rmSync(join(home, 'config'));
    symlinkSync('../current', join(home, 'config'));
    symlinkSync('dotfiles', join(root, 'current'));
    assert.match(whyConfig(root, root, configs()) ?? '', /goes through .*current/);
  });

  it('is not given where the way to keys of the user goes through it', () => {
    const before = process.env['HOME'];
    process.env['HOME'] = join(root, 'user');
    try {
      mkdirSync(join(root, 'user', '.ssh'), { recursive: true });
      mkdirSync(join(root, 'project'));
      symlinkSync('../../project/ak', join(root, 'user', '.ssh', 'authorized_keys'));
      symlinkSync('real', join(root, 'project', 'ak'));
      assert.match(whyKeys(join(root, 'project'), waysToKeys()) ?? '', /goes through .*project\/ak/);
      assert.equal(whyKeys(join(root, 'other'), waysToKeys()), undefined);
      // Not there yet: who makes it says who may log in.
      rmSync(join(root, 'project', 'ak'));
      assert.match(whyKeys(join(root, 'project'), waysToKeys()) ?? '', /goes through .*project\/ak/);
    } finally {
      if (before === undefined) delete process.env['HOME'];
      else process.env['HOME'] = before;
    }
  });

  it('is not given in what stays as it is, or in a git folder by another name', () => {
    assert.match(why('a/b', [join(root, 'a')]) ?? '', /is to stay as it is/);
    for (const name of ['objects', 'refs']) mkdirSync(join(root, 'bare', name), { recursive: true });
    writeFileSync(join(root, 'bare', 'HEAD'), '');
    assert.match(why('bare/hooks') ?? '', /is a git folder/);
    assert.equal(why('src/claude'), undefined);
  });
});
