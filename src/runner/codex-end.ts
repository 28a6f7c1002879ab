/** What the end of a Codex run means. Pure. Whether the work was done is for `verify/` to say. */
import { type ErrorInfo, errorInfo } from '../errors.ts';
import type { ProgramEnd } from '../process/spawn.ts';
import { failedOutcome, type RunFacts, RunFailure } from './failure.ts';
import type { Relay } from './model-relay.ts';
import type { RunnerOutcome } from './runner.ts';

/** What the events said. */
export interface Seen {
  session: string | null;
  completed: boolean;
  failed: string | null;
  /** The newest warning or passing error. */
  trouble: string | null;
  /** The newest call of the model that was not carried out, and why. */
  refused: string | null;
  /** The newest command of the model that failed. */
  failedCommand: string | null;
}

export interface CodexEnd {
  end: ProgramEnd;
  seen: Seen;
  relay: Pick<Relay, 'failure' | 'promptTokens' | 'usage'>;
  promptBytes: number;
  facts: Omit<RunFacts, 'usage'>;
  signal: AbortSignal;
}

export const codexEnd = ({ end, seen, relay, promptBytes, facts, signal }: CodexEnd): RunnerOutcome => {
  const { completed, failed } = seen;
  const { usage } = relay;
  const isWell = end.exitCode === 0 && failed === null && !signal.aborted;
  if (!isWell) {
    // Codex hides what the server said behind words of its own.
    const error = relay.failure ?? new RunFailure(failureInfo(end, seen));
    return failedOutcome(error, signal, { ...facts, usage });
  }
  return {
    ok: true,
    observed: {
      terminal: completed,
      doneReason: null,
      promptTokens: relay.promptTokens,
      promptBytes,
      thinking: null,
      remoteHost: null,
      trouble: troubleOf(seen),
    },
    usage,
    model: facts.model,
    endpoint: facts.endpoint,
    address: facts.address ?? null,
    session: seen.session,
  };
};

const troubleOf = ({ refused, failedCommand }: Seen): string | null => {
  if (refused !== null) return `a call of the model was refused: ${refused}`;
  return failedCommand === null ? null : `a command of the model failed: ${failedCommand}`;
};

const CUT = /max_output_tokens|incomplete response/i;
const OVERFLOW = /context window|context length/i;

const failureInfo = (end: ProgramEnd, { failed, trouble }: Seen): ErrorInfo => {
  const said = failed ?? trouble;
  const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was killed by ${end.signal}`;
  if (said === null) return errorInfo('exit_nonzero', `Codex ${how}.`);
  if (CUT.test(said)) return errorInfo('output_truncated', `The model ran out of room: ${said}`);
  if (OVERFLOW.test(said)) return errorInfo('context_overflow', `The conversation does not fit: ${said}`);
  return errorInfo('exit_nonzero', `Codex failed: ${said}`);
};
