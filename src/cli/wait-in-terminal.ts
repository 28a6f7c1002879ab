import { ensureWorker } from '../actions/ensure-worker.ts';
import { askHealth, type BuildRunners } from '../actions/health.ts';
import type { OpenHome } from '../actions/open-home.ts';
import { refuseInSandbox } from '../actions/sandbox-here.ts';
import { type WaitEnd, waitForTasks } from '../actions/wait.ts';
import type { BaseCommand } from './base-command.ts';
import { untilInterrupt } from './interrupt.ts';
import { printRecords } from './print-records.ts';
import { openProgressBar } from './progress-bar.ts';
import { span } from './render/time.ts';
import { toType } from './to-type.ts';

export interface TerminalWait {
  opened: OpenHome;
  ids: readonly string[];
  any: boolean;
  /** --timeout or --wait-timeout, in seconds. */
  limit: number | undefined;
  json: boolean;
  /** Where an empty stdout would be taken for a result, no end but a real one may be an exit with 0. */
  strict: boolean;
  /** --home, for commands to copy. */
  home: string | undefined;
  /** What selects these tasks again: ids or --label. */
  again: readonly string[];
  loadRunners: () => Promise<BuildRunners>;
}

/** Nobody copies a command with more words than this. */
const MOST_TO_COPY = 12;

/** The ids that ended; undefined where the wait ended otherwise, of which everything was told then. */
export async function waitInTerminal(
  command: BaseCommand,
  wait: TerminalWait,
): Promise<string[] | undefined> {
  const { opened, ids, any } = wait;
  const { queue, config, environment, home, outer } = opened;
  const agentLimit = environment.principal.agent !== null ? config.defaults.agent_wait_timeout : undefined;
  const bar = ids.length > 1 ? await openProgressBar(outer) : undefined;
  const signal = untilInterrupt();
  try {
    const end = await waitForTasks({
      queue,
      ids,
      any,
      limitSeconds: wait.limit ?? agentLimit,
      unserved: askHealth(opened, wait.loadRunners),
      ensureWorker: () => ensureWorker({ queue, home, environment: outer, config }),
      requireStartable: () => refuseInSandbox(outer),
      signal,
      say: (line) => {
        bar?.clear();
        command.hint(line);
      },
      onProgress: (progress) => bar?.show(progress),
    });
    bar?.clear();
    if (end.kind === 'ended') return end.ended;
    await tellUnfinished(command, wait, end, signal);
    return undefined;
  } finally {
    bar?.clear();
  }
}

async function tellUnfinished(
  command: BaseCommand,
  wait: TerminalWait,
  end: Exclude<WaitEnd, { kind: 'ended' }>,
  signal: AbortSignal,
): Promise<void> {
  const { opened, ids, json, strict } = wait;
  const short = wait.again.length <= MOST_TO_COPY;
  const again = short ? toType(wait.home, 'wait', wait.again) : 'koubou wait and the same ids';
  const [first = ''] = end.open;
  const who = end.open.length === 1 ? first : `${end.open.length} of ${ids.length} tasks`;
  const [are, go] = end.open.length === 1 ? ['is', 'goes'] : ['are', 'go'];
  if (end.kind === 'held') {
    command.hint(`Stopped waiting: ${end.why}. Take the wait up again with: ${again}`);
  } else if (end.kind === 'interrupted') {
    command.hint(`Stopped waiting; ${who} ${go} on. Take the wait up again with: ${again}`);
  } else {
    // CLAUDE.md tells agents what to do at these two words.
    command.hint(
      `${who} ${are} still running after ${span(Math.round(end.seconds))}, and ${go} on. Wait on with: ${again}`,
    );
  }
  const gentle = opened.environment.principal.agent !== null && wait.limit === undefined && !strict;
  command.exitWith(end.kind === 'interrupted' ? Number(signal.reason) : gentle ? 0 : 4);
  if (json && !strict) await printRecords(command, opened, ids);
}
