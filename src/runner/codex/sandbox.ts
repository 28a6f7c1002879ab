/** Which sandbox a run of Codex gets, and where it may have none. */
import { errorInfo } from '../../errors.ts';
import type { LocalNetworks } from '../../privacy/local-networks.ts';
import { holdsUser } from '../../process/homes/key-folders.ts';
import { actionLine, field, say } from '../../say/say.ts';
import type { TaskFile } from '../../task/record.ts';
import { RunFailure } from '../failure.ts';
import type { Sandbox } from './arguments.ts';

/**
 * Throws RunFailure `usage` where it is not allowed, `not_allowed` for a task of an agent without a sandbox, and where commands could change what the user's shell runs;
 * a question may still look there. `cwd`: without a link in it.
 */
export const sandboxFor = (
  task: TaskFile,
  cwd: string,
  { sandbox: usual, allowFullAccess }: { sandbox: Sandbox; allowFullAccess: boolean },
): Sandbox => {
  const sandbox = task.options.sandbox ?? usual;
  // Whatever led here, as routing.escalate does: an agent asked for it, and has no more rights than its sandbox.
  if (sandbox === 'danger-full-access' && task.confined === true) {
    throw new RunFailure(
      errorInfo('not_allowed', 'A task that an agent asked for runs in a sandbox, and this runner has none.'),
    );
  }
  if (sandbox === 'workspace-write' && holdsUser(cwd)) {
    if (task.type !== 'code') return 'read-only';
    throw new RunFailure(
      errorInfo(
        'not_allowed',
        `No command of a model may write in ${cwd}: your home folder lies there, with files that your shell runs.`,
        say`Delegate with a ${field('cwd')} below it, or with ${field('sandbox', 'read-only')} for a question.`,
      ),
    );
  }
  if (sandbox !== 'danger-full-access' || allowFullAccess) return sandbox;
  throw new RunFailure(
    errorInfo(
      'usage',
      'The sandbox danger-full-access is not allowed here.',
      say`Where the machine may be harmed, allow it: ${actionLine('config', 'security.allow_full_access', 'true')}`,
    ),
  );
};

/** Throws RunFailure `not_local`: the sandbox is also what keeps the commands of the model from the network. */
export const requireLocalSandbox = (sandbox: Sandbox, local: LocalNetworks | null): void => {
  if (local === null || sandbox !== 'danger-full-access') return;
  throw new RunFailure(
    errorInfo(
      'not_local',
      'The task must stay on this machine, and without a sandbox the commands of the model reach any network.',
      'Use the sandbox workspace-write or read-only.',
    ),
  );
};
