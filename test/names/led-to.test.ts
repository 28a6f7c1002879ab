import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { withinWorktreeOfAgent } from '../../src/names/agent-worktree.ts';
import { ledTo, SETTINGS_BOUNDS, Ways } from '../../src/names/led-to.ts';
import { Reserved } from '../../src/names/reserved.ts';
import { walk } from '../../src/names/walk.ts';
import { agentWorktree } from '../support/git/agent-worktree.ts';

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
      ledTo([at('here')], { ...SETTINGS_BOUNDS, depth }).ends.map(({ path }) => path.slice(root.length + 1));
    assert.deepEqual(ends(1).sort(), ['elsewhere/a', 'here']);
    assert.deepEqual(ends(2).sort(), ['elsewhere/a', 'elsewhere/b', 'here']);
  });

  it('is not known beyond the bound, which is said', () => {
    for (const name of ['a', 'b', 'c']) link(`here/${name}/d/l`, 'nowhere');
    // The upper two levels are looked through in any case.
    assert.equal(ledTo([at('here')], { ...SETTINGS_BOUNDS, folders: 7 }).isWhole, true);
    assert.equal(ledTo([at('here')], { ...SETTINGS_BOUNDS, folders: 6 }).isWhole, false);
    assert.equal(ledTo([at('here')], { ...SETTINGS_BOUNDS, entries: 1 }).isWhole, false);
  });

  it('is reserved where settings of agents above lead there, be it a file that is not there yet', () => {
    link('project/.claude/settings.json', '../conf/settings.json');
    link('project/.cursor', 'rules');
    mkdirSync(at('project/rules'), { recursive: true });
    const why = (name: string) => new Reserved({ users: [] }).why(at(name), []);
    assert.match(
      why('project/conf/settings.json') ?? '',
      /\.claude leads there, and what lies there is obeyed/,
    );
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
    agentWorktree(at('p'));
    const path = at('p/.claude/worktrees/one/docs/x.md');
    assert.equal(withinWorktreeOfAgent(path), '/docs/x.md');
    assert.equal(new Reserved({ users: [] }).why(path, []), undefined);
    assert.notEqual(new Reserved({ users: [] }).why(at('p/.claude/worktrees/one/.claude/x'), []), undefined);
    assert.notEqual(new Reserved({ users: [] }).why(at('p/.claude/worktrees/two/x.md'), []), undefined);
    assert.notEqual(new Reserved().why(join(homedir(), '.bashrc'), []), undefined);
  });

  it('counts in a submodule that lies where agents have their work trees', () => {
    mkdirSync(at('p/.git/modules/hooks'), { recursive: true });
    mkdirSync(at('p/.claude/worktrees/hooks'), { recursive: true });
    writeFileSync(at('p/.claude/worktrees/hooks/.git'), 'gitdir: ../../../.git/modules/hooks\n');
    const path = at('p/.claude/worktrees/hooks/run.sh');
    assert.equal(withinWorktreeOfAgent(path), path);
    assert.notEqual(new Reserved({ users: [] }).why(path, []), undefined);
    // With a record of its own making: it is not that of the repository around.
    mkdirSync(at('p/other/worktrees/hooks'), { recursive: true });
    writeFileSync(at('p/.claude/worktrees/hooks/.git'), 'gitdir: ../../../other/worktrees/hooks\n');
    writeFileSync(at('p/other/worktrees/hooks/gitdir'), `${at('p/.claude/worktrees/hooks/.git')}\n`);
    assert.equal(withinWorktreeOfAgent(path), path);
  });

  it('is reserved with each link on the way, and with the folders that would have to be made', () => {
    link('project/.claude/settings.json', '../a');
    link('project/a', 'conf/real.json');
    put('project/conf/real.json');
    link('project/.claude/hook.sh', '../later/hook.sh');
    const why = (name: string) => new Reserved({ users: [] }).why(at(name), []);
    for (const name of ['a', 'conf/real.json', 'conf', 'later', 'later/hook.sh'])
      assert.match(why(`project/${name}`) ?? '', /\.claude leads there/, name);
    assert.equal(why('project/conf/other.json'), undefined);
  });

  it('is reserved with the folders that a way leaves again, and with what ends it early', () => {
    put('project/conf/real.json');
    link('project/.claude/settings.json', '../x/../conf/real.json');
    link('project/.claude/loop.sh', '../l');
    link('project/.claude/back.sh', '../y/../.claude/settings.json');
    mkdirSync(at('project/y'));
    link('project/l', 'l');
    put('project/file');
    link('project/.claude/run.sh', '../file/run.sh');
    const why = (name: string) => new Reserved({ users: [] }).why(at(name), []);
    // Not there yet: it is where the way ends.
    assert.match(why('project/x') ?? '', /leads there/);
    mkdirSync(at('project/x'));
    for (const name of ['x', 'y', 'conf/real.json', 'l', 'file', 'file/run.sh'])
      assert.match(why(`project/${name}`) ?? '', /\.claude leads there/, name);
    assert.equal(why('project/x/other'), undefined);
  });

  it('is not reserved where a person works on skills of their own, but where a submodule has settings', () => {
    link('project/.claude', 'conf');
    link('project/conf/skills/mine', '../../mine');
    link('project/conf/skills/sub', '../../sub');
    mkdirSync(at('project/mine/.git'), { recursive: true });
    put('project/sub/.git');
    put('project/conf/.git');
    const settings = [at('project/.claude')];
    const why = (name: string) => new Reserved({ users: [], settings }).why(at(name), []);
    assert.equal(why('project/mine/SKILL.md'), undefined);
    // One in a linked work tree, as beside a git folder of another name.
    for (const name of ['bare/worktrees/main', 'tree']) mkdirSync(at(name), { recursive: true });
    put('bare/HEAD');
    writeFileSync(at('tree/.git'), `gitdir: ${at('bare/worktrees/main')}\n`);
    writeFileSync(at('bare/worktrees/main/gitdir'), `${at('tree/.git')}\n`);
    link('project/conf/skills/tree', '../../../tree');
    assert.equal(why('tree/SKILL.md'), undefined);
    // Nor what links within such a repository lead to, or in the project, where settings lead to that as a whole.
    link('project/mine/latest', '../docs');
    link('project/conf/skills/self', '../..');
    link('project/README', 'docs/README.md');
    put('project/docs/README.md');
    assert.equal(why('project/docs/README.md'), undefined);
    for (const name of ['conf/settings.json', 'sub/SKILL.md'])
      assert.match(why(`project/${name}`) ?? '', /leads there/, name);
  });

  it('is reserved however much lies beside the link, and however deep it lies', () => {
    link('project/.claude/1/2/3/4/5/b.sh', '../../../../../../tools/b.sh');
    link('project/.claude/skills/own/run.sh', '../../../tools/c.sh');
    put('project/.claude/skills/own/.git');
    for (let nth = 0; nth < 2500; nth += 1) put(`project/.claude/a/${nth}`);
    const why = (name: string) => new Reserved({ users: [] }).why(at(name), []);
    for (const name of ['b.sh', 'c.sh'])
      assert.match(why(`project/tools/${name}`) ?? '', /leads there/, name);
  });

  it('is followed where the name of a link is no UTF-8, and said to be unknown where a folder has such a name', () => {
    mkdirSync(at('here'));
    put('tools/b.sh');
    const odd = (name: string): Buffer => Buffer.from(at(`here/caf\xe9${name}`), 'latin1');
    symlinkSync('../tools/b.sh', odd('.sh'));
    assert.deepEqual(
      ledTo([at('here')], SETTINGS_BOUNDS).ends.map(({ path }) => path),
      [at('here'), at('tools/b.sh')],
    );
    mkdirSync(odd(''));
    assert.equal(ledTo([at('here')], SETTINGS_BOUNDS).unknown.length, 1);
  });

  it('is known in bounded time, whatever the links say', () => {
    mkdirSync(at('here/a'), { recursive: true });
    for (let nth = 0; nth < 38; nth += 1) link(`here/l${nth}`, `${'a/../'.repeat(700)}l${nth + 1}`);
    for (let nth = 0; nth < 20; nth += 1) link(`here/x${nth}`, `${'a/../'.repeat(700)}l0`);
    let looks = 0;
    const found = ledTo([at('here')], {
      ...SETTINGS_BOUNDS,
      get steps() {
        looks += 1;
        return 50_000;
      },
    });
    assert.ok(found.unknown.length > 0);
    assert.equal(looks, 1);
    assert.throws(() => walk(at('here/l0')), /too many parts/);
  });

  it('is no error where a link cannot be read, and not looked for among processes and devices', () => {
    link('here/exe', '/proc/1/exe');
    link('here/thread', '/proc/2/exe');
    link('here/proc', '/proc/self');
    const { ends, unknown } = ledTo([at('here')], SETTINGS_BOUNDS);
    assert.deepEqual(unknown, []);
    assert.ok(ends.length <= 4, String(ends.length));
  });

  it('is read from no pipe that comes in the place of a file of git', () => {
    const folder = agentWorktree(at('p'));
    execFileSync('mkfifo', [at('p/pipe')]);
    renameSync(at('p/pipe'), join(folder, '.git'));
    assert.equal(withinWorktreeOfAgent(join(folder, 'x')), join(folder, 'x'));
  });

  it('is compared with a place in time that grows with the length of its path', () => {
    let looks = 0;
    const ends = Array.from({ length: 1000 }, (_, nth) => ({
      get path() {
        looks += 1;
        return `/a/${nth}/b`;
      },
      facts: undefined,
      from: '',
    }));
    const ways = new Ways({ ends, links: ['/l'], passed: ['/p'] });
    const made = looks;
    for (const [place, decides] of [
      ['/a/7/b/c', true],
      ['/a/7/b', true],
      ['/a/7', true],
      ['/l', true],
      ['/l/x', false],
      ['/p', true],
      ['/p/x', false],
      ['/a/7/c', false],
    ] as const)
      assert.equal(ways.decides(place), decides, place);
    assert.equal(looks, made, 'the places were gone through again');
  });

  it('looks through a folder once, however many links lead there', () => {
    const deep = (levels: number): string => `c${'/c'.repeat(levels)}`;
    for (let nth = 0; nth < 150; nth += 1) put(`${deep(150)}/${nth}/x`);
    for (let nth = 0; nth < 150; nth += 1) link(`here/${nth}`, `../${deep(nth)}`);
    const { unknown, isWhole } = ledTo([at('here')], SETTINGS_BOUNDS);
    assert.deepEqual([unknown, isWhole], [[], true], 'more than 30,000 folders would be too many');
  });

  it('is reserved where settings beside it, or the config of a home of koubou, lead there', () => {
    put('project/shared/settings.json');
    link('project/pkg/.claude/settings.json', '../../shared/settings.json');
    link('project/.hg/hgrc', '../hg/hgrc');
    const settings = [at('project/pkg/.claude')];
    const why = (name: string, scope = {}) => new Reserved({ users: [], ...scope }).why(at(name), []);
    assert.equal(why('project/shared/settings.json'), undefined);
    assert.match(why('project/shared/settings.json', { settings }) ?? '', /pkg\/\.claude leads there/);
    assert.match(why('project/hg/hgrc') ?? '', /\.hg\/hgrc leads there/);
    link('.koubou/config/agent.yaml', '../../dotfiles/agent.yaml');
    link('.koubou/config/.env', '../../dotfiles/env');
    const homes = { places: [at('.koubou')] };
    for (const name of ['agent.yaml', 'env'])
      assert.match(why(`dotfiles/${name}`, { homes }) ?? '', /the config of .* leads there/, name);
    assert.equal(why('dotfiles/other', { homes }), undefined);
  });
});
