/** YAML and JSON that somebody else wrote: read on the thread that has to hear signals, so in a time that is bound. */
import assert from 'node:assert/strict';
import { parseDocument } from 'yaml';
import { MOST_LETTERS, readYaml } from '../../src/text/formats/yaml.ts';
import { Project } from '../support/koubou/project.ts';

const keys = (count: number): string => Array.from({ length: count }, (_, n) => `k${n}:\n`).join('');

/** How often `work` compares one member of a list with something: `yaml` looks for a key among all before it by `some`. */
const comparisons = (work: () => void): number => {
  const { some } = Array.prototype;
  let count = 0;
  Array.prototype.some = function (
    this: unknown[],
    test: (value: unknown, at: number, list: unknown[]) => unknown,
  ) {
    return some.call(this, (value, at, list) => {
      count += 1;
      return test(value, at, list);
    });
  };
  try {
    work();
  } finally {
    Array.prototype.some = some;
  }
  return count;
};

describe('YAML of a stranger', function () {
  this.timeout(120_000);

  it('is read in a time that grows with its keys, not with their square', () => {
    const text = keys(9000);
    assert.ok(text.length <= MOST_LETTERS);
    const ours = comparisons(() => assert.deepEqual(readYaml(text).errors, []));
    assert.ok(ours < 4 * 9000, String(ours));
    const planted = comparisons(() => assert.deepEqual(parseDocument(text).errors, []));
    assert.ok(planted > 9000 ** 2 / 3, `as yaml itself does it: ${planted}`);
  });

  it('has each key once, at any depth', () => {
    for (const text of ['a: 1\nb: 2\na: 3', 'x: { y: [{ a: 1, a: 2 }] }', 'x:\n  "a": 1\n  a: 2']) {
      assert.match(readYaml(text).errors[0]?.message ?? '', /unique/, text);
      assert.equal(parseDocument(text).errors.length, 1, 'as yaml itself says');
    }
    assert.deepEqual(readYaml('a: { b: 1 }\nc: { b: 1 }\n1: x\n"1": y').errors, []);
  });

  it('that is nested without end is no YAML, and ends nothing', () => {
    for (const text of ['['.repeat(30_000), '['.repeat(30_000) + ']'.repeat(30_000)])
      assert.notEqual(readYaml(text).errors.length, 0);
  });

  it('and JSON of his, dropped as a task, are set aside where they are too large', async () => {
    const project = await Project.make();
    try {
      project.write(
        '.koubou/tasks/pending/a.yaml',
        `prompt: x\nlabels:\n${keys(9000).replaceAll(/^/gm, ' ')}`,
      );
      project.write('.koubou/tasks/pending/b.yaml', `prompt: "${'x'.repeat(MOST_LETTERS)}"`);
      const labels = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`l${n}`, 'x']));
      project.write('.koubou/tasks/pending/c.json', JSON.stringify({ prompt: 'x', labels }));
      project.write('.koubou/tasks/pending/d.md', `${'long '.repeat(MOST_LETTERS)}\n`);
      await project.run('work', '--drain');
      const { quarantined } = JSON.parse(
        (await project.run('list', '--status', 'quarantined', '--json')).stdout,
      );
      const reasons = (quarantined as { reason: string }[]).map(({ reason }) => reason).join('\n');
      assert.match(reasons, /YAML has more than 65536 letters; a long prompt is the text of a \.md file/);
      assert.match(reasons, /more than 10000 fields and members/);
      assert.equal(quarantined.length, 3, reasons);
      assert.match((await project.only()).prompt, /^long long/);
    } finally {
      await project.remove();
    }
  });
});
