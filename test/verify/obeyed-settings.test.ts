import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ObeyedSettings } from '../../src/verify/obeyed-settings.ts';

describe('settings of agents in the folders of a run', () => {
  let root: string;
  let work: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-settings-')));
    work = join(root, 'work');
    mkdirSync(work);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (name: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
  };

  it('are set aside where they came, be it by a link that was there and led to nothing', async () => {
    mkdirSync(join(root, '.claude', 'hooks'), { recursive: true });
    symlinkSync('../../work/sub/deep/new.sh', join(root, '.claude', 'hooks', 'x.sh'));
    mkdirSync(join(work, 'pkg', '.claude'), { recursive: true });
    symlinkSync('../../late', join(work, 'pkg', '.claude', 'y.sh'));
    mkdirSync(join(work, '.git', 'hooks'), { recursive: true });
    symlinkSync('../../scripts/hook', join(work, '.git', 'hooks', 'pre-commit'));
    symlinkSync('../node_modules/rules', join(root, '.claude', 'rules'));
    const settings = await ObeyedSettings.begin([work]);
    assert.deepEqual(await settings.setAside(), { moved: [], stuck: [] });
    write('work/other');
    write('work/sub/deep/new.sh');
    write('work/late');
    write('work/node_modules/other/x');
    write('work/.mcp.json');
    write('work/scripts/hook');
    const { moved, stuck } = await settings.setAside();
    assert.deepEqual(
      [moved.toSorted(), stuck],
      [['.mcp.json', 'late', 'scripts/hook', 'sub/deep/new.sh'].map((name) => join(work, name)), []],
    );
    assert.ok(!existsSync(join(root, '.claude', 'hooks', 'x.sh')));
    assert.ok(existsSync(join(work, 'other')));
    assert.deepEqual(await settings.setAside(), { moved: [], stuck: [] });
    assert.equal(readdirSync(work).filter((name) => name.includes('.koubou-aside-')).length, 2);
  });

  it('may be written for a person, but for what links in others lead to', async () => {
    mkdirSync(join(work, '.claude'));
    symlinkSync('../gone/../conf.json', join(work, '.claude', 'settings.json'));
    write('work/conf.json');
    const settings = await ObeyedSettings.begin([work], { linked: true });
    write('work/.mcp.json');
    assert.deepEqual(await settings.setAside(), { moved: [], stuck: [] });
    mkdirSync(join(work, 'gone'));
    assert.deepEqual(await settings.setAside(), { moved: [join(work, 'gone')], stuck: [] });
  });

  it('are said to be stuck where what they lead to was made behind a folder that became a link', async () => {
    mkdirSync(join(work, '.claude'));
    mkdirSync(join(work, 'cfg'));
    symlinkSync('../cfg/gone.sh', join(work, '.claude', 'h.sh'));
    const settings = await ObeyedSettings.begin([work], { linked: true });
    renameSync(join(work, 'cfg'), join(work, 'y'));
    symlinkSync('y', join(work, 'cfg'));
    write('work/y/gone.sh');
    assert.deepEqual(await settings.setAside(), { moved: [], stuck: [join(work, 'cfg', 'gone.sh')] });
  });

  it('may be installed for a person', async () => {
    mkdirSync(join(work, '.cursor'));
    symlinkSync('../node_modules/rules', join(work, '.cursor', 'rules'));
    const settings = await ObeyedSettings.begin([work], { linked: true });
    write('work/node_modules/rules/a.md');
    assert.deepEqual(await settings.setAside(), { moved: [], stuck: [] });
  });
});
