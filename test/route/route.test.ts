import assert from 'node:assert/strict';
import { chooseRoute, fallBack, type Routed, type Routing, stepsAbove } from '../../src/route/route.ts';
import { failedOutcome } from '../support/builders.ts';

const runners = new Map(
  ['ollama', 'openai', 'command'].map((name) => [
    name,
    { name, defaultModel: `${name}-model`, changesFiles: false },
  ]),
);
const routing = { default: { general: 'ollama', command: 'command' } };

const task = (type: Routed['type'], options: Routed['options']): Routed => ({
  type,
  options,
  prompt: 'p',
  labels: {},
  priority: 5,
  sensitive: false,
  created_by: 'test',
});

describe('the route of a task', () => {
  it('is the runner it names, with the reason', () => {
    const route = chooseRoute(task('general', { runner: 'openai', model: 'm' }), routing, runners, 0);
    assert.deepEqual(route, {
      runner: 'openai',
      model: 'm',
      why: 'the task names it',
      considered: [],
      fallbackRunner: null,
      chain: [],
      handBack: false,
    });
  });

  it('is else the default of its type', () => {
    const route = chooseRoute(task('command', {}), routing, runners, 0);
    assert.deepEqual([route.runner, route.why], ['command', 'routing.default.command']);
  });

  it('of a code task is the general runner where no other is named', () => {
    assert.equal(chooseRoute(task('code', {}), routing, runners, 0).runner, 'ollama');
  });

  it('to a runner that is not configured is wrong use, which names those that are', () => {
    assert.throws(() => chooseRoute(task('general', { runner: 'olama' }), routing, runners, 0), {
      code: 'usage',
      hint: /ollama, openai, command/,
    });
  });

  it('that no runner fits says that none is available', () => {
    assert.throws(() => chooseRoute(task('general', {}), { default: {} }, runners, 0), {
      code: 'runner_unavailable',
    });
  });
});

describe('the default of code tasks', () => {
  const both = { default: { general: 'ollama', code: 'openai', command: 'command' } };
  const fallbackRunner = (options: Routed['options'], type: Routed['type'] = 'code') =>
    chooseRoute(task(type, options), both, runners, 0).fallbackRunner;

  it('has the general runner to stand in for it', () => {
    assert.equal(fallbackRunner({}), 'ollama');
    assert.equal(fallbackRunner({ expect: ['a'], output: 'a' }), 'ollama');
    const route = fallBack(chooseRoute(task('code', {}), both, runners, 0), 'ollama', 'nobody answers');
    assert.equal(route.runner, 'ollama');
    assert.match(route.why, /routing.default.general, as openai cannot be had \(nobody answers\)/);
  });

  it('has none where the task wants files, names who does it, or is no code task', () => {
    for (const options of [
      { worktree: true },
      { expect: ['a'] },
      { sandbox: 'read-only' as const },
      { resume_from: 'x' },
      { model: 'm' },
      { runner: 'openai' },
    ]) {
      assert.equal(fallbackRunner(options), null, JSON.stringify(options));
    }
    assert.equal(fallbackRunner({}, 'general'), null);
  });
});

describe('the route of a task whose work was found wanting', () => {
  const step = (runner: string, over = {}) => ({ runner, staysLocal: true, changesFiles: true, ...over });
  const chain = (steps: ReturnType<typeof step>[], handBack = true): Routing => ({
    ...routing,
    escalation: { steps, handBack },
  });
  const three = new Map(
    ['ollama', 'openai', 'third'].map((name) => [name, { name, defaultModel: null, changesFiles: false }]),
  );
  const wanting = (...by: string[]) => by.map((runner) => failedOutcome('check_failed', { runner }));
  const routeAfter = (outcomes: ReturnType<typeof wanting>, options: Routed['options'] = {}, over = {}) =>
    chooseRoute(
      { ...task('general', options), ...over },
      chain([step('ollama'), step('openai', { staysLocal: false }), step('third', { changesFiles: false })]),
      three,
      0,
      outcomes,
    );

  it('is one step up, with the reason', () => {
    assert.deepEqual([routeAfter([]).runner, stepsAbove(routeAfter([]))], ['ollama', ['openai', 'third']]);
    const second = routeAfter(wanting('ollama'));
    assert.deepEqual([second.runner, stepsAbove(second), second.handBack], ['openai', ['third'], true]);
    assert.match(second.why, /^routing.default.general; routing.escalate: step 2 of 3/);
    assert.equal(routeAfter(wanting('ollama', 'openai')).runner, 'third');
    assert.equal(
      routeAfter(wanting('ollama', 'openai', 'third')).runner,
      'third',
      'there is nothing above it',
    );
  });

  it('stays where it was after what was not the work', () => {
    const outcomes = [failedOutcome('timeout', { runner: 'ollama' }), failedOutcome('worker_lost')];
    assert.equal(routeAfter(outcomes).runner, 'ollama');
    assert.equal(routeAfter([...wanting('ollama'), ...outcomes]).runner, 'openai');
  });

  it('leaves out the steps that a local task may not take, and those that write no files', () => {
    assert.equal(routeAfter(wanting('ollama'), {}, { sensitive: true }).runner, 'third');
    assert.equal(routeAfter(wanting('ollama'), { local_only: true }).runner, 'third');
    assert.deepEqual(stepsAbove(routeAfter([], { expect: ['a'] })), ['openai']);
  });

  it('is the one that the caller chose', () => {
    for (const options of [
      { runner: 'ollama' },
      { model: 'm' },
      { resume_from: 'x' },
      { sandbox: 'read-only' as const },
    ]) {
      const route = routeAfter(wanting('ollama'), options);
      assert.deepEqual(
        [route.runner, stepsAbove(route), route.handBack],
        ['ollama', [], false],
        JSON.stringify(options),
      );
    }
  });

  it('is the same where its runner is on no step, which is handed back all the same', () => {
    const route = chooseRoute(task('general', {}), chain([step('openai')]), runners, 0, wanting('ollama'));
    assert.deepEqual([route.runner, stepsAbove(route), route.handBack], ['ollama', [], true]);
  });

  it('goes on from the step of the runner that stands in', () => {
    const both: Routing = {
      ...chain([step('ollama'), step('openai')]),
      default: { general: 'ollama', code: 'openai' },
    };
    const route = fallBack(chooseRoute(task('code', {}), both, runners, 0), 'ollama', 'nobody answers');
    assert.deepEqual(stepsAbove(route), ['openai']);
  });
});
