/** Shows and sets what config/agent.yaml, config/.env and the environment say together. */

import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { isLiving } from '../../app/living.ts';
import { type Loaded, loadConfig } from '../../config/load.ts';
import { setConfig } from '../../config/set.ts';
import { KoubouError } from '../../errors.ts';
import type { Queue } from '../../queue/queue.ts';
import { action, say } from '../../say/say.ts';
import { formatDuration, isDurationKey } from '../../text/duration.ts';
import { nearest } from '../../text/nearest.ts';
import type { ConfigDocument } from '../documents/home.ts';

/**
 * Every key with its effective value and where it comes from; with `key`, that one, or all within that group. Of variables of
 * runners, which may be tokens, only the owner is told more than that they are set.
 */
export const showConfig = async (
  loaded: Loaded & Pick<App, 'caller'>,
  key?: string,
): Promise<ConfigDocument> => {
  requireAllowed(loaded.caller, 'read', { undone: 'Nothing was shown.' });
  const isOwner = loaded.caller.principal.role === 'owner';
  const keys = loaded
    .keys()
    .filter((each) => key === undefined || each === key || each.startsWith(`${key}.`));
  if (key !== undefined && keys.length === 0) await refuseUnknown(loaded, key);
  const config = keys.flatMap((each) => {
    const origin = loaded.originOf(each);
    if (origin === undefined) return [];
    const shown = !isOwner && IS_VARIABLE.test(each) ? { ...origin, value: '(set)' } : origin;
    return [{ key: each, text: textOf(each, shown.value), ...shown }];
  });
  return { config };
};

const IS_VARIABLE = /^runners\.[^.]+\.env(?:\.|$)/;

const textOf = (key: string, value: unknown): string => {
  if (typeof value === 'number' && isDurationKey(key)) return formatDuration(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** Sets one key in agent.yaml. Answers with what now holds: a variable still goes before the file. */
export const changeConfig = async (
  { home, outer: environment, caller }: Pick<App, 'home' | 'outer' | 'caller'>,
  key: string,
  value: string,
): Promise<ConfigDocument> => {
  requireAllowed(caller, 'config', { about: key, undone: 'Nothing was changed.' });
  await setConfig(home, key, value);
  return showConfig({ ...(await loadConfig({ home, environment })), caller }, key);
};

/** Whether a worker runs by what the config was when it began. Closes the queue. */
export const anyGoesOn = async (queue: Pick<Queue, 'workers' | 'close'>): Promise<boolean> => {
  const workers = await queue.workers();
  await queue.close();
  return workers.some(isLiving);
};

/** A key of koubou that has no value here is no mistake, and shows nothing. */
const refuseUnknown = async (loaded: Loaded, key: string): Promise<void> => {
  const { knownKeys } = await import('../../config/schema.ts');
  const path = key.split('.');
  const last = path.pop() ?? '';
  if (knownKeys(path, loaded.config).includes(last)) return;
  const known = [...knownKeys([], loaded.config), ...loaded.keys()];
  const guess = nearest(key, known);
  throw new KoubouError('usage', `${key} is no key of koubou.`, {
    hint: guess ? `Did you mean ${guess}?` : say`${action('config')} shows every key.`,
  });
};
