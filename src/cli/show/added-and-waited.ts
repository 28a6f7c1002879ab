import type { Delegated } from '../../actions/delegate/delegate.ts';
import type { App } from '../../app/app.ts';
import type { BaseCommand } from '../base-command.ts';
import { type Told, tellSummary } from './added.ts';
import { printRecords } from './print-records.ts';
import { printResults, tellFailures } from './print-results.ts';
import { waitInTerminal } from './wait-in-terminal.ts';

export interface ToldLater extends Told {
  /** --wait-timeout, in seconds. */
  limit: number | undefined;
}

/** `delegate --wait`: the results take the place of the ids. */
export async function resultsOfDelegated(
  command: BaseCommand,
  app: App,
  delegated: Delegated,
  { json, home, limit }: ToldLater,
): Promise<void> {
  const { batch } = delegated;
  const ids = delegated.added.map(({ id }) => id);
  tellSummary(command, delegated);
  const again = batch === null ? ids : ['--label', `batch=${batch}`];
  const ended = await waitInTerminal(command, {
    app,
    ids,
    any: false,
    limit,
    json,
    strict: false,
    home,
    again,
  });
  if (ended === undefined) return;
  if (!json) return printResults(command, app, ids, { format: undefined });
  await printRecords(command, app, ids, batch === null && ids.length === 1);
  await tellFailures(command, app, ids);
}
