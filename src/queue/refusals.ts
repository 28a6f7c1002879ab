/** What a queue says where it does not do what was asked. */
import { KoubouError } from '../errors.ts';
import { action, say } from '../say/say.ts';
import type { State } from '../task/lifecycle.ts';

export const noSuchTask = (id: string): KoubouError =>
  new KoubouError('no_such_task', `There is no task ${id}.`);

export const notEnded = (id: string, state: State): KoubouError =>
  new KoubouError('conflict', `${id} has not ended: it is ${state.replace('_', ' ')}.`, {
    hint: say`${action('wait')} waits for it, ${action('cancel')} ends it.`,
  });

export const stillHolds = (workerId: string): KoubouError =>
  new KoubouError('internal', `${workerId} still holds tasks.`);
