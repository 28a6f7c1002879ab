/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
import assert from 'node:assert/strict';
import { KoubouError } from '../../src/errors.ts';
import { type PlanFacts, type PlanSettings, planAttempt, requireRoute } from '../../src/route/plan.ts';
import type { Routed } from '../../src/route/route.ts';

const settings = (over: Partial<PlanSettings> = {}): PlanSettings => ({
  routing: { default: { general: 'small', command: 'command' } },
  retries: { general: 2, code: 3, command: 0 },
  timeout: { general: 60, code: 600, command: 0 },
  stallSeconds: 20,
  loadSeconds: 30,
  unavailableSeconds: 3600,
  ...over,
});

const runners = new Map(
  ['small', 'large', 'command'].map((name) => [name, { name, defaultModel: null, changesFiles: false }]),
);

const task = (over: Partial<Routed> = {}): Routed => ({
  type: 'general',
  options: {},
  prompt: 'p',
  labels: {},
  priority: 5,
  sensitive: false,
  created_by: 'test',
  ...over,
});

const facts = (over: Partial<PlanFacts> = {}): PlanFacts => ({
  settings: settings(),
  runners,
  fileBytes: 0,
  earlier: [],
  ...over,
});

describe('the plan of an attempt', () => {
  it('is what the config says of its type', () => {
    const { route, budget, limits } = planAttempt(task(), facts());
    assert.equal(route instanceof KoubouError ? route.message : route.runner, 'small');
    assert.deepEqual([budget.retries, budget.retriesSaid, budget.unavailableSeconds], [2, false, 3600]);
    assert.deepEqual(limits, { timeout: 60, stall: 20, load: 30 });
  });

  it('of a program has no limit of silence, unless it says one', () => {
    const plan = (options: Routed['options']) => planAttempt(task({ type: 'command', options }), facts());
    assert.equal(plan({}).limits.stall, 0);
    assert.equal(plan({ stall_timeout: 9 }).limits.stall, 9);
  });

  it('goes by one size in all of its parts, and by what the task says before what a rule adds', () => {
    const then = { runner: 'large', retries: 7, timeout: 900, local_only: true };
    const routing = { default: { general: 'small' }, rules: [{ if: { tokens_over: 100 }, then }] };
    const plan = (fileBytes: number, options: Routed['options'] = {}) =>
      planAttempt(task({ options }), facts({ settings: settings({ routing }), fileBytes }));
    const [below, above, own] = [plan(40), plan(4000), plan(4000, { retries: 1 })];
    assert.deepEqual(
      [below, above, own].map((each) => [
        requireRoute(each).runner,
        each.budget.retries,
        each.limits.timeout,
        each.task.options.local_only,
      ]),
      [
        ['small', 2, 60, undefined],
        ['large', 7, 900, true],
        ['large', 1, 900, true],
      ],
    );
    assert.equal(own.budget.retriesSaid, true);
  });

  it('that leads nowhere says why, and has a budget and limits all the same', () => {
    const plan = planAttempt(task({ options: { runner: 'none' } }), facts());
    assert.ok(plan.route instanceof KoubouError);
    assert.deepEqual([plan.route.code, plan.budget.retries, plan.limits.timeout], ['usage', 2, 60]);
    assert.throws(() => requireRoute(plan), { code: 'usage' });
  });
});
