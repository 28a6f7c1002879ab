import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { harmless, jsonLine, oneLine } from '../../src/text/harmless.ts';
import { failedWith, newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { buildMutant } from '../support/mutants/source.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

/** What a terminal obeys, or shows in another order or not at all; each with the letters PWN behind it. */
const ATTACKS: Readonly<Record<string, string>> = {
  'a title (OSC 0)': '\u{1b}]0;PWN\u{7}',
  'the clipboard (OSC 52)': '\u{1b}]52;c;PWN\u{1b}\\',
  'a link (OSC 8)': '\u{1b}]8;;http://127.0.0.1/\u{1b}\\PWN',
  'a device control string': '\u{1b}P$qPWN\u{1b}\\',
  'the cursor': '\u{1b}[2J\u{1b}[1;1HPWN',
  'concealed letters': '\u{1b}[8mPWN',
  'a full reset': '\u{1b}cPWN',
  'C1 in one character': '\u{9b}31mPWN\u{9d}0;PWN\u{9c}',
  backspaces: 'good\b\b\b\bPWN',
  'a carriage return': 'good\rPWN',
  'a bell, a shift and a delete': '\u{7}\u{e}\u{7f}PWN',
  'bidi overrides': '\u{202e}PWN\u{202c}',
  'bidi isolates': '\u{2066}PWN\u{2069}\u{200f}\u{61c}',
  'tag characters': '\u{e0050}\u{e0057}\u{e004e}PWN',
};
const attack = Object.values(ATTACKS).join(' | ');

/** What of it a terminal obeyed: the line's end is the terminal's own; colours, and lines drawn over, are koubou's. */
const OBEYED = new RegExp(
  [
    '[\\0-\\x08\\x0b\\x0c\\x0e-\\x1a\\x1c-\\x1f\\x7f-\\x9f]',
    '[\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\u{e0000}-\\u{e007f}]',
    '\\x1b(?!\\[(?:(?:1|2|22|31|32|33|36|39)m|\\d*F|[JK]))',
    '\\r(?!\\n|\\x1b\\[K)',
  ].join('|'),
  'u',
);
const obeyed = (text: string): string | undefined => OBEYED.exec(text)?.[0];

const pty = ['bash', '-c', 'exec script -qec "$(printf "%q " "$@")" /dev/null </dev/null', 'pty'];
const hasPty = (): boolean => spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

describe('the door to the terminal', () => {
  for (const [what, text] of Object.entries(ATTACKS)) {
    it(`shows ${what} and does not obey it`, () => {
      assert.notEqual(obeyed(text), undefined, 'the attack is none');
      for (const shown of [harmless(text), oneLine(text), jsonLine(text)]) {
        assert.equal(obeyed(shown), undefined, JSON.stringify(shown));
        assert.match(shown, /PWN/);
      }
      assert.equal(JSON.parse(jsonLine(text)), text);
    });
  }

  it('leaves text of every language, emoji and tabs as they are', () => {
    const texts = [
      'שלום مرحبا 日本語\u{e0100} 👩‍👩‍👧 é\n\tเขียน',
      // A heart, a keycap, a flag: which form of a sign is meant.
      '\u2764\ufe0f 1\ufe0f\u20e3 \u{1f3f3}\ufe0f\u200d\u{1f308}',
      // Persian, Hindi, Mongolian: whether letters are joined.
      'می\u200cخواهم क्\u200dष \u1820\u180b',
      // Where a word may be cut; a file's mark at its start.
      'Donau\u00addampf',
      // Egyptian signs beside each other; marks around Arabic numbers.
      '\u{13000}\u{13430}\u{13001} \u0600\u0661',
      // Burmese and Khmer letters below each other.
      '\u1000\u1039\u1000 \u1780\u17d2\u1780',
      '\ufefftext',
    ];
    for (const text of texts) assert.equal(harmless(text), text);
  });

  it('leaves them also where a text is cut in the middle of one', () => {
    for (const text of ['\u{1f3f3}\ufe0f\u200d', '\u200d\u{1f308}', '\ufe0f\u20e3', 'می\u200c', '\u200cخو'])
      assert.equal(harmless(text), text);
  });

  it('shows text that nobody sees, in whatever letters it is written', () => {
    const hidden = [
      'a\ufe06\ufe03\ufe07',
      'a\u200b\u200c\u200c\u200b',
      'a\u{13430}b',
      '\u{13000}\u{13430}\u{13437}\u{13001}',
      'a\u{16fe4}',
      'a\u2d7f\u{1107f}',
      '\u1000\u1039\u1039\u1000',
      '\u{1f600}\ufe0f\ufe0e',
      '\u{1f600}\u200d\u200d\u{1f600}',
      'می\u200c\u200cخو',
      'a\u00ad\u00adb',
      'a\u2062b\ufeff',
      'a\u115f\u1160\u3164\uffa0\u17b4',
      '日本語\u{e0100}\u{e0101}',
      'a\u{e0061}\u{e007f}',
    ];
    const letters = /\p{Default_Ignorable_Code_Point}/gu;
    for (const text of hidden) {
      for (const shown of [harmless(text), oneLine(text), jsonLine(text)])
        assert.ok((shown.match(letters) ?? []).length <= 1, JSON.stringify(shown));
      assert.equal(JSON.parse(jsonLine(text)), text);
    }
  });

  describe('of a pty', () => {
    let test: TestHome;
    let ids: { good: string; bad: string };

    before(async function () {
      if (!hasPty()) this.skip();
      test = await makeHome();
      const queue = test.open();
      const member = await queue.join(worker());
      const add = async (over: Parameters<typeof newTask>[0]) => {
        const [added] = await queue.add([newTask({ prompt: attack, labels: { l: attack }, ...over })]);
        assert.ok(added);
        return added.id;
      };
      const claim = () => until(() => member.claim(takeAll));
      const good = await add({ type: 'code', files: [{ path: join('/', attack), sha256: null }] });
      const first = await claim();
      appendFileSync(first.scratch.outputPath, attack);
      appendFileSync(first.scratch.logPath, attack);
      writeFileSync(first.scratch.patchPath, `+${attack}\n`);
      await member.settle(first, succeeded(first, member, { model: attack, runner: attack }), noRetries);
      const bad = await add({ type: 'command', command: ['sh', attack] });
      const second = await claim();
      const failed = failedWith('exit_nonzero', second, member);
      const error = { code: 'exit_nonzero', message: attack, hint: attack };
      await member.settle(second, { ...failed, error }, noRetries);
      await add({});
      await member.leave();
      ids = { good, bad };
    });
    after(() => test?.remove());

    const commands = (): string[][] => [
      ['result', ids.good],
      ['result', ids.bad],
      ['result', ids.good, ids.bad, '--format', 'md'],
      ['result', ids.good, '--format', 'json'],
      ['logs', ids.good],
      ['logs', ids.good, '--json'],
      ['diff', ids.good],
      ['diff', ids.good, '--json'],
      ['wait', ids.good, ids.bad],
      ['list'],
      ['list', '--json'],
      ['status'],
      ['status', '--json'],
      ['status', ids.good],
      ['status', ids.bad],
      ['status', ids.bad, '--watch'],
      ['cancel', attack],
      ['delegate', '--file', attack, 'x'],
      ['delegate', '--label', attack, 'x'],
      ['config', attack],
      [attack],
      ['status', `--${attack}`],
    ];

    const shown = async (args: readonly string[], program?: string): Promise<string> => {
      const { stdout } = await koubou(args, { home: test.home, under: pty, program });
      assert.notEqual(stdout, '');
      return stdout;
    };

    it('gets nothing that it would obey from any command', async () => {
      const through: string[] = [];
      for (const args of commands()) {
        const what = obeyed(await shown(args));
        if (what !== undefined) through.push(`${args[0]}: ${JSON.stringify(what)}`);
      }
      assert.deepEqual(through, []);
    });

    it('gets it where the door is planted open, so that this test would see it', async () => {
      const program = await buildMutant({
        file: 'text/harmless.ts',
        from: '!PLAIN.test(text) && patterns().obeyed.test(text)',
        to: 'text.length < 0',
      });
      for (const args of [
        ['result', ids.good],
        ['logs', ids.good],
        ['diff', ids.good],
        ['wait', ids.bad],
      ]) {
        assert.notEqual(obeyed(await shown(args, program)), undefined, args[0]);
      }
    });

    it('gets no colour and no movement of a stranger either, though koubou draws such itself', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'koubou-drawn-'));
      try {
        const home = join(folder, '.koubou');
        mkdirSync(join(home, 'tasks', 'pending'), { recursive: true });
        mkdirSync(join(home, 'run'));
        const text = '\u{1b}[6F\u{1b}[J\u{1b}[32mPWN';
        const member = { label: 'x', slots: 1, version: '1', runner: text, model: 'm', temporary: false };
        const process = { bootId: 'o', pid: 1, startTime: '2', pidNamespace: 'x', hostId: 'h' };
        writeFileSync(
          join(home, 'run', 'worker-abcdef12-1-2-ab.json'),
          JSON.stringify({ ...member, ...process, started_at: '2026-11-28T00:00:00Z' }),
        );
        const status = async (program?: string) =>
          (await koubou(['status'], { home, under: pty, program, environment: { TERM: 'xterm' } })).stdout;
        const naive = {
          file: 'cli/render/board.ts',
          from: 'const model = oneLine(',
          to: 'const model = String(',
        };
        for (const program of [undefined, await buildMutant(naive)]) {
          const seen = await status(program);
          assert.match(seen, /PWN/);
          assert.ok(!seen.includes('\u{1b}[6F') && !seen.includes('\u{1b}[32m'), JSON.stringify(seen));
          assert.ok(seen.includes('\u{1b}[1m'), 'koubou draws');
        }
        const open = { file: 'cli/output.ts', from: 'isTerminal ? harmless(shown) : shown', to: 'shown' };
        assert.ok((await status(await buildMutant(naive, open))).includes('\u{1b}[6F'));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it('is not what a pipe is: that gets the bytes', async () => {
      const { stdout } = await koubou(['result', ids.good], { home: test.home });
      assert.equal(stdout, attack);
      assert.equal((await koubou(['diff', ids.good], { home: test.home })).stdout, `+${attack}\n`);
    });
  });
});
