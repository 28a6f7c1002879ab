import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { buildPrompt } from '../../src/runner/model/model-prompt.ts';
import type { TaskFile } from '../../src/task/record.ts';
import { promptFolders, taskOf } from '../contract/runner.ts';

describe('what is sent to a model', () => {
  let folder: string;
  const [shipped = ''] = promptFolders;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'koubou-prompt-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const build = (fields: Partial<TaskFile> = {}, folders = promptFolders, template = 'auto') =>
    buildPrompt(taskOf(folder, fields), { folders, template, feedback: null });

  const files = (...paths: string[]): Pick<TaskFile, 'files'> => ({
    files: paths.map((path) => ({ path, sha256: null })),
  });

  const refused = async (fields: Partial<TaskFile>, code: string, words: RegExp): Promise<KoubouError> => {
    const error: unknown = await build(fields).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof KoubouError);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return error;
  };

  it('is the prompt alone where there is nothing else', async () => {
    const { user, system, bytes } = await build();
    assert.equal(user, 'Say hello.');
    assert.equal(bytes, Buffer.byteLength(system) + Buffer.byteLength(user));
  });

  it('has the template of the type, without its front comment', async () => {
    assert.match((await build()).system, /^You do one task/);
    assert.match((await build({ type: 'code' })).system, /^You are a careful programmer/);
  });

  it('has the template that the task names, else the one that the config names', async () => {
    assert.match((await build({ options: { template: 'translate' } })).system, /^You are a translator/);
    assert.match((await build({}, promptFolders, 'summarize')).system, /^You summarize/);
    const both = await build({ options: { template: 'translate' } }, promptFolders, 'summarize');
    assert.match(both.system, /^You are a translator/);
  });

  it('has the home’s own template before the package’s', async () => {
    await writeFile(join(folder, 'general.md'), '<!-- mine -->\nBe brief.\n');
    assert.equal((await build({}, [folder, shipped])).system, 'Be brief.');
    assert.match((await build({ type: 'code' }, [folder, shipped])).system, /careful programmer/);
  });

  it('has the caller’s system text in place of the usual template, and behind one that was named', async () => {
    assert.equal((await build({ options: { system: 'Be kind.' } })).system, 'Be kind.');
    const { system } = await build({ options: { system: 'Into German.', template: 'translate' } });
    assert.match(system, /^You are a translator[\s\S]*\n\nInto German\.$/);
  });

  it('names files as the caller sees them, in their order', async () => {
    await mkdir(join(folder, 'docs'));
    await writeFile(join(folder, 'docs', 'b.md'), 'B\n');
    await writeFile(join(folder, 'a.md'), '\uFEFF工房\n');
    const { user } = await build(files('docs/b.md', join(folder, 'a.md')));
    assert.equal(
      user,
      '<file name="docs/b.md">\nB\n</file>\n\n<file name="a.md">\n工房\n</file>\n\nSay hello.',
    );
  });

  it('reads files when it is built, not before', async () => {
    await writeFile(join(folder, 'a.md'), 'old');
    await build(files('a.md'));
    await writeFile(join(folder, 'a.md'), 'new');
    assert.match((await build(files('a.md'))).user, /new/);
  });

  it('refuses what it cannot send, and says what to do', async () => {
    await writeFile(join(folder, 'sjis.txt'), Buffer.from([0x8d, 0x48, 0x96, 0x5b]));
    assert.match((await refused(files('sjis.txt'), 'usage', /sjis\.txt is not UTF-8/)).hint, /iconv/);
    await refused(files('gone.txt'), 'conflict', /gone\.txt does not exist any more/);
    await mkdir(join(folder, 'sub'));
    await refused(files('sub'), 'conflict', /sub is not a file/);
  });

  it('refuses more than any model takes, without reading it', async () => {
    await writeFile(join(folder, 'huge.log'), '');
    await truncate(join(folder, 'huge.log'), 40 * 1024 * 1024 * 1024);
    await refused(files('huge.log'), 'context_overflow', /32 MB/);
  });

  it('names the templates there are when one is not', async () => {
    const error = await refused({ options: { template: 'poem' } }, 'usage', /no template "poem"/);
    assert.match(error.hint, /code, codex, document, explain, general, summarize, translate/);
    await refused({ options: { template: '../code' } }, 'usage', /no template/);
  });
});

describe('the shipped prompts', () => {
  const [folder = ''] = promptFolders;

  it('say in their first line what they are for, and are short', async () => {
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), 'utf8');
      assert.match(text, new RegExp(`^<!-- ${name.replace('.md', '')}: .+ -->\n`));
      assert.ok(text.length < 1200, name);
    }
  });
});
