import type { Delegated } from '../actions/delegate.ts';
import type { BuildRunners } from '../actions/health.ts';
import type { OpenHome } from '../actions/open-home.ts';
import { type Told, tellSummary } from './added.ts';
import type { BaseCommand } from './base-command.ts';
import { printRecords } from './print-records.ts';
import { printResults, tellFailures } from './print-results.ts';
import { waitInTerminal } from './wait-in-terminal.ts';

export interface ToldLater extends Told {
  /** --wait-timeout, in seconds. */
  limit: number | undefined;
  loadRunners: () => Promise<BuildRunners>;
}

/** `delegate --wait`: the results take the place of the ids. */
export async function resultsOfDelegated(
  command: BaseCommand,
  opened: OpenHome,
  delegated: Delegated,
  { json, home, limit, loadRunners }: ToldLater,
): Promise<void> {
  const { batch } = delegated;
  const ids = delegated.added.map(({ id }) => id);
  tellSummary(command, delegated);
  const again = batch === null ? ids : ['--label', `batch=${batch}`];
  const warming = setTimeout(() => void readOnce(opened, ids[0]), WARM_AFTER_MS);
  warming.unref();
  const ended = await waitInTerminal(command, {
    opened,
    ids,
    any: false,
    limit,
    json,
    strict: false,
    home,
    again,
    loadRunners,
  });
  clearTimeout(warming);
  if (ended === undefined) return;
  if (!json) return printResults(command, opened, ids, { format: undefined });
  await printRecords(command, opened, ids, batch === null && ids.length === 1);
  await tellFailures(command, opened, ids);
}

/** After a worker was started, and before most tasks have ended. */
const WARM_AFTER_MS = 100;

/** The first read of a record takes much longer than the next: made while nothing else is to be done, nobody waits for it. */
async function readOnce({ queue, view }: OpenHome, id: string | undefined): Promise<void> {
  try {
    const record = id === undefined ? undefined : await queue.get(id);
    if (record !== undefined) await view.record(record);
  } catch {
    // The read that counts says what is wrong.
  }
}
