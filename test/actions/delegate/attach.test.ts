import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  asText,
  finishedAmong,
  matchFiles,
  readTextFile,
  withHashes,
} from '../../../src/actions/delegate/attach.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';
import { newTask } from '../../support/builders.ts';

describe('files that a pattern finds', () => {
  const folder = temporaryFolder();
  const found = async (pattern: string, within?: (path: string) => boolean) =>
    (await matchFiles(pattern, folder(), within)).map((path) => path.slice(folder().length + 1));

  it('are regular files in order, each once, and no folders', async () => {
    writeFiles(folder(), { 'b.md': '', 'a.md': '', 'sub.md/c.md': '' });
    assert.deepEqual(await found('*.md'), ['a.md', 'b.md']);
    assert.deepEqual(await found('**/*.md'), ['a.md', 'b.md', 'sub.md/c.md']);
  });

  it('are the one of that name, whatever letters it has', async () => {
    writeFiles(folder(), { '[1]*.md': '', '1x.md': '' });
    assert.deepEqual(await found('[1]*.md'), ['[1]*.md']);
  });

  it('are none beyond the border of the caller, also where they are named', async () => {
    writeFiles(folder(), { 'in/a.md': '', 'out/b.md': '' });
    const within = (path: string) => path.startsWith(join(folder(), 'in'));
    assert.deepEqual(await found('in/*.md', within), ['in/a.md']);
    await assert.rejects(found('out/b.md', within), { code: 'usage', message: /^No file fits/ });
  });

  it('are told of where no task can name them', async function () {
    if (process.platform === 'darwin') this.skip();
    const odd = (name: string) =>
      writeFileSync(Buffer.concat([Buffer.from(`${folder()}/${name}`), Buffer.of(0xff)]), 'x');
    odd('a');
    await assert.rejects(found('*'), { code: 'usage', message: /^The name .*\/a\uFFFD is not UTF-8/ });
    odd('b');
    await assert.rejects(found('*'), {
      message: /^The names of 2 files are not UTF-8, .*\/a\uFFFD, .*\/b\uFFFD\. Nothing was added\.$/,
      hint: /convmv/,
    });
  });
});

describe('outputs that are finished', () => {
  const folder = temporaryFolder();

  it('are files with something in them', () => {
    writeFiles(folder(), { full: 'x', empty: '' });
    mkdirSync(join(folder(), 'folder'));
    const paths = ['full', 'empty', 'folder', 'none'].map((name) => join(folder(), name));
    assert.deepEqual([...finishedAmong(paths)], [join(folder(), 'full')]);
  });
});

describe('text that a task takes from a file', () => {
  const folder = temporaryFolder();
  const read = (name: string) =>
    readTextFile({ path: join(folder(), name), place: undefined }, `The ${name}`);

  it('is without its byte order mark, in UTF-8 and UTF-16', async () => {
    for (const encoding of ['utf8', 'utf16le'] as const) {
      writeFileSync(join(folder(), 'x'), Buffer.from('\uFEFFWas?\r\n', encoding));
      assert.equal(await read('x'), 'Was?\r\n', encoding);
    }
    assert.throws(() => asText(Uint8Array.of(0xe9, 0x74), 'It'), {
      code: 'usage',
      message: /^It is not UTF-8 text, nor UTF-16 with a byte order mark\. Nothing was added\.$/,
    });
  });

  it('is refused with what is wrong: not there, or a folder', async () => {
    mkdirSync(join(folder(), 'folder'));
    for (const [name, message] of [
      ['none', 'The none does not exist. Nothing was added.'],
      ['folder', 'The folder is a folder. Nothing was added.'],
      [
        'b\uFFFD',
        'The b\uFFFD is not there by that name: what was given is not UTF-8, so no task can name it. Nothing was added.',
      ],
    ] as const)
      await assert.rejects(read(name), { code: 'usage', message });
  });

  it('is that of the place that was judged, whatever its name leads to now', async () => {
    writeFiles(folder(), { mine: 'mine', other: 'other' });
    const [path, place] = [join(folder(), 'link'), join(folder(), 'mine')];
    symlinkSync('mine', path);
    assert.equal(await readTextFile({ path, place }, 'It'), 'mine');
    symlinkSync('other', join(folder(), 'turned'));
    renameSync(join(folder(), 'turned'), path);
    await assert.rejects(readTextFile({ path, place }, 'It'), { code: 'usage', message: /^It / });
  });
});

describe('the hashes of the files of tasks', () => {
  const folder = temporaryFolder();
  const hashed = (...names: string[]) =>
    withHashes([
      newTask({ cwd: folder(), files: names.map((name) => ({ path: join(folder(), name), sha256: null })) }),
    ]);

  it('are kept with each', async () => {
    writeFiles(folder(), { a: 'text\n' });
    const [task] = await hashed('a');
    assert.equal(task?.files[0]?.sha256, 'b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733');
  });

  it('are refused of what can be read only once, and of a folder', async () => {
    symlinkSync('/dev/null', join(folder(), 'device'));
    await assert.rejects(hashed('device'), {
      code: 'usage',
      message: `${join(folder(), 'device')} is no regular file. Nothing was added.`,
      hint: /--file -/,
    });
    mkdirSync(join(folder(), 'sub'));
    await assert.rejects(hashed('sub'), { code: 'usage', message: /is a folder/, hint: /--each/ });
  });
});
