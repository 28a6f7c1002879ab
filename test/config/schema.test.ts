import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '../../src/config/check.ts';
import { leavesOf, setAt } from '../../src/config/keys.ts';
import { templatesFolder } from '../../src/config/paths.ts';
import { readAgentYaml } from '../../src/config/read-yaml.ts';
import { KoubouError } from '../../src/errors.ts';
import { formatDuration, isDurationKey, parseDuration } from '../../src/text/duration.ts';

const refusal = (text: string): KoubouError => {
  try {
    readAgentYaml(text, 'agent.yaml');
  } catch (error) {
    assert.ok(error instanceof KoubouError);
    assert.equal(error.code, 'usage');
    return error;
  }
  return assert.fail(`accepted: ${text}`);
};

const defaults = () => readAgentYaml('', 'agent.yaml').config;

describe('agent.yaml', () => {
  it('has a default for every key that is left out', () => {
    assert.deepEqual(defaults(), {
      version: 1,
      endpoints: {},
      runners: { command: { kind: 'command' } },
      routing: { rules: [], default: { command: 'command' }, escalate: [] },
      workers: { min: 1, max: 5, idle_timeout: 30, scale_up_at: 2 },
      defaults: {
        priority: 5,
        retries: { general: 2, code: 2, command: 0 },
        timeout: { general: 600, code: 1800, command: 0 },
        stall_timeout: 300,
        load_timeout: 600,
        agent_wait_timeout: 110,
        unavailable_budget: 3600,
        heartbeat_interval: 5,
        template: 'auto',
      },
      security: {
        env_pass: [],
        allow_full_access: false,
        agent_sandbox: 'auto',
        sensitive_patterns: ['password', 'secret', 'api_key', 'token', 'private_key'],
        local_networks: [],
      },
      callers: { agent: { may: [], commands: [] } },
      worktrees: { link: [] },
      file_system: { allow_network: false },
    });
  });

  describe('says of security.local_networks what is wrong, and where:', () => {
    const malformed: [written: string, column: number, message: string][] = [
      ['[lan]', 30, '.0 must be a network such as 192.168.1.0/24 or fd00::/8'],
      ['[localhost]', 30, '.0 must be a network such as 192.168.1.0/24 or fd00::/8'],
      ['["10.0.0.0/8", "10.0.0.0/33"]', 44, '.1 must be a network such as 192.168.1.0/24 or fd00::/8'],
      ['["::/129"]', 30, '.0 must be a network such as 192.168.1.0/24 or fd00::/8'],
      ['["fe80::1%eth0"]', 30, '.0 must be a network such as 192.168.1.0/24 or fd00::/8'],
      ['[10]', 30, '.0 must be text'],
      ['10.0.0.0/8', 13, ' must be a list'],
    ];
    for (const [written, column, message] of malformed) {
      it(written, () => {
        const { message: said } = refusal(`security: { local_networks: ${written} }`);
        assert.equal(said, `agent.yaml, line 1, column ${column}: security.local_networks${message}`);
      });
    }
  });

  it('fills in what an endpoint and a runner do not say', () => {
    const { config } = readAgentYaml(
      'endpoints: { a: { kind: ollama, url: http://h:1/ } }\nrunners: { r: { kind: ollama, endpoint: a, model: m } }',
      'agent.yaml',
    );
    assert.deepEqual(config.endpoints['a'], { kind: 'ollama', url: 'http://h:1', max_concurrent: 1 });
    assert.deepEqual(config.runners['r'], {
      kind: 'ollama',
      endpoint: 'a',
      model: 'm',
      num_ctx_max: 32_768,
      keep_alive: '5m',
      pull: false,
    });
  });

  it('is in the template exactly as the defaults are, and names every key', () => {
    const template = readAgentYaml(readFileSync(join(templatesFolder(), 'agent.yaml'), 'utf8'), 'template');
    const { endpoints, runners, routing, ...rest } = template.config;
    const { endpoints: _, runners: __, routing: ___, ...standard } = defaults();
    assert.deepEqual(rest, standard);
    const missing = [...leavesOf(standard).keys()].filter((key) => !template.stated.includes(key));
    assert.deepEqual(missing, []);
    assert.deepEqual(Object.keys({ ...endpoints, ...runners }), [
      'ollama',
      'lmstudio',
      'openai',
      'codex',
      'command',
    ]);
    assert.deepEqual(routing.default, { general: 'ollama', code: 'ollama', command: 'command' });
  });

  it('takes a group whose lines are all commented out as left out', () => {
    assert.deepEqual(readAgentYaml('runners:\n#  a: 1\nworkers:\n  max:\n', 'f').config, defaults());
  });

  it('reads times as seconds, for exactly the keys that are times', () => {
    for (const key of leavesOf(defaults()).keys()) {
      const content = {};
      setAt(content, key.split('.'), '2m');
      const checked = checkConfig(content);
      const isTime = checked.ok && leavesOf(checked.config).get(key) === 120;
      assert.equal(isTime, isDurationKey(key), key);
    }
  });

  it('sends Ollama a keep_alive with a unit', () => {
    const read = (keepAlive: string) => {
      const runner = `{ kind: ollama, endpoint: a, model: m, keep_alive: ${keepAlive} }`;
      const text = `endpoints: { a: { kind: ollama, url: http://h } }\nrunners: { r: ${runner} }`;
      const found = readAgentYaml(text, 'f').config.runners['r'];
      return found?.kind === 'ollama' ? found.keep_alive : undefined;
    };
    assert.deepEqual(['-1', '0', "'300'", '2h'].map(read), ['-1s', '0s', '300s', '2h']);
  });
});

describe('a mistake in agent.yaml', () => {
  const mistakes: [string, string, RegExp][] = [
    [
      'an unknown key',
      'version: 1\nworkers:\n  max: 3\n  idle_timeot: 3s',
      /line 4, column 3: workers\.idle_timeot .*"workers\.idle_timeout"/,
    ],
    ['an unknown group', 'version: 1\nworker: { max: 3 }', /line 2, column 1: worker .*"workers"/],
    [
      'an unknown key of a runner',
      'runners:\n  a: { kind: openai, endpont: b, model: m }',
      /line 2, column 22: runners\.a\.endpont .*"runners\.a\.endpoint"/,
    ],
    [
      'a key of another kind of runner',
      'runners:\n  a:\n    kind: command\n    model: m',
      /line 4, column 5: runners\.a\.model .*Known here: kind/,
    ],
    [
      'a key that comes with a later feature',
      'routing:\n  escalation: []',
      /line 2, column 3: routing\.escalation is no key.*Did you mean "routing.escalate"/,
    ],
    [
      'a missing value',
      'endpoints:\n  a: { kind: ollama }',
      /line 2, column 3: endpoints\.a\.url is missing/,
    ],
    [
      'an unknown kind',
      'runners:\n  a: { kind: olama }',
      /line 2, column 8: runners\.a\.kind must be one of ollama, openai, codex, agent, command/,
    ],
    [
      'a URL without a scheme',
      'endpoints:\n  a: { kind: ollama, url: localhost:1 }',
      /endpoints\.a\.url must be a URL/,
    ],
    [
      'a word for a time',
      'workers:\n  idle_timeout: soon',
      /line 2, column 3: workers\.idle_timeout must be a time/,
    ],
    ['no limit where there has to be one', 'defaults:\n  agent_wait_timeout: none', /line 2.*must be a time/],
    ['a priority out of range', 'defaults: { priority: 11 }', /defaults\.priority must be at most 10/],
    ['part of a worker', 'workers: { max: 1.5 }', /workers\.max must be a whole number/],
    [
      'more at least than at most',
      'workers: { min: 4, max: 2 }',
      /workers\.min is 4, more than workers\.max \(2\)/,
    ],
    [
      'a name that could be no folder',
      'endpoints:\n  a/b: { kind: ollama, url: http://h }',
      /a\/b is no name/,
    ],
    ['another version', 'version: 2', /line 1, column 1: version must be one of 1/],
    ['a list in place of the file', '- a', /the file must be a group of keys/],
    ['text in place of a group', 'workers: many', /workers must be a group of keys/],
    ['a key that comes twice', 'version: 1\nversion: 1', /line 2, column 1: this is not YAML/],
    ['no YAML at all', 'workers:\n  max: [', /line 2, column \d+: this is not YAML/],
  ];
  for (const [name, text, message] of mistakes) {
    it(`is told with its place: ${name}`, () => assert.match(refusal(text).message, message));
  }

  it('is told where a runner names an endpoint that does not exist', () => {
    const text = [
      'endpoints: { ollama: { kind: ollama, url: http://h } }',
      'runners:',
      '  a: { kind: ollama, endpoint: olama, model: m }',
    ].join('\n');
    assert.match(
      refusal(text).message,
      /line 3, .*runners\.a\.endpoint names endpoint "olama", which does not exist. Did you mean "ollama"\?/,
    );
  });

  it('is told where a runner and its endpoint speak different languages', () => {
    const text =
      'endpoints: { a: { kind: openai, url: http://h } }\nrunners: { r: { kind: ollama, endpoint: a, model: m } }';
    assert.match(refusal(text).message, /names a, of kind openai; this runner needs one of kind ollama/);
  });

  it('is told where routing names no runner, or one that cannot do the type', () => {
    assert.match(refusal('routing: { default: { general: nobody } }').message, /names runner "nobody"/);
    assert.match(refusal('routing: { default: { code: command } }').message, /cannot do tasks of type code/);
  });

  it('does not let aliases grow without end', () => {
    const lines = Array.from(
      { length: 12 },
      (_, n) => `x${n}: &x${n} [${n === 0 ? '1' : `*x${n - 1}, `.repeat(9)}]`,
    );
    refusal(lines.join('\n'));
  });
});

describe('a span of time', () => {
  it('is read from seconds or with a unit', () => {
    const read = [30, '90', '30s', '10m', '2h', '1d', '1.5h', '250ms', 'none', 0].map(parseDuration);
    assert.deepEqual(read, [30, 90, 30, 600, 7200, 86_400, 5400, 0.25, 0, 0]);
  });

  it('is refused where it is none', () => {
    for (const text of ['', 'soon', '-3', '3 apples', '10 m', -1, Number.NaN, true, null]) {
      assert.equal(parseDuration(text), undefined, String(text));
    }
  });

  it('is written so that it is read back', () => {
    const written = [0, 5, 90, 600, 7200, 86_400, 0.25].map(formatDuration);
    assert.deepEqual(written, ['none', '5s', '90s', '10m', '2h', '1d', '250ms']);
  });
});
