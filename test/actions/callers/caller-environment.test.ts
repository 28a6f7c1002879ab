import assert from 'node:assert/strict';
import { callerEnvironment } from '../../../src/actions/callers/caller-environment.ts';

describe('the environment of a call', () => {
  /** The nearest first. */
  const started = (...environments: Record<string, string>[]) =>
    function* () {
      yield* environments;
    };
  const nobody = () => assert.fail('nobody else is looked at');

  it('is its own where it has the mark of an agent', () => {
    const own = { CLAUDECODE: '1' };
    assert.equal(callerEnvironment(own, nobody), own);
  });

  it('has the mark of the nearest process that started it and still has one, and nothing else of that', () => {
    const own = { PATH: '/bin', CLAUDECODE: '' };
    const ancestors = started({ PATH: '/usr/bin' }, { GEMINI_CLI: '1', SECRET: 'x' }, { CLAUDECODE: '1' });
    assert.deepEqual(callerEnvironment(own, ancestors), { ...own, GEMINI_CLI: '1' });
  });

  it('is its own where none has one', () => {
    const own = { PATH: '/bin' };
    assert.equal(callerEnvironment(own, started({ PATH: '/usr/bin' })), own);
  });
});
