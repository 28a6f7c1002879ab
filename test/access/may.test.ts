import assert from 'node:assert/strict';
import { GRANTABLE, may, type Request, type Role } from '../../src/access/may.ts';

const verdicts = (request: Request): string[] =>
  (['reader', 'contributor', 'planner', 'executor', 'admin', 'owner'] satisfies Role[]).map((role) =>
    may(role, request),
  );
const [no, box, yes] = ['refused', 'confined', 'allowed'];

describe('what a role may ask for', () => {
  const rows: [Request, ...(string | undefined)[]][] = [
    ['read', yes, yes, yes, yes, yes, yes],
    ['reveal', no, yes, yes, yes, yes, yes],
    ['delegate', no, yes, yes, yes, yes, yes],
    ['apply', no, yes, yes, yes, yes, yes],
    ['program', no, box, box, yes, yes, yes],
    ['agent', no, box, box, yes, yes, yes],
    ['output_outside', no, no, no, yes, yes, yes],
    ['config', no, no, no, no, yes, yes],
    ['other_home', no, no, no, no, yes, yes],
    ['trust', no, no, no, no, no, yes],
    ['unchecked', no, no, no, no, no, yes],
  ];
  for (const [request, ...wanted] of rows) {
    it(`is one table: ${request}`, () => assert.deepEqual(verdicts(request), wanted));
  }

  it('is what the config gives besides, but for what is a person’s alone', () => {
    assert.equal(may('contributor', 'config', ['config']), 'allowed');
    assert.equal(may('contributor', 'program', ['program']), 'allowed');
    for (const request of ['init', 'trust', 'unchecked', 'delegate'] satisfies Request[]) {
      assert.ok(!GRANTABLE.includes(request), request);
    }
    assert.ok(GRANTABLE.includes('config'));
  });
});
