import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
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
    const settings = await ObeyedSettings.begin([work]);
    assert.deepEqual(await settings.setAside(), { moved: [], stuck: [] });
    write('work/other');
    write('work/sub/deep/new.sh');
    symlinkSync('nowhere', join(work, 'late'));
    write('work/.mcp.json');
    const { moved, stuck } = await settings.setAside();
    assert.deepEqual(
      [moved.toSorted(), stuck],
      [['.mcp.json', 'late', 'sub'].map((name) => join(work, name)), []],
    );
    assert.ok(!existsSync(join(root, '.claude', 'hooks', 'x.sh')));
    assert.ok(existsSync(join(work, 'other')));
    assert.deepEqual(await settings.setAside(), { moved: [], stuck: [] });
    assert.equal(readdirSync(work).filter((name) => name.includes('.koubou-aside-')).length, 3);
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
});
