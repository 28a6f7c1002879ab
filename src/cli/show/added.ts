import type { Delegated } from '../../actions/delegate/delegate.ts';
import { OUTSIDE, sandboxHere } from '../../actions/workers/sandbox-here.ts';
import type { App } from '../../app/app.ts';
import { isLiving } from '../../app/living.ts';
import { say } from '../../say/say.ts';
import type { BaseCommand } from '../base-command.ts';
import { toType } from './to-type.ts';

export interface Told {
  json: boolean;
  /** --home, for commands to copy. */
  home: string | undefined;
}

/** One id a line on stdout, all else on stderr. */
export async function tellDelegated(
  command: BaseCommand,
  app: App,
  delegated: Delegated,
  { json, home }: Told,
): Promise<void> {
  const { added, batch } = delegated;
  const ids = added.map(({ id }) => id);
  if (json) {
    const { printRecords } = await import('./print-records.ts');
    await printRecords(command, app, ids, batch === null && ids.length === 1);
  } else if (ids.length > 0) await command.print(ids.join('\n'));
  tellSummary(command, delegated);
  if (batch !== null && ids.length > 0) {
    command.hint(`Wait for all of them with: ${toType(home, 'wait', ['--label', `batch=${batch}`])}`);
  }
  const workers = await app.queue.workers();
  if (ids.length === 0 || workers.some(isLiving)) return;
  const sandbox = sandboxHere(app.outer);
  if (sandbox !== undefined) {
    command.hint(say`No worker is running, and none can be started in ${sandbox}. ${OUTSIDE}`);
    return;
  }
  const wait = batch === null ? `, or wait for it: ${toType(home, 'wait', ids)}` : '';
  command.hint(`No worker is running. Start one with: ${toType(home, 'work', ['--detach'])}${wait}`);
}

/** Nothing for a single new task, of which its id says all. */
export function tellSummary(command: BaseCommand, { added, batch, skipped }: Delegated): void {
  const existed = added.filter((each) => each.existed).length;
  if (batch === null) {
    if (existed > 0) command.hint('Nothing was added: the key names this task.');
    if (skipped > 0) command.hint('Nothing was added: the output is there already.');
    return;
  }
  const counted = `${added.length - existed} ${added.length - existed === 1 ? 'task' : 'tasks'} added`;
  const rest = [
    existed > 0 ? `, ${existed} existed under their keys` : '',
    skipped > 0 ? `, ${skipped} left out, as the output is there already` : '',
  ];
  command.hint(`${counted}${rest.join('')}.`);
}
