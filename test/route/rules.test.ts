/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
import assert from 'node:assert/strict';
import { chooseRoute, needsSizes, type Routed, withRules } from '../../src/route/route.ts';
import { applyRules, type Conditions, goesOn, type Rule } from '../../src/route/rules.ts';

const task = (over: Partial<Routed> = {}): Routed => ({
  type: 'general',
  prompt: 'x'.repeat(400),
  labels: { team: 'web' },
  priority: 5,
  sensitive: false,
  created_by: 'cli',
  options: {},
  ...over,
});

const holds = (conditions: Conditions, of: Partial<Routed> = {}, bytes = 0): string => {
  const [seen] = applyRules([{ if: conditions, then: { model: 'm' } }], task(of), bytes).considered;
  return `${seen?.matched}: ${seen?.why}`;
};

describe('a rule of routing', () => {
  const cases: readonly (readonly [Conditions, Partial<Routed>, number, string])[] = [
    [{}, {}, 0, 'true: every task'],
    [{ type: 'general' }, {}, 0, 'true: type general'],
    [{ type: 'code' }, {}, 0, 'false: its type is general, not code'],
    [{ label: { team: 'web' } }, {}, 0, 'true: label team=web'],
    [{ label: { team: 'db' } }, {}, 0, 'false: its label team is web, not db'],
    [{ label: { team: 'web', x: '1' } }, {}, 0, 'false: it has no label x'],
    [{ label: { toString: 'x' } }, {}, 0, 'false: it has no label toString'],
    [{ priority: { min: 5, max: 5 } }, {}, 0, 'true: priority 5'],
    [{ priority: { min: 6, max: 10 } }, {}, 0, 'false: its priority is 5, not 6..10'],
    [{ priority: { min: 1, max: 4 } }, {}, 0, 'false: its priority is 5, not 1..4'],
    [{ tokens_over: 99 }, {}, 0, 'true: over 99 tokens'],
    [{ tokens_over: 100 }, {}, 0, 'false: about 100 tokens are not over 100'],
    [{ tokens_over: 100 }, {}, 4, 'true: over 100 tokens'],
    [{ tokens_under: 101 }, {}, 0, 'true: under 101 tokens'],
    [{ tokens_under: 100 }, {}, 0, 'false: about 100 tokens are not under 100'],
    [{ sensitive: true }, { sensitive: true }, 0, 'true: sensitive'],
    [{ sensitive: true }, {}, 0, 'false: it is not sensitive'],
    [{ sensitive: false }, { sensitive: true }, 0, 'false: it is sensitive'],
    [{ caller: 'cli' }, {}, 0, 'true: caller cli'],
    [{ caller: 'cron' }, {}, 0, 'false: its caller is cli, not cron'],
    [{ type: 'command' }, { type: 'command' }, 0, 'true: type command'],
    [
      {},
      { type: 'command' },
      0,
      'false: it is a command, and the rule chooses a runner or model without type: command',
    ],
  ];
  for (const [conditions, of, bytes, seen] of cases) {
    it(`with ${JSON.stringify(conditions)} is seen as ${seen}`, () =>
      assert.equal(holds(conditions, of, bytes), seen));
  }

  it('counts a Japanese prompt by its bytes', () => {
    assert.equal(holds({ tokens_over: 74 }, { prompt: '漢'.repeat(100) }), 'true: over 74 tokens');
  });

  it('ends the search, unless it only keeps the task local or says continue', () => {
    assert.equal(goesOn({ if: {}, then: { local_only: true } }), true);
    assert.equal(goesOn({ if: {}, then: { local_only: true }, continue: false }), false);
    assert.equal(goesOn({ if: {}, then: { timeout: 5 } }), false);
    assert.equal(goesOn({ if: {}, then: { timeout: 5, local_only: true } }), false);
    assert.equal(goesOn({ if: {}, then: { timeout: 5 }, continue: true }), true);
  });

  it('is heard before the ones after it', () => {
    const rules: Rule[] = [
      { if: {}, then: { timeout: 1 }, continue: true },
      { if: {}, then: { timeout: 2, retries: 3, local_only: true } },
      { if: {}, then: { retries: 9 } },
    ];
    const ruling = applyRules(rules, task(), 0);
    assert.deepEqual(ruling.then, { timeout: 1, retries: 3, local_only: true });
    assert.equal(ruling.why, 'routing.rules[0]: every task; routing.rules[1]: every task');
    assert.equal(ruling.considered[2]?.matched, null);
  });
});

describe('a route by rules', () => {
  const runners = new Map(
    ['small', 'big'].map((name) => [name, { name, defaultModel: name, changesFiles: false }]),
  );
  const routing = (...rules: Rule[]) => ({ default: { general: 'small' }, rules });
  const bigger: Rule = { if: { type: 'general' }, then: { runner: 'big', model: 'm' } };
  const route = (of: Partial<Routed>, ...rules: Rule[]) => {
    const { runner, model, why } = chooseRoute(task(of), routing(...rules), runners, 0);
    return { runner, model, why };
  };

  it('is the one that the rule names', () => {
    const why = 'routing.rules[0]: type general';
    assert.deepEqual(route({}, bigger), { runner: 'big', model: 'm', why });
  });

  it("gives way to the task's own runner, which does not get the rule's model", () => {
    const own = route({ options: { runner: 'small' } }, bigger);
    assert.deepEqual([own.runner, own.model], ['small', undefined]);
    assert.match(own.why, /^the task names it; /);
    assert.equal(route({ options: { runner: 'big' } }, bigger).model, 'm');
    assert.equal(route({ options: { model: 'own' } }, bigger).model, 'own');
  });

  it('names the default and the rule that only changed the terms', () => {
    const local: Rule = { if: { caller: 'cli' }, then: { local_only: true } };
    assert.equal(route({}, local).why, 'routing.default.general; routing.rules[0]: caller cli');
    assert.deepEqual(route({}, { if: {}, then: { model: 'n' } }).model, 'n');
  });

  it('fills in only what the task does not say, but keeps it local in any case', () => {
    const rule: Rule = { if: {}, then: { timeout: 9, retries: 1, local_only: true } };
    const own = { timeout: 3, local_only: false };
    const { options } = withRules(task({ options: own }), routing(rule), 0);
    assert.deepEqual(options, { timeout: 3, retries: 1, local_only: true });
  });

  it('asks for the size of files only where a rule looks at it', () => {
    assert.equal(needsSizes(routing(bigger)), false);
    assert.equal(needsSizes(routing({ if: { tokens_under: 5 }, then: {} })), true);
    assert.equal(needsSizes({ default: {} }), false);
  });
});
