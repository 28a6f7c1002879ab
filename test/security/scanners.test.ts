/**
 * Words of models, servers and agents, made to take as long as they can. What is compared is a short text with one that
 * has sixteen times as much of the same: what goes back and forth takes 256 times as long for it.
 */
import assert from 'node:assert/strict';
import { holdsCode } from '../../src/judge/code-evidence.ts';
import { errorWords } from '../../src/judge/error-body.ts';
import { linear } from '../../src/judge/patterns.ts';
import { isToolCallText } from '../../src/judge/tool-call-text.ts';
import { KeyCutter, withoutKeys } from '../../src/privacy/keys.ts';
import { asksForPerson, isQuestion } from '../../src/runner/agent/output.ts';
import { readCodexEvent } from '../../src/runner/codex/events.ts';
import { retryAfterSeconds, serverSaid } from '../../src/runner/connection/http-failure.ts';
import { MarkupSplitter } from '../../src/runner/markup/model-markup.ts';
import { parseModest } from '../../src/text/formats/json.ts';

/** Letters of the short text. */
const SHORT = 4000;
const TIMES = 16;
/** Between 16 and 256, with room for a machine that does something else meanwhile. */
const MOST = 80;
/** What is over sooner is nothing to compare: what goes back and forth takes a second, and a collection of garbage some ms. */
const LEAST_MS = 10;

/** Milliseconds of this process and no other, of the quickest of some tries. */
const quickest = (act: () => unknown): number => {
  let best = Number.POSITIVE_INFINITY;
  for (let count = 0; count < 3; count += 1) {
    const start = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
    if (best < LEAST_MS) break;
  }
  return best;
};

const growth = (scan: (text: string) => unknown, unit: string, head = '', short = SHORT): number => {
  const of = (letters: number): string => head + unit.repeat(Math.ceil(letters / unit.length));
  const [small, large] = [of(short), of(short * TIMES)];
  scan(small);
  const took = quickest(() => scan(large));
  return took < LEAST_MS
    ? 1
    : took /
        Math.max(
          quickest(() => scan(small)),
          LEAST_MS / TIMES,
        );
};

const UNITS = [
  '<',
  '< ',
  '<a',
  '<|',
  '<|channel|>',
  '<think>',
  '</think>',
  '<think></think>',
  '<tool_call>',
  '<|tool_call|>',
  '<function=a',
  '<|channel|>commentary to=a',
  '[TOOL_CALLS]',
  '`',
  '```',
  '```a\n',
  '```\n',
  '~~~\n```\n',
  '````\n```\n',
  '``` \n',
  '\n',
  ' ',
  '\t\n',
  '\u00a0',
  '--- a\n+++ b\n',
  '--- a\n+++ b\n@@ ',
  '*** Begin Patch ',
  '*** Begin Patch\n ',
  '{',
  '[',
  '[{',
  '{"a":',
  '"\\',
  'model ',
  'model not ',
  'exceeds context',
  'press enter ',
  'not a ',
  "sh -c '",
  'a=',
  '(x+x+)+',
  'sk-key-of-min',
  'c2sta2V5LW9m',
];

const KEY = 'sk-key-of-mine-4711';

const scanners: Record<string, (text: string) => unknown> = {
  'code in an answer': holdsCode,
  'a printed tool call': isToolCallText,
  'the body of an error': errorWords,
  'an error in a stream': (text) => serverSaid({ kind: 'openai', url: 'http://x', model: 'm' }, text),
  'a Retry-After': (text) => retryAfterSeconds(text, 0),
  'markup in one piece': (text) => {
    const splitter = new MarkupSplitter('');
    return [splitter.push(text), splitter.end()];
  },
  'an event of an agent': (text) => parseModest(text),
  'a command of Codex': (text) =>
    readCodexEvent(
      JSON.stringify({ type: 'item.completed', item: { type: 'command_execution', command: text } }),
    ),
  'a question of an agent': (text) => [asksForPerson(text), isQuestion(text.slice(-4096))],
  'a key in a text': (text) => withoutKeys(text, [KEY, 'short']),
  'a key in a stream': (text) => {
    const cutter = new KeyCutter([KEY]);
    for (let at = 0; at < text.length; at += 64) cutter.push(text.slice(at, at + 64));
    return cutter.end();
  },
  'a pattern of a schema': (text) => linear('^(?:(?:x+x+)+y|(?:a|a)*b|(?:\\s*\\S*)*!)$')?.test(text),
};

describe('a scanner of words of others', () => {
  for (const [name, scan] of Object.entries(scanners)) {
    it(`takes time as the text grows: ${name}`, function () {
      this.timeout(120_000);
      for (const unit of UNITS) {
        for (const head of ['', '```', '```a\n', '<think>', '"', 'x '.repeat(3)]) {
          const times = growth(scan, unit, head);
          assert.ok(times < MOST, `${JSON.stringify(head + unit)}…: ${Math.round(times)} times`);
        }
      }
    });
  }

  /** What stood in koubou before, and what anybody might write again. */
  const planted: Record<string, [scan: (text: string) => unknown, unit: string, head: string]> = {
    'tags of an error body': [(text) => text.replaceAll(/<[^>]*>/g, ' '), '<', ''],
    'fenced blocks': [
      (text) => [...text.matchAll(/^(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^\1\s*$/gm)],
      '```a\n',
      '',
    ],
    'the fence around a whole answer': [(text) => /^```[\w-]*\s*\n([\s\S]*?)\n?```$/.exec(text), '\n', '```'],
    'white space at an end': [(text) => text.replace(/\s+$/, ''), ' ', 'x'],
  };
  for (const [name, [scan, unit, head]] of Object.entries(planted)) {
    it(`would be told of: ${name}`, function () {
      this.timeout(120_000);
      // The last of them has to go back from an end that is none.
      const asked = name.startsWith('white') ? (text: string) => scan(`${text}x`) : scan;
      const times = growth(asked, unit, head, 2000);
      assert.ok(times > MOST, `${Math.round(times)} times`);
    });
  }
});
