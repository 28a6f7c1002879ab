import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteDocument } from '../../src/actions/documents/home.ts';
import { builtKoubou } from '../support/koubou/built.ts';
import { Daemons } from '../support/koubou/daemon.ts';

const CONFIG = `
runners:
  small: { kind: agent, bin: cat, model: s, output: { stdout: true }, confine: off }
  big: { kind: agent, bin: cat, model: b, output: { stdout: true }, confine: off }
routing:
  default: { general: small, code: small }
  escalate: [small, big, hand_back]
  rules:
    - { if: { label: { keep: here } }, then: { timeout: 2m }, continue: true }
    - { if: { type: code }, then: { runner: big, retries: 0 } }
    - { if: { tokens_over: 100 }, then: { runner: big, model: wide } }
    - { if: { priority: 8..10 }, then: { timeout: 1m, retries: 0 } }
workers: { max: 4 }
`;

const SHAPES: readonly (readonly string[])[] = [
  [],
  ['--type', 'code'],
  ['--file', 'large.txt'],
  ['--label', 'keep=here'],
  ['--priority', '9'],
  ['--runner', 'big'],
  ['--model', 'own'],
  ['--type', 'code', '--runner', 'small'],
  ['--label', 'keep=here', '--file', 'large.txt', '--priority', '8'],
  ['--priority', '7', '--file', 'small.txt'],
];
const TABLE = ['Say hello', '挨拶してください', 'long '.repeat(100)].flatMap((prompt) =>
  SHAPES.map((flags) => [prompt, ...flags]),
);

describe('koubou route', () => {
  let daemons: Daemons;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
    daemons = await Daemons.make(CONFIG);
    for (const [name, size] of Object.entries({ 'large.txt': 4000, 'small.txt': 10 })) {
      writeFileSync(join(daemons.home.home, name), 'x'.repeat(size));
    }
  });

  after(() => daemons.remove());

  it(`agrees with the record of ${TABLE.length} tasks`, async function () {
    this.timeout(120_000);
    const cwd = daemons.home.home;
    const ask = async (command: string, words: readonly string[]) =>
      JSON.parse((await daemons.koubou([command, '--json', ...words], { cwd })).stdout);
    const said: { words: readonly string[]; route: RouteDocument['route']; id: string }[] = [];
    for (const words of TABLE) {
      const { route } = await ask('route', words);
      const before = (await daemons.queue.counts()).pending;
      assert.equal(before, said.length, 'route adds nothing');
      const added = await ask('delegate', [...words, '--retries', '0']);
      said.push({ words, route, id: added.task_id });
    }
    await daemons.koubou(['work', '--drain'], { cwd });
    for (const { words, route, id } of said) {
      const [attempt] = (await daemons.record(id)).attempts;
      const seen = [attempt?.runner, attempt?.model, attempt?.endpoint, attempt?.route];
      assert.deepEqual(seen, [route.runner, route.model, route.endpoint, route.why], words.join(' '));
    }
  });

  it('says who would go on, and what is handed back is the result of a task that failed', async () => {
    const cwd = daemons.home.home;
    const said = await daemons.koubou(['route', 'Say hello'], { cwd });
    assert.match(said.stdout, /then +big, then handed back to you, where the work is found wanting/);
    await daemons.koubou(['delegate', '--check', 'echo nonsense; exit 3', 'Say hello'], { cwd });
    await daemons.koubou(['work', '--drain'], { cwd });
    const { stdout, stderr, code } = await daemons.koubou(['result'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /^# Handed back: [^]*Say hello[^]*## Try 2: big, b[^]*nonsense/);
    assert.match(stderr, /failed: 2 tries by small, big came to nothing; the last: check_failed/);
  });
});
