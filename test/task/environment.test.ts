import assert from 'node:assert/strict';
import { programEnvironment, recordedEnvironment } from '../../src/task/environment.ts';

describe('the environment of a task', () => {
  it('holds nothing that has another program or library loaded', () => {
    const variables = {
      PATH: '/a',
      LD_PRELOAD: '/x',
      NODE_OPTIONS: '-r x',
      KOUBOU_RUN: 'x',
      VIRTUAL_ENV: '',
    };
    assert.deepEqual(recordedEnvironment(variables), { PATH: '/a' });
    assert.equal(recordedEnvironment({ HOME: '/h' }), undefined);
    assert.deepEqual(programEnvironment({ HOME: '/h' }, { environment: variables }), {
      HOME: '/h',
      PATH: '/a',
    });
  });

  it('counts for no dropped file', () => {
    const task = { environment: { PATH: '/a' }, answer_only: true };
    assert.deepEqual(programEnvironment({ PATH: '/b' }, task), { PATH: '/b' });
  });
});
