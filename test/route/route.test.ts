import assert from 'node:assert/strict';
import { chooseRoute, type Routed } from '../../src/route/route.ts';

const runners = new Map(
  ['ollama', 'openai', 'command'].map((name) => [name, { name, defaultModel: `${name}-model` }]),
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
    assert.deepEqual(route, { runner: 'openai', model: 'm', why: 'the task names it', considered: [] });
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
