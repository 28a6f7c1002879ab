import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { withinWorktreeOfAgent } from '../../src/names/agent-worktree.ts';
import { ledTo } from '../../src/names/led-to.ts';
import { Reserved } from '../../src/names/reserved.ts';

describe('where links lead from a table of names', () => {
  let root: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-led-to-')));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const at = (name: string): string => join(root, name);
  const put = (name: string): string => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), '');
    return at(name);
  };
  const link = (name: string, target: string): string => {
    mkdirSync(dirname(at(name)), { recursive: true });
    symlinkSync(target, at(name));
    return at(name);
  };

  it('is each end of a way, as deep as is looked', () => {
    put('elsewhere/a');
    link('here/a', '../elsewhere/a');
    link('here/in/b', '../../elsewhere/b');
    const ends = (depth: number) =>
      ledTo([at('here')], { entries: 100, depth }).ends.map(({ path }) => path.slice(root.length + 1));
    assert.deepEqual(ends(1).sort(), ['elsewhere/a', 'here']);
    assert.deepEqual(ends(2).sort(), ['elsewhere/a', 'elsewhere/b', 'here']);
  });

  it('is not known beyond the bound, which is said', () => {
    for (const name of ['a', 'b', 'c']) put(`here/${name}`);
    assert.equal(ledTo([at('here')], { entries: 3, depth: 1 }).isWhole, true);
    assert.equal(ledTo([at('here')], { entries: 2, depth: 1 }).isWhole, false);
  });

  it('is reserved where settings of agents above lead there, be it a file that is not there yet', () => {
    link('project/.claude/settings.json', '../conf/settings.json');
    link('project/.cursor', 'rules');
    mkdirSync(at('project/rules'), { recursive: true });
    const why = (name: string) => new Reserved({ users: [] }).why(at(name), []);
    assert.match(why('project/conf/settings.json') ?? '', /\.claude leads there: agents obey it/);
    assert.match(why('project/rules/new.md') ?? '', /\.cursor leads there/);
    assert.equal(why('project/conf/other.json'), undefined);
    // A person's own skills, linked into the settings of their home folder.
    link('.claude/skills/mine', '../../mine');
    mkdirSync(at('mine/.git'), { recursive: true });
    assert.equal(why('mine/readme.md'), undefined);
  });

  it('is reserved where files in folders of a user lead there, but for folders', () => {
    link('user/.config/fish/config.fish', '../../../dotfiles/config.fish');
    link('user/.ssh/authorized_keys', '../../dotfiles/keys');
    link('user/.vim/own', '../../project');
    mkdirSync(at('project'));
    const why = (name: string) => new Reserved({ users: [at('user')] }).why(at(name), []);
    assert.match(why('dotfiles/config.fish') ?? '', /~\/\.config\/fish leads there/);
    assert.match(why('dotfiles/keys') ?? '', /~\/\.ssh leads there/);
    assert.equal(why('project/readme.md'), undefined);
  });

  it('is no matter in a linked work tree that an agent has among its settings', () => {
    put('p/.claude/worktrees/one/.git');
    const path = at('p/.claude/worktrees/one/docs/x.md');
    assert.equal(withinWorktreeOfAgent(path), '/docs/x.md');
    assert.equal(new Reserved({ users: [] }).why(path, []), undefined);
    assert.notEqual(new Reserved({ users: [] }).why(at('p/.claude/worktrees/one/.claude/x'), []), undefined);
    assert.notEqual(new Reserved({ users: [] }).why(at('p/.claude/worktrees/two/x.md'), []), undefined);
    assert.notEqual(new Reserved().why(join(homedir(), '.bashrc'), []), undefined);
  });
});
