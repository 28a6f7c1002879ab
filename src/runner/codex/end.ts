/** What the end of a Codex run means. Pure. Whether the work was done is for `verify/` to say. */
import { type ErrorInfo, errorInfo } from '../../errors.ts';
import type { ProgramEnd } from '../../process/programs/start-program.ts';
import type { Relay } from '../connection/model-relay.ts';
import { failedOutcome, type RunFacts, RunFailure } from '../failure.ts';
import type { RunnerOutcome } from '../runner.ts';
import type { CodexObservation } from './observation.ts';

export interface CodexEnd {
  end: ProgramEnd;
  trail: Pick<CodexObservation, 'session' | 'completed' | 'failed' | 'warning' | 'trouble'>;
  relay: Pick<Relay, 'failure' | 'promptTokens' | 'usage'>;
  promptBytes: number;
  facts: Omit<RunFacts, 'usage'>;
  signal: AbortSignal;
}

export const codexEnd = ({ end, trail, relay, promptBytes, facts, signal }: CodexEnd): RunnerOutcome => {
  const { usage } = relay;
  const isWell = end.exitCode === 0 && trail.failed === null && !signal.aborted;
  if (!isWell) {
    // Codex hides what the server said behind words of its own.
    const error = relay.failure ?? new RunFailure(failureInfo(end, trail));
    return failedOutcome(error, signal, { ...facts, usage });
  }
  return {
    ok: true,
    observed: {
      terminal: trail.completed,
      end: null,
      promptTokens: relay.promptTokens,
      promptBytes,
      thinking: null,
      remoteHost: null,
      trouble: trail.trouble,
    },
    usage,
    model: facts.model,
    endpoint: facts.endpoint,
    address: facts.address ?? null,
    session: trail.session,
  };
};

/** In the words of Codex 0.169; in others, it is an `exit_nonzero` with those. */
const CUT = /max_output_tokens|incomplete response/i;
const OVERFLOW = /context window|context length|input exceeds the maximum length/i;

const failureInfo = (end: ProgramEnd, { failed, warning }: CodexEnd['trail']): ErrorInfo => {
  const said = failed ?? warning;
  const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was killed by ${end.signal}`;
  if (said === null) return errorInfo('exit_nonzero', `Codex ${how}.`);
  if (CUT.test(said)) return errorInfo('output_truncated', `The model ran out of room: ${said}`);
  if (OVERFLOW.test(said)) return errorInfo('context_overflow', `The conversation does not fit: ${said}`);
  return errorInfo('exit_nonzero', `Codex failed: ${said}`);
};
