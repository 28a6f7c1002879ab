import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { draftTask } from '../../../src/actions/delegate/draft.ts';
import { type DropCircumstances, draftFromDrop } from '../../../src/actions/delegate/draft-from-drop.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';

const around = { cwd: '/work/project', createdBy: 'cli', priority: 4 };
const draft = (fields: Fields) => draftTask(fields, around);
const refused = (fields: Fields, message: RegExp, hint?: RegExp) =>
  assert.throws(() => draft(fields), { code: 'usage', message, ...(hint ? { hint } : {}) });

describe('a draft', () => {
  it('holds only what was said, and what every task has', () => {
    assert.deepEqual(draft({ prompt: 'p' }), {
      type: 'general',
      prompt: 'p',
      command: [],
      files: [],
      context: {},
      difficulty: null,
      cwd: '/work/project',
      priority: 4,
      labels: {},
      created_by: 'cli',
      sensitive: false,
      options: {},
      after: [],
      after_any: [],
      not_before: null,
      key: null,
    });
  });

  it('has absolute paths: files from where it was asked for, the output from where it works', () => {
    const { cwd, files, options } = draft({
      prompt: 'p',
      cwd: 'sub',
      files: ['a.md', '/b'],
      output: 'out/x.txt',
    });
    assert.equal(cwd, '/work/project/sub');
    assert.deepEqual(
      files.map(({ path }) => path),
      ['/work/project/a.md', '/b'],
    );
    assert.equal(options.output, '/work/project/sub/out/x.txt');
  });

  const types: [written: string, type: string, template: string | undefined][] = [
    ['general', 'general', undefined],
    ['code', 'code', undefined],
    ['code_generation', 'code', undefined],
    ['Code-Generation', 'code', undefined],
    ['refactoring', 'code', undefined],
    ['testing', 'code', undefined],
    ['explanation', 'general', 'explain'],
    ['documentation', 'general', 'document'],
    ['translation', 'general', 'translate'],
    ['summarization', 'general', 'summarize'],
  ];
  for (const [written, type, template] of types) {
    it(`takes ${written} for ${type}${template ? ` with the template ${template}` : ''}`, () => {
      const task = draft({ prompt: 'p', type: written });
      assert.deepEqual([task.type, task.options.template], [type, template]);
    });
  }

  it('keeps a template that was asked for', () => {
    assert.equal(draft({ prompt: 'p', type: 'explanation', template: 'mine' }).options.template, 'mine');
  });

  it('names the nearest type', () =>
    refused({ prompt: 'p', type: 'comand' }, /'comand' is no type/, /command\?/));

  it('keeps a prompt as it is', () => {
    const prompt = ' - [ ] "x" \'y\' `z` $(boom)\n\t\u{1F600} 日本語\n';
    assert.equal(draft({ prompt }).prompt, prompt);
  });

  it('of a command keeps its words as they are', () => {
    const command = ['sh', '-c', 'echo "$1"', '--', '', 'a b', '\u{1F600}'];
    const task = draft({ type: 'command', command });
    assert.deepEqual([task.command, task.prompt], [command, '']);
  });

  it('is refused without a prompt, or with one of blanks', () => {
    refused({}, /^There is no prompt\. Nothing was added\.$/);
    refused({ prompt: ' \n' }, /^The prompt is empty\./);
  });

  it('is refused with a zero byte', () => {
    refused({ prompt: 'a\0b' }, /The prompt holds a zero byte/);
    refused({ type: 'command', command: ['a\0b'] }, /A word of the command holds a zero byte/);
  });

  it('of a command without words suggests a shell', () => {
    refused({ type: 'command' }, /there are none/, /-- sh -c '…'/);
    refused(
      { type: 'command', prompt: "echo 'hi' | wc" },
      /there are none/,
      /-- sh -c 'echo '\\''hi'\\'' \| wc'/,
    );
    refused({ type: 'command', command: [] }, /there are none/);
  });

  it('is refused with both a prompt and a program', () => {
    refused({ type: 'command', prompt: 'p', command: ['ls'] }, /takes no prompt/);
    refused({ prompt: 'p', command: ['ls'] }, /only a command task runs one/, /--type command/);
  });

  it('is refused with an output that can be no file', () => {
    refused({ prompt: 'p', output: 'out/' }, /names no file/);
    refused({ prompt: 'p', output: ' ' }, /names no file/);
  });
});

describe('a draft from a dropped file', () => {
  const folder = temporaryFolder();
  const around = (over: Partial<DropCircumstances> = {}): DropCircumstances => ({
    home: join(folder(), '.koubou'),
    userHome: '/nowhere',
    priority: 5,
    nowMs: () => 0,
    sensitivePatterns: ['password'],
    requireRoute: () => undefined,
    ...over,
  });
  const drop = (fields: Record<string, unknown>, prompt: string | null) =>
    draftFromDrop(around())(fields, prompt);
  beforeEach(() => writeFiles(folder(), { 'a.md': 'a' }));

  it('is a task of the text, or of the fields', async () => {
    assert.equal((await drop({}, 'do it')).prompt, 'do it');
    const task = await drop(
      { prompt: 'p', type: 'translation', files: ['a.md'], task_id: 'x', status: 'pending' },
      null,
    );
    assert.deepEqual([task.created_by, task.cwd, task.options.template], ['file', folder(), 'translate']);
    assert.deepEqual(task.files, [{ path: join(folder(), 'a.md'), sha256: null }]);
  });

  const dangerous: Record<string, unknown>[] = [
    { type: 'command', command: ['rm'] },
    { type: 'Command' },
    { prompt: 'p', command: ['rm'] },
    { prompt: 'p', check: 'rm' },
    { prompt: 'p', options: { check: 'rm' } },
    { prompt: 'p', output: '/etc/x' },
    { prompt: 'p', options: { output: '/etc/x' } },
    { prompt_file: '/etc/passwd' },
    { prompt: 'p', schema: '/etc/passwd' },
    { prompt: 'p', sandbox: 'danger-full-access' },
    { prompt: 'p', options: { sandbox: 'danger-full-access' } },
    { prompt: 'p', sandbox: 'read-only' },
    { prompt: 'p', worktree: true },
    { prompt: 'p', expect: ['a.md'] },
    { prompt: 'p', resume_from: 'last' },
    { prompt: 'p', files: ['/etc/passwd'] },
    { prompt: 'p', files: ['.koubou/config/.env'] },
    { prompt: 'p', files: ['sub/.koubou/config/.env'] },
    { prompt: 'p', files: ['.git/config'] },
    { prompt: 'p', files: ['leads-out'] },
    { prompt: 'p', cwd: '/etc' },
    { prompt: 'p', cwd: 'folder-that-leads-out' },
  ];
  const wrong: Record<string, unknown>[] = [
    { prompt: 'p', version: 99 },
    { prompt: 'p', files: ['../x'] },
    { prompt: 'p', files: ['is-not-there'] },
  ];
  for (const fields of wrong) {
    it(`is wrong with ${JSON.stringify(fields)}`, () =>
      assert.rejects(drop(fields, null), { code: 'usage' }));
  }

  for (const fields of dangerous) {
    it(`is refused for ${JSON.stringify(fields)}`, () => {
      writeFiles(folder(), {
        '.koubou/config/.env': 'K=1',
        'sub/.koubou/config/.env': 'K=1',
        '.git/config': '',
      });
      symlinkSync('/etc/passwd', join(folder(), 'leads-out'));
      symlinkSync('/etc', join(folder(), 'folder-that-leads-out'));
      return assert.rejects(drop(fields, null), { code: 'not_allowed' });
    });
  }

  it('is sensitive with a secret, whatever it says itself, or when it waits for one that is', async () => {
    assert.equal((await drop({ sensitive: false, local_only: false }, 'password: hunter22')).sensitive, true);
    const isHeld = async (id: string) => id === 'task_held';
    const waits = draftFromDrop(around({ sensitivePatterns: [], isHeld }));
    assert.equal((await waits({ after: ['task_held'] }, 'p')).sensitive, true);
    assert.equal((await waits({ after: ['task_free'] }, 'p')).sensitive, false);
  });

  it('names the nearest field', () =>
    assert.rejects(drop({ modle: 'x' }, 'p'), { hint: 'Did you mean model?' }));
});
