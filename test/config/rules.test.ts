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
  ] as const) {
    it(`refuses ${JSON.stringify(given)}`, () => assert.match(JSON.stringify(judged(given)), said));
  }
});
