import assert from 'node:assert/strict';
import { chooseRoute } from '../../src/route/route.ts';

const runners = new Map(
  ['ollama', 'openai', 'command'].map((name) => [name, { name, defaultModel: `${name}-model` }]),
);
const routing = { default: { general: 'ollama', command: 'command' } };

describe('the route of a task', () => {
  it('is the runner it names, with the reason', () => {
    const route = chooseRoute(
      { type: 'general', options: { runner: 'openai', model: 'm' } },
      routing,
      runners,
    );
    assert.deepEqual(route, { runner: 'openai', model: 'm', why: 'the task names it' });
  });

  it('is else the default of its type', () => {
    const route = chooseRoute({ type: 'command', options: {} }, routing, runners);
    assert.deepEqual(route, { runner: 'command', model: undefined, why: 'routing.default.command' });
  });

  it('of a code task is the general runner where no other is named', () => {
    assert.equal(chooseRoute({ type: 'code', options: {} }, routing, runners).runner, 'ollama');
  });

  it('to a runner that is not configured is wrong use, which names those that are', () => {
    assert.throws(() => chooseRoute({ type: 'general', options: { runner: 'olama' } }, routing, runners), {
      code: 'usage',
      hint: /ollama, openai, command/,
    });
  });

  it('that no runner fits says that none is available', () => {
    assert.throws(() => chooseRoute({ type: 'general', options: {} }, { default: {} }, runners), {
      code: 'runner_unavailable',
    });
  });
});
