import assert from 'node:assert/strict';
import { reducedEnvironment } from '../../src/process/programs/reduced-environment.ts';

describe('the environment of a child', () => {
  const whole = {
    PATH: '/bin',
    HOME: '/h',
    LANG: 'ja_JP.UTF-8',
    LC_ALL: 'C',
    TERM: 'xterm',
    API_KEY: 's',
    KOUBOU_HOME: '/k',
  };

  it('keeps what programs need and drops keys', () => {
    assert.deepEqual(reducedEnvironment(whole), {
      PATH: '/bin',
      HOME: '/h',
      LANG: 'ja_JP.UTF-8',
      LC_ALL: 'C',
      TERM: 'dumb',
    });
  });

  it('passes what is named', () => {
    assert.equal(reducedEnvironment(whole, ['API_KEY'])['API_KEY'], 's');
  });

  it('has the last word with what is handed in', () => {
    const reduced = reducedEnvironment(whole, [], { KOUBOU_FILE: 'a.md', HOME: '/other' });
    assert.equal(reduced['KOUBOU_FILE'], 'a.md');
    assert.equal(reduced['HOME'], '/other');
    assert.equal(reduced['KOUBOU_HOME'], undefined);
  });
});
