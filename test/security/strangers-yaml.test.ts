/** YAML and JSON that somebody else wrote: read on the thread that has to hear signals, so in a time that is bound. */
import assert from 'node:assert/strict';
import { parseDocument } from 'yaml';
import { MOST_LETTERS, readYaml } from '../../src/text/yaml.ts';
import { Project } from '../helpers/project.ts';

const keys = (count: number): string => Array.from({ length: count }, (_, n) => `k${n}:\n`).join('');

const cpu = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

describe('YAML of a stranger', function () {
  this.timeout(120_000);

  it('is read in a time that grows with its keys, not with their square', () => {
    const text = keys(9000);
    assert.ok(text.length <= MOST_LETTERS);
    readYaml(keys(100));
    const ours = cpu(() => assert.deepEqual(readYaml(text).errors, []));
    const planted = cpu(() => assert.deepEqual(parseDocument(text).errors, []));
    assert.ok(ours * 2 < planted, `${ours} and ${planted} µs`);
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
