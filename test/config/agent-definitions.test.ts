import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedAgents } from '../../src/config/agent-definitions.ts';
import { cacheKey } from '../../src/config/cache.ts';
import { checkConfig } from '../../src/config/check.ts';
import { agentsFolder } from '../../src/config/paths.ts';
import { readAgentYaml } from '../../src/config/read-yaml.ts';

const repository = join(import.meta.dirname, '../..');
const endpoints = {
  ollama: { kind: 'ollama', url: 'http://127.0.0.1:1' },
  other: { kind: 'openai', url: 'http://127.0.0.1:2/v1' },
};
const check = (entry: object, agents = shippedAgents) =>
  checkConfig({ endpoints, runners: { mine: entry } }, agents);
const entryOf = (entry: object, agents = shippedAgents) => {
  const checked = check(entry, agents);
  assert.ok(checked.ok, JSON.stringify(checked));
  const runner = checked.config.runners['mine'];
  assert.ok(runner?.kind === 'agent');
  return { runner, stated: checked.stated };
};
const refused = (entry: object) => {
  const checked = check(entry);
  assert.ok(!checked.ok, 'it was taken');
  return checked.problem;
};

describe('a description of an agent CLI that is shipped', () => {
  const page = readFileSync(join(repository, 'docs/agents.md'), 'utf8');
  const known = page.slice(page.indexOf('## What is known of those that are shipped'));

  it('is each file of its folder', () => {
    const files = readdirSync(agentsFolder()).sort();
    assert.deepEqual(
      shippedAgents.names().map((name) => `${name}.yaml`),
      files,
    );
    assert.ok(files.length >= 3);
  });

  for (const name of shippedAgents.names()) {
    it(`is an entry as it could stand in agent.yaml: ${name}`, () => {
      const { runner } = entryOf(shippedAgents.read(name));
      assert.equal(runner.use, undefined);
      // One that is named by its place would be kept from changes in every sandbox, on machines that lack it too.
      assert.match(runner.bin, /^[\w.-]+$/);
      assert.notEqual(runner.endpoint, undefined);
      assert.notEqual(runner.model, undefined);
    });

    it(`is told of in docs/agents.md: ${name}`, () => {
      assert.match(known, new RegExp(`^\\*\\*${name}\\*\\*`, 'm'));
    });
  }
});

describe('an entry that uses a description', () => {
  const agents = {
    names: () => ['one', 'two'],
    read: () => ({
      kind: 'agent',
      endpoint: 'ollama',
      model: 'm',
      bin: 'one',
      args: ['--a', '--b'],
      env: { A: '1', B: '{base_url}' },
      output: { json: 'text' },
      success: { ok: true },
    }),
  };

  it('has all of it where it says no more', () => {
    const { runner, stated } = entryOf({ kind: 'agent', use: 'one' }, agents);
    assert.deepEqual(
      [runner.use, runner.bin, runner.args, runner.env, runner.model],
      ['one', 'one', ['--a', '--b'], { A: '1', B: '{base_url}' }, 'm'],
    );
    assert.deepEqual(
      stated.filter((key) => key.startsWith('runners')),
      ['runners.mine.kind', 'runners.mine.use'],
    );
  });

  it('need not say that it is an agent', () =>
    assert.equal(entryOf({ use: 'two' }, agents).runner.use, 'two'));

  it('puts its own keys in place of those, and its variables among those', () => {
    const own = { args: ['--c'], env: { B: '2', C: '3' }, endpoint: 'other', output: { stdout: true } };
    const checked = check({ use: 'one', ...own }, agents);
    assert.ok(!checked.ok, 'success was left, which plain text cannot show');
    assert.deepEqual(checked.problem.path, ['runners', 'mine', 'success']);
    const { runner } = entryOf({ use: 'one', ...own, output: { json: 'answer' } }, agents);
    assert.deepEqual(
      [runner.args, runner.env, runner.endpoint, runner.output],
      [['--c'], { A: '1', B: '2', C: '3' }, 'other', { json: 'answer' }],
    );
  });

  it('is refused with a name that there is not, and told those that there are', () => {
    const { path, message } = refused({ kind: 'agent', use: 'claud' });
    assert.deepEqual(path, ['runners', 'mine', 'use']);
    assert.equal(
      message,
      `names "claud", which is no agent that koubou describes. Did you mean "claude"? There is ${shippedAgents.names().join(', ')}.`,
    );
    const other = refused({ use: '../agent' });
    assert.match(
      other.message,
      /names "\.\.\/agent", which is no agent.*There is aider, claude, opencode\.$/,
    );
    assert.match(refused({ use: 3 }).message, /must name an agent.*There is aider/);
  });

  it('is told where it stands in the file', () => {
    const text = 'runners:\n  claude:\n    kind: agent\n    use: nobody\n';
    assert.throws(() => readAgentYaml(text, 'agent.yaml'), {
      code: 'usage',
      message: /^agent\.yaml, line 4, column 5: runners\.claude\.use names "nobody"/,
    });
  });

  it('is of kind agent: others have no descriptions', () => {
    const { path, message } = refused({ kind: 'ollama', endpoint: 'ollama', model: 'm', use: 'claude' });
    assert.deepEqual(path, ['runners', 'mine', 'use']);
    assert.match(message, /is no key of koubou/);
  });

  it('is read anew where a description was changed since', () => {
    assert.match(cacheKey('runners: { a: { use: claude } }'), /^claude\.yaml \d+ \d+ /m);
    assert.doesNotMatch(cacheKey('runners: {}'), /claude\.yaml/);
  });
});
