import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** They have the clock of the app, of the daemon or of the queue's machine. */
const WITH_CLOCK = /^src\/(actions|app|commands|queue|worker)\//;
const REAL_TIME =
  /\b(?:performance\.now|Date\.now|process\.hrtime\.bigint)\b|\bnew Date\(\)|\bset(?:Timeout|Interval)\b|\btimers\/promises\b/;

/** How long something took, and a sleep of some length: a busy machine changes the one, and needs more than the other. */
const ELAPSED = /\bperformance\.now\b|\bprocess\.hrtime\b|\bDate\.now\(\) - |[\w)] - Date\.now\(\)/;
const SLEEP = /\bsetTimeout\b|\bAtomics\.wait\b|\bsleep [\d.]+; (?:wc|test|cat)\b/;

/** Time itself is what these are about, or nothing that a test asserts depends on how much of it goes by. */
const MAY: Record<string, string> = {
  'test/support/until.ts': 'looks again and again, and gives up when there is no hope',
  'test/daemon/death.test.ts': 'kills at random moments; what it asserts holds for each of them',
  'test/security/homes.test.ts': 'kills an init at chosen moments; what it asserts holds for each of them',
  'test/security/sandbox.test.ts': 'that nothing goes on has no condition to wait for',
  'test/process/lock-user.ts': 'fights for a lock, again after a random moment',
  'test/process/process-table.test.ts': 'has a kernel that is a moment late',
  'test/queue/claimer.ts': 'looks again and again, so that all begin at once',
  'test/queue/clocks.test.ts': 'compares due times with the wall clock, some hours or years apart',
  'test/real/inference.ts': 'tells how long it took, as the server does that it stands for',
};

interface Rule {
  read: RegExp;
  of: (name: string) => boolean;
}
const SRC: Rule = { read: REAL_TIME, of: (name) => WITH_CLOCK.test(name) };
/** Of reliability/, time is the subject; it has a simulated machine of its own. */
const TESTS: Rule = {
  read: new RegExp(`${ELAPSED.source}|${SLEEP.source}`),
  of: (name) => name.startsWith('test/') && !/node_modules|architecture\/time\.test/.test(name),
};

const withoutComments = (text: string): string => text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');

const breaking = ({ read, of }: Rule, sources: ReadonlyMap<string, string>): string[] =>
  [...sources].flatMap(([name, text]) => (of(name) && read.test(withoutComments(text)) ? [name] : [])).sort();

const sourcesIn = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
      .map((name) => [`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')]),
  );

describe('real time', () => {
  it('is read by nothing that has a clock', () => {
    const sources = sourcesIn('src');
    assert.ok([...sources.keys()].filter(SRC.of).length > 150);
    assert.deepEqual(breaking(SRC, sources), []);
  });

  it('decides no test, but for those that are about it', () => {
    const sources = sourcesIn('test');
    assert.ok([...sources.keys()].filter(TESTS.of).length > 250);
    assert.deepEqual(breaking(TESTS, sources), Object.keys(MAY).sort());
  });

  const planted: [what: string, rule: Rule, file: string, text: string][] = [
    ['a limit by the system', SRC, 'src/worker/pool/x.ts', 'const end = performance.now() + 100;'],
    ['a due time by the system', SRC, 'src/queue/files/x.ts', 'if (dueMs <= Date.now()) return;'],
    ['a timer', SRC, 'src/actions/x.ts', 'await new Promise((resolve) => setTimeout(resolve, 50));'],
    ['a date', SRC, 'src/commands/x.ts', 'const at = new Date();'],
    ['a sleep', SRC, 'src/app/x.ts', "import { setTimeout as delay } from 'node:timers/promises';"],
    ['a test that measures', TESTS, 'test/x.test.ts', 'assert.ok(performance.now() - began < 900);'],
    ['one that does so by the wall', TESTS, 'test/cli/x.test.ts', 'assert.ok(Date.now() - start < 9000);'],
    ['one that counts down', TESTS, 'test/cli/x.test.ts', 'assert.ok(dueMs - Date.now() < 9000);'],
    ['one that sleeps', TESTS, 'test/x.ts', 'await new Promise((done) => setTimeout(done, 300));'],
    ['one that has a shell sleep first', TESTS, 'test/x.ts', "await run('sleep 0.3; wc -c < beat');"],
  ];
  for (const [what, rule, file, text] of planted) {
    it(`would be told of: ${what}`, () => {
      assert.deepEqual(breaking(rule, new Map([[file, text]])), [file]);
    });
  }

  it('may be that of the kernel, of a due time and of a comment', () => {
    const sources = new Map([
      ['src/process/programs/x.ts', 'const end = performance.now() + graceMs;'],
      ['src/worker/x.ts', '// by Date.now() it would be wrong'],
      ['test/x.test.ts', 'const not_before = new Date(Date.now() + 1500).toISOString();'],
      ['reliability/x.ts', 'const began = performance.now();'],
    ]);
    for (const rule of [SRC, TESTS]) assert.deepEqual(breaking(rule, sources), []);
  });
});
