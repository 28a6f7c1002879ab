import assert from 'node:assert/strict';
import {
  OUTSIDE,
  refuseInSandbox,
  sandboxHere,
  startHint,
} from '../../../src/actions/workers/sandbox-here.ts';
import { toText } from '../../../src/say/say.ts';

const INSIDE = { CODEX_SANDBOX: 'seatbelt' };

describe('where no worker is to be started', () => {
  it('is a sandbox that an agent made for a command, and not where these tests run', () => {
    assert.equal(sandboxHere({}), undefined);
    assert.equal(sandboxHere(INSIDE), "Codex's sandbox");
  });

  it('is refused, with the tasks left queued and what to do instead', () => {
    refuseInSandbox({});
    assert.throws(() => refuseInSandbox(INSIDE), {
      code: 'runner_unavailable',
      message: /^No worker was started: this command runs in Codex's sandbox, .* The tasks stay queued\.$/,
      hint: toText(OUTSIDE),
    });
  });

  it('has another hint for who would start one', () => {
    assert.equal(toText(startHint({})), '`koubou work --detach` starts one.');
    assert.equal(toText(startHint(INSIDE)), toText(OUTSIDE));
    assert.match(toText(OUTSIDE), /outside of the sandbox/);
  });
});
