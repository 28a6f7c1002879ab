import type { WaitEnd } from '../../actions/wait/wait.ts';
import { mayGoOnLater, waitFor } from '../../actions/wait/wait-for.ts';
import type { App } from '../../app/app.ts';
import type { BaseCommand } from '../base-command.ts';
import { span } from '../render/time.ts';
import { untilInterrupt } from './interrupt.ts';
import { printRecords } from './print-records.ts';
import { openProgressBar } from './progress-bar.ts';
import { toType } from './to-type.ts';

export interface TerminalWait {
  app: App;
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
}

/** Nobody copies a command with more words than this. */
const MOST_TO_COPY = 12;

/** The ids that ended; undefined where the wait ended otherwise, of which everything was told then. */
export async function waitInTerminal(
  command: BaseCommand,
  wait: TerminalWait,
): Promise<string[] | undefined> {
  const { app, ids, any, limit } = wait;
  const bar = ids.length > 1 ? await openProgressBar(app.outer) : undefined;
  const signal = untilInterrupt();
  try {
    const end = await waitFor(app, {
      ids,
      any,
      limit,
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
  const { app, ids, json, strict } = wait;
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
  const gentle = mayGoOnLater(app, wait.limit) && !strict;
  command.exitWith(end.kind === 'interrupted' ? Number(signal.reason) : gentle ? 0 : 4);
  if (json && !strict) await printRecords(command, app, ids);
}
