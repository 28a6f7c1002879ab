import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedAgents } from '../../src/config/agent-definitions.ts';
import { checkConfig } from '../../src/config/check.ts';
import { fillTemplate } from '../../src/config/edit-yaml.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { templatesFolder } from '../../src/config/paths.ts';
import { readAgentYaml } from '../../src/config/read-yaml.ts';
import { choose } from '../../src/init/choose.ts';
import { toText } from '../../src/say/say.ts';

const endpoints = { here: { kind: 'ollama', url: 'http://127.0.0.1:1' } };
const check = (entry: object) =>
  checkConfig({ endpoints, runners: { mine: { kind: 'agent', bin: 'mine', ...entry } } });

describe('an entry of kind agent', () => {
  it('needs no more than a program', () => {
    const checked = check({});
    assert.ok(checked.ok);
    assert.deepEqual(checked.config.runners['mine'], {
      kind: 'agent',
      bin: 'mine',
      args: [],
      stdin: 'prompt',
      env: {},
      output: { stdout: true },
      success: {},
      stop_signal: 'SIGTERM',
    });
  });

  const refused: [what: string, entry: object, key: string, words: RegExp][] = [
    ['an unknown key', { outptu: {} }, 'outptu', /Did you mean ".*output"/],
    [
      'an unknown key deep inside',
      { output: { jsonl: { event: {}, pth: 'x' } } },
      'output.jsonl.pth',
      /Did you mean ".*path"/,
    ],
    [
      'an unknown placeholder',
      { args: ['{prompt_fil}'] },
      'args',
      /\{prompt_fil\}.*Did you mean \{prompt_file\}/,
    ],
    ['one that is like no other', { args: ['{zzzzzz}'] }, 'args', /Known: \{prompt_file\}/],
    ['one in a group', { env: { A: { b: ['{stat}'] } } }, 'env.A', /Did you mean \{state\}/],
    ['an address without an endpoint', { env: { A: '{base_url}' } }, 'env.A', /has no endpoint/],
    ['a model that is not named', { args: ['{model}'] }, 'args', /has no model/],
    [
      'a key that everybody could read',
      { endpoint: 'here', args: ['{api_key}'] },
      'args',
      /everybody could read/,
    ],
    ['no way for the prompt', { stdin: 'none' }, 'stdin', /\{prompt_file\}/],
    ['a file that it is not told of', { output: { file: true } }, 'output', /\{output_file\}/],
    ['a file that nobody reads', { args: ['{output_file}'] }, 'output', /\{output_file\}/],
    ['two ways to answer', { output: { stdout: true, json: 'x' } }, 'output', /one way/],
    ['no way to answer', { output: {} }, 'output', /one way/],
    ['an end without events', { ends_with: { type: 'x' } }, 'ends_with', /jsonl/],
    ['a failure without events', { failure: { event: {}, path: 'x' } }, 'failure', /jsonl/],
    ['success without a document', { success: { ok: true } }, 'success', /json or jsonl/],
    [
      'success without the event of the end',
      { output: { jsonl: { event: {}, path: 'x' } }, success: { ok: true } },
      'success',
      /ends_with/,
    ],
    [
      'an unknown code',
      { output: { json: 'x' }, success: { ok: { is: true, code: 'bad' } } },
      'success.ok',
      /needs_input/,
    ],
    ['usage without numbers', { usage: { input: 'a', output: 'b' } }, 'usage', /json or jsonl/],
    [
      'usage of an event in a document',
      { output: { json: 'x' }, usage: { event: {}, input: 'a', output: 'b' } },
      'usage',
      /none with json/,
    ],
    ['an endpoint that does not exist', { endpoint: 'her' }, 'endpoint', /Did you mean "here"/],
    ['a signal that cannot be minded', { stop_signal: 'SIGKILL' }, 'stop_signal', /one of SIGTERM/],
  ];
  for (const [what, entry, key, words] of refused) {
    it(`is refused with ${what}`, () => {
      const checked = check(entry);
      assert.ok(!checked.ok, 'it was taken');
      assert.equal(checked.problem.path.join('.'), `runners.mine.${key}`);
      assert.match(checked.problem.message, words);
    });
  }

  it('cannot do programs', () => {
    const runners = { mine: { kind: 'agent', bin: 'mine' } };
    assert.ok(!checkConfig({ endpoints, runners, routing: { default: { command: 'mine' } } }).ok);
    assert.ok(checkConfig({ endpoints, runners, routing: { default: { code: 'mine' } } }).ok);
  });

  const template = (): string => readFileSync(join(templatesFolder(), 'agent.yaml'), 'utf8');
  const written = (programs: readonly string[], server: 'ollama' | 'openai' | 'none') => {
    const models = [{ name: 'small:7b', completes: true, cloud: false }];
    const detected = {
      ollama: server === 'ollama' ? { url: 'http://127.0.0.1:11434', version: '0.33.0', models } : undefined,
      openai:
        server === 'openai'
          ? { url: 'http://127.0.0.1:1234/v1', models: ['other'], wantsKey: false }
          : undefined,
    };
    const { filling, said } = choose(
      detected,
      readEnvironment({}, () => ''),
      {},
      programs,
      shippedAgents.names(),
    );
    const text = fillTemplate(template(), filling);
    return { runners: readAgentYaml(text, 'agent.yaml').config.runners, said, text };
  };

  it('is written in a line where its program is there, and as a comment where it is not', () => {
    const { runners, said, text } = written(['opencode'], 'ollama');
    assert.ok(!('claude' in runners) && !('aider' in runners));
    assert.ok(runners['opencode']?.kind === 'agent');
    assert.deepEqual([runners['opencode'].endpoint, runners['opencode'].model], ['ollama', 'small:7b']);
    assert.ok(said.some((sentence) => toText(sentence).includes('--runner opencode')));
    const lines = text.split('\n').filter((line) => line.endsWith('}') && line.includes(', use: '));
    assert.deepEqual(
      lines.map((line) => line.trim().replace(/ \{.*/, '')),
      shippedAgents.names().map((name) => (name === 'opencode' ? 'opencode:' : `# ${name}:`)),
    );
  });

  it('is shipped with the server that there is', () => {
    const { runners } = written(['claude', 'opencode', 'aider'], 'openai');
    for (const name of ['claude', 'opencode', 'aider']) {
      const runner = runners[name];
      assert.ok(runner?.kind === 'agent');
      assert.deepEqual([runner.endpoint, runner.model], ['lmstudio', 'other']);
    }
    assert.ok(!('claude' in written(['claude'], 'none').runners));
  });
});
