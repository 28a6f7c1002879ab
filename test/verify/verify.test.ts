import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, type ErrorInfo, errorInfo, KoubouError } from '../../src/errors.ts';
import { localExecutor } from '../../src/executor/local.ts';
import { startTimeOf } from '../../src/process/liveness.ts';
import type { Observed } from '../../src/task/observed.ts';
import type { TaskFile } from '../../src/task/record.ts';
import { type Changes, type Verification, verifyResult } from '../../src/verify/verify.ts';
import { taskFile } from '../support/builders.ts';
import { leaseFor } from '../support/lease.ts';

describe('what makes a result count', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'koubou-verify-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const task = (fields: Partial<TaskFile> = {}): TaskFile => taskFile({ cwd: folder, ...fields });

  const good: Observed = {
    terminal: true,
    end: { kind: 'whole', said: 'stop' },
    promptTokens: 26,
    promptBytes: 100,
    thinking: null,
    remoteHost: null,
  };

  const verify = async (
    output: string,
    fields: Partial<TaskFile> = {},
    observed: Partial<Observed> = {},
    signal = new AbortController().signal,
    recordChild: (child: { pid: number }) => Promise<void> = async () => undefined,
    changes: Changes | null = null,
    assertOwned: () => Promise<void> = async () => undefined,
  ): Promise<Verification> => {
    await writeFile(join(folder, 'candidate'), output);
    return verifyResult({
      task: task(fields),
      observed: { ...good, ...observed },
      outputPath: join(folder, 'candidate'),
      cwd: folder,
      changes,
      run: 1,
      executor: async () => localExecutor,
      environment: { PATH: process.env['PATH'] ?? '' },
      lease: leaseFor({
        logPath: join(folder, 'log'),
        signal,
        marker: `verify-${process.pid}/task.r1`,
        assertOwned,
        recordChild,
      }),
    });
  };

  const fails = (verification: Verification, code: ErrorCode): Extract<Verification, { ok: false }> => {
    assert.equal(verification.ok, false);
    assert.ok(!verification.ok);
    assert.equal(verification.error.code, code, verification.error.message);
    return verification;
  };
  const accepts = (verification: Verification, evidence: string | null): void =>
    assert.deepEqual(verification, { ok: true, evidence });

  describe('always', () => {
    it('accepts a plain answer', async () => accepts(await verify('The answer.'), null));
    it('wants the terminal event', async () =>
      void fails(await verify('x', {}, { terminal: false }), 'output_truncated'));
    it('refuses nothing', async () => void fails(await verify(''), 'empty_output'));
    it('refuses what shows nothing, however long it is', async () => {
      for (const letter of ['\0', '\u0007', '\u200b', '\ufeff', '\u3164', '\u2800', '\ufffd', ' ', '\r']) {
        fails(await verify(letter.repeat(3 * 1024 * 1024)), 'empty_output');
      }
      fails(await verify('\0\n\u200b \t\ufeff\0'), 'empty_output');
      assert.ok((await verify('\0\0x')).ok);
    });
    // https://github.com/ggml-org/llama.cpp/issues/13310, https://github.com/ggml-org/llama.cpp/issues/11463
    it('refuses one letter without end, and takes a line of one', async () => {
      for (const letter of ['G', '!', '\u{1f600}']) {
        assert.match(
          fails(await verify(letter.repeat(100_000)), 'empty_output').error.message,
          /again and again/,
        );
        assert.ok((await verify(letter.repeat(400))).ok, letter);
        assert.ok((await verify(`${letter.repeat(100_000)}a`)).ok, letter);
      }
    });
    it('refuses white space', async () => void fails(await verify(' \n\t　\n'), 'empty_output'));
    it('says that there were thoughts only', async () => {
      assert.match(fails(await verify('', {}, { thinking: 'hm' }), 'empty_output').error.message, /thought/);
    });
    it('refuses an answer cut by length', async () =>
      void fails(
        await verify('The answer is', {}, { end: { kind: 'cut', said: 'length' } }),
        'output_truncated',
      ));
    it('refuses an answer that the server ended for a reason of its own, with its words', async () => {
      const end = { kind: 'other', said: 'content_filter' } as const;
      assert.match(
        fails(await verify('The', {}, { end }), 'output_truncated').error.message,
        /content_filter/,
      );
    });
    it('refuses words beside a call of a tool', async () => {
      const end = { kind: 'call', said: 'read_file' } as const;
      assert.match(fails(await verify('I look.', {}, { end }), 'unknown_tool').error.message, /read_file/);
    });
    it('refuses a tool call as text and says so to the model', async () => {
      const failed = fails(await verify('{"name":"ls","arguments":{}}'), 'tool_call_as_text');
      assert.match(failed.feedback ?? '', /no tools/);
    });
    it('finds the first word behind a megabyte of blanks', async () =>
      accepts(await verify(`${' '.repeat(1_000_000)}x`), null));
  });

  describe('a prompt that the server read only in part', () => {
    const long = { promptBytes: 60_000 };
    it('is refused with the numbers', async () => {
      const failed = fails(await verify('x', {}, { ...long, promptTokens: 4096 }), 'prompt_truncated');
      assert.match(failed.error.message, /4096.*5000/);
    });
    it('is refused under the count that its runner names', async () => {
      const observed = { ...long, promptTokens: 6000, leastTokens: 9000 };
      assert.match(fails(await verify('x', {}, observed), 'prompt_truncated').error.message, /6000.*9000/);
      accepts(await verify('x', {}, { ...observed, promptTokens: 9000 }), null);
    });
    it('is not suspected when the count is missing, as for a cached prompt', async () =>
      accepts(await verify('x', {}, { ...long, promptTokens: null }), null));
    it('is not suspected when the count is 0', async () =>
      accepts(await verify('x', {}, { ...long, promptTokens: 0 }), null));
    it('is not suspected where it is short', async () =>
      accepts(await verify('x', {}, { promptBytes: 3000, promptTokens: 5 }), null));
    it('is not suspected of a low but possible count', async () =>
      accepts(await verify('x', {}, { ...long, promptTokens: 5001 }), null));
    it('is not suspected of Japanese, with a token a character or two', async () => {
      const bytes = Buffer.byteLength('工房の仕事を手伝ってください。'.repeat(500));
      accepts(await verify('はい', {}, { promptBytes: bytes, promptTokens: Math.round(bytes / 3) }), null);
      accepts(await verify('はい', {}, { promptBytes: bytes, promptTokens: Math.round(bytes / 6) }), null);
    });
  });

  describe('for a command', () => {
    const none = { promptTokens: null, promptBytes: null, end: null };
    it('takes an exit with 0 as evidence, without any output', async () =>
      accepts(await verify('', { type: 'command' }, none), 'exit 0'));
    it('leaves output alone that looks like a tool call', async () =>
      accepts(await verify('{"name":"ls","arguments":{}}', { type: 'command' }, none), 'exit 0'));
  });

  describe('for code', () => {
    const code = { type: 'code' } as const;
    it('takes a code block as evidence', async () =>
      accepts(await verify('Here:\n```js\nlet a = 1;\n```\n', code), 'text'));
    it('takes a block with tildes', async () => accepts(await verify('~~~\nls\n~~~', code), 'text'));
    it('takes a patch', async () =>
      accepts(await verify('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n', code), 'text'));
    it('refuses an answer without code', async () =>
      void fails(await verify('I changed the file.', code), 'no_evidence'));
    it('refuses an empty block', async () => void fails(await verify('```js\n\n```', code), 'no_evidence'));
    it('lets the caller allow it', async () =>
      accepts(await verify('Nothing to do.', { ...code, options: { allow_no_change: true } }), null));
    describe('of a runner that changes files', () => {
      const changed = (names: string[], trouble?: string): Changes => ({
        names,
        homes: [],
        bounded: false,
        ...(trouble === undefined ? {} : { trouble }),
      });
      const judge = (output: string, changes: Changes, options = {}): Promise<Verification> =>
        verify(output, { ...code, options }, {}, undefined, undefined, changes);

      const refusal = errorInfo('unknown_tool', 'The model called write_file.');
      const note = errorInfo('no_evidence', 'A command of the model failed.');
      const judgeWith = (trouble: ErrorInfo, changes: Changes, options = {}): Promise<Verification> =>
        verify('Done.', { ...code, options }, { trouble }, undefined, undefined, changes);

      it('gives what was seen on the way as the reason where nothing changed, to the model too', async () => {
        const { error, feedback } = fails(await judgeWith(refusal, changed([])), 'unknown_tool');
        assert.match(error.message, /^The model called write_file\. .* no file changed/);
        assert.equal(error.hint, refusal.hint);
        assert.match(feedback ?? '', /^The model called write_file\. No file was changed/);
        assert.match(fails(await judgeWith(note, changed([])), 'no_evidence').error.message, /^A command/);
      });
      it('does not mind a refusal that was got around', async () =>
        accepts(await judgeWith(refusal, changed(['a']), { check: 'true' }), '1 file changed, check'));
      it('does not mind one where nothing had to change', async () =>
        accepts(await judgeWith(refusal, changed([]), { allow_no_change: true }), null));
      it('tells of a refusal, but not of a command that failed, where the check refused the work', async () => {
        const told = fails(await judgeWith(refusal, changed(['a']), { check: 'false' }), 'check_failed');
        assert.match(told.error.message, /code 1\.\nOn the way: The model called write_file\.$/);
        const plain = fails(await judgeWith(note, changed(['a']), { check: 'false' }), 'check_failed');
        assert.match(plain.error.message, /code 1\.$/);
      });
      it('gives no other reason where it cannot know what changed', async () => {
        const { error } = fails(await judgeWith(refusal, changed([], 'git is ill')), 'no_evidence');
        assert.match(error.message, /^What the run changed is not known: git is ill[^]*write_file/);
      });

      it('counts the files that changed', async () =>
        accepts(await judge('Done.', changed(['a', 'b'])), '2 files changed'));
      it('takes no block of code in their place, whatever the check says', async () =>
        void fails(await judge('```js\nlet a;\n```', changed([]), { check: 'true' }), 'no_evidence'));
      it('says why it cannot know', async () => {
        const { error } = fails(await judge('Done.', changed([], 'git is ill')), 'no_evidence');
        assert.match(error.message, /git is ill/);
      });
      it('still wants an answer that is no tool call', async () =>
        void fails(await judge('{"name":"ls","arguments":{}}', changed(['a'])), 'tool_call_as_text'));
    });
    it('takes bare code that the check accepted', async () =>
      accepts(await verify('let a = 1;', { ...code, options: { check: 'grep -q let' } }), 'check'));
  });

  describe('with a schema', () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, arguments: { type: 'object' } },
      required: ['name'],
      additionalProperties: false,
    };
    const options = { schema };
    it('accepts what fits', async () => accepts(await verify('{"name":"Ada"}', { options }), 'schema'));
    it('accepts what fits inside one fence', async () =>
      accepts(await verify('```json\n{"name":"Ada"}\n```\n', { options }), 'schema'));
    it('does not take an object that was asked for as a tool call', async () =>
      accepts(await verify('{"name":"ls","arguments":{}}', { options }), 'schema'));
    it('refuses what does not fit, in the words of the validator', async () => {
      const failed = fails(await verify('{"title":"Ada"}', { options }), 'schema_invalid');
      assert.match(failed.feedback ?? '', /required property 'name'/);
    });
    it('refuses prose', async () =>
      void fails(await verify('Sure: {"name":"Ada"}', { options }), 'schema_invalid'));
    it('knows 2020-12', async () => {
      const newer = {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        prefixItems: [{ type: 'number' }],
      };
      accepts(await verify('[1]', { options: { schema: newer } }), 'schema');
      fails(await verify('["a"]', { options: { schema: newer } }), 'schema_invalid');
    });
    it('says that the schema itself is none', async () =>
      void fails(await verify('{}', { options: { schema: { type: 'nonsense' } } }), 'usage'));
  });

  describe('with a check', () => {
    const check = (command: string): Partial<TaskFile> => ({ options: { check: command } });
    it('gives the candidate on standard input and as a path', async () =>
      accepts(
        await verify('hello', check('test "$(cat)" = hello && grep -q hello "$KOUBOU_OUTPUT"')),
        'check',
      ));
    it('gives the first file', async () => {
      await writeFile(join(folder, 'a.md'), 'source');
      const files = [{ path: 'a.md', sha256: null }];
      accepts(await verify('x', { ...check('grep -q source "$KOUBOU_FILE"'), files }), 'check');
    });
    it('refuses with the end of what it printed, as feedback and in the log', async () => {
      const failed = fails(
        await verify('x', check('echo line 3 is wrong; echo too long >&2; exit 4')),
        'check_failed',
      );
      assert.match(failed.error.message, /exit code 4:\nline 3 is wrong\ntoo long/);
      assert.match(failed.feedback ?? '', /line 3 is wrong\ntoo long/);
      assert.match(
        await readFile(join(folder, 'log'), 'utf8'),
        /--- check: echo line 3.*\nline 3 is wrong\ntoo long\n/,
      );
    });
    it('bounds the feedback', async () => {
      const failed = fails(await verify('x', check('yes 間違い | head -c 1000000; exit 1')), 'check_failed');
      const feedback = failed.feedback ?? '';
      assert.ok(Buffer.byteLength(feedback) < 5000);
      assert.ok(!feedback.includes('\uFFFD'));
    });
    it('runs in cwd', async () =>
      accepts(await verify('x', check(`test "$PWD" = "$(cd ${folder} && pwd)"`)), 'check'));
    it('is not started for a task that another worker has by now', async () => {
      const options = { check: 'touch started' };
      const taken = async (): Promise<void> => {
        throw new KoubouError('worker_lost', 'It is theirs.');
      };
      fails(await verify('x', { options }, {}, undefined, undefined, null, taken), 'worker_lost');
      assert.deepEqual(await readdir(folder), ['candidate', 'log']);
    });
    it('is stopped with all it started', async () => {
      const abort = new AbortController();
      let pid = 0;
      const verification = await verify(
        'x',
        check('sleep 600 & sleep 600'),
        {},
        abort.signal,
        async (child) => {
          pid = child.pid;
          abort.abort();
        },
      );
      fails(verification, 'cancelled');
      assert.equal(startTimeOf(pid), null);
    });
  });

  describe('with expected files', () => {
    const expected = (...expect: string[]): Partial<TaskFile> => ({ options: { expect } });
    beforeEach(async () => {
      await mkdir(join(folder, 'docs'));
      await writeFile(join(folder, 'docs', 'a.md'), 'text');
      await writeFile(join(folder, 'empty.txt'), '');
      await writeFile(join(folder, '[odd] name.txt'), 'text');
    });
    it('accepts files that are there', async () =>
      accepts(await verify('x', expected('docs/*.md', 'docs/a.md')), 'expect'));
    it('accepts a path that looks like a pattern', async () =>
      accepts(await verify('x', expected('[odd] name.txt')), 'expect'));
    it('refuses missing files by name', async () => {
      const failed = fails(await verify('x', expected('docs/*.md', 'dist/*.js')), 'expected_missing');
      assert.match(failed.error.message, /there is no dist\/\*\.js/);
    });
    it('refuses empty files', async () => {
      assert.match(
        fails(await verify('x', expected('*.txt2', 'empty.txt')), 'expected_missing').error.message,
        /empty.txt is empty/,
      );
    });
    it('refuses folders', async () => void fails(await verify('x', expected('docs')), 'expected_missing'));
    it('counts the candidate as the output', async () =>
      accepts(
        await verify('x', { options: { expect: ['out/*.md'], output: join(folder, 'out', 'b.md') } }),
        'expect',
      ));
  });
});
