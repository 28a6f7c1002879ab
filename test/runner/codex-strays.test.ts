import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeNoted, strayFolders } from '../../src/executor/codex/stray-folders.ts';

describe('what the sandbox of Codex leaves in a folder', () => {
  let root: string;
  let cwd: string;
  let note: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'koubou-strays-'));
    cwd = join(root, 'work');
    note = join(root, 'strays.json');
    mkdirSync(join(cwd, '.agents'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** An empty folder, an empty file, a folder with something in it, and one that was there before. */
  const leave = (): void => {
    mkdirSync(join(cwd, '.git'));
    writeFileSync(join(cwd, '.codex'), '');
    mkdirSync(join(cwd, '.aws'));
    writeFileSync(join(cwd, '.aws', 'config'), 'x');
  };

  it('is removed after the run, but for what holds something or was there before', async () => {
    const strays = await strayFolders([cwd], note);
    leave();
    await strays.remove();
    assert.deepEqual(readdirSync(cwd), ['.agents', '.aws']);
  });

  it('is removed by the note of a run that was killed', async () => {
    await strayFolders([cwd], note);
    leave();
    assert.equal(await removeNoted(note), true);
    assert.deepEqual(readdirSync(cwd), ['.agents', '.aws']);
  });

  it('does not lead anywhere else', async () => {
    mkdirSync(join(root, 'mine'));
    symlinkSync(join(root, 'mine'), join(cwd, '.git'));
    writeFileSync(note, JSON.stringify([join(root, 'mine'), join(cwd, '.git'), 5, null]));
    assert.equal(await removeNoted(note), true);
    assert.deepEqual(readdirSync(root).sort(), ['mine', 'strays.json', 'work']);
  });

  it('is left where there is no note, and where half of one was written', async () => {
    assert.equal(await removeNoted(note), false);
    assert.equal(await removeNoted(join(cwd, '.agents', 'file', 'note')), false);
    writeFileSync(note, '["');
    assert.equal(await removeNoted(note), true);
    assert.deepEqual(readdirSync(cwd), ['.agents']);
  });
});
