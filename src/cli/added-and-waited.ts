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
  if (ended === undefined) return;
  if (!json) return printResults(command, opened, ids, { format: undefined });
  await printRecords(command, opened, ids, batch === null && ids.length === 1);
  await tellFailures(command, opened, ids);
}
