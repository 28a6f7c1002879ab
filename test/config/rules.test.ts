/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
import assert from 'node:assert/strict';
import { checkConfig } from '../../src/config/check.ts';

const judged = (rule: unknown) => {
  const checked = checkConfig({ routing: { rules: [rule] } });
  return checked.ok
    ? checked.config.routing.rules[0]
    : `${checked.problem.path.join('.')} ${checked.problem.message}`;
};

const rule = (conditions: unknown, consequences: unknown = { timeout: '5m' }) =>
  Object.fromEntries([
    ['if', conditions],
    ['then', consequences],
  ]);

describe('routing.rules', () => {
  it('reads spans of time, ranges and labels', () => {
    const read = judged(rule({ priority: '8..10', label: { urgent: true } }));
    assert.deepEqual(
      read,
      rule({ priority: { min: 8, max: 10 }, label: { urgent: 'true' } }, { timeout: 300 }),
    );
    assert.deepEqual(judged(rule({ priority: 8 })), rule({ priority: { min: 8, max: 8 } }, { timeout: 300 }));
    assert.deepEqual(
      judged(rule({ priority: { min: 8 } })),
      rule({ priority: { min: 8, max: 10 } }, { timeout: 300 }),
    );
  });

  for (const [given, said] of [
    [rule({ typ: 'code' }), /^"routing.rules.0.if.typ is no key.*Did you mean .*routing.rules.0.if.type/],
    [rule({ type: 'cod' }), /^"routing.rules.0.if.type must be one of general, code, command/],
    [rule({ priority: '10..8' }), /priority must be priorities from 1 to 10/],
    [rule({}, { runner: 'comand' }), /then.runner names runner .*comand.*, which.*Did you mean .*command/],
    [rule({}, { runner: 'command' }), /if.type must be command/],
    [rule({}, {}), /then says nothing/],
    [{ ...rule({}, { model: 'm' }), continue: true }, /continue is for rules that only add conditions/],
    [rule({}, { endpoint: 'ollama' }), /then.endpoint needs a runner beside it/],
  ] as const) {
    it(`refuses ${JSON.stringify(given)}`, () => assert.match(JSON.stringify(judged(given)), said));
  }
});

const CONFIG = {
  endpoints: {
    near: { kind: 'ollama', url: 'http://127.0.0.1:1' },
    far: { kind: 'ollama', url: 'http://10.0.0.9:1' },
    studio: { kind: 'openai', url: 'http://127.0.0.1:2/v1' },
  },
  runners: {
    small: { kind: 'ollama', endpoint: 'near', model: 's' },
    codex: { kind: 'codex', endpoint: 'near', model: 'c' },
  },
};

describe('a rule that names an endpoint', () => {
  const ruled = (then: unknown) =>
    checkConfig({ ...CONFIG, routing: { rules: [rule({ type: 'code' }, then)] } });

  it('gets a runner that is the one it names in all but the endpoint', () => {
    const checked = ruled({ runner: 'codex', endpoint: 'studio', model: 'm' });
    assert.ok(checked.ok);
    const { runners, routing } = checked.config;
    assert.deepEqual(routing.rules[0]?.then, { runner: 'codex@studio', model: 'm' });
    assert.deepEqual(runners['codex@studio'], { ...runners['codex'], endpoint: 'studio' });
    assert.equal(runners['codex']?.kind === 'codex' && runners['codex'].endpoint, 'near');
  });

  for (const [then, said] of [
    [
      { runner: 'small', endpoint: 'studoi' },
      /then.endpoint.*names endpoint "studoi".*Did you mean "studio"/,
    ],
    [
      { runner: 'small', endpoint: 'studio' },
      /then.endpoint.*of kind openai; this runner needs one of kind ollama/,
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(then)}`, () => {
      const checked = ruled(then);
      assert.ok(!checked.ok);
      assert.match(`${checked.problem.path.join('.')} ${checked.problem.message}`, said);
    });
  }
});

describe('routing.escalate', () => {
  const refused = (escalate: unknown): string => {
    const checked = checkConfig({ ...CONFIG, routing: { escalate } });
    return checked.ok ? 'taken' : `${checked.problem.path.join('.')} ${checked.problem.message}`;
  };

  it('names runners, and at its end hand_back', () => {
    assert.equal(refused(['small', 'codex', 'hand_back']), 'taken');
    assert.equal(refused(['hand_back']), 'taken');
    assert.equal(refused([]), 'taken');
  });

  for (const [escalate, said] of [
    [['smal'], /^routing.escalate.0 names runner "smal".*Did you mean "small"/],
    [['hand_back', 'codex'], /^routing.escalate.0 hand_back is the last step/],
    [['codex', 'command'], /^routing.escalate.1 names command, which no model runs/],
    [['small', 'codex', 'small'], /^routing.escalate.2 names small a second time/],
    ['small', /^routing.escalate must be a list/],
  ] as const) {
    it(`refuses ${JSON.stringify(escalate)}`, () => assert.match(refused(escalate), said));
  }
});
