/** Which tasks a command means. */
import type { Principal } from '../../access/principal.ts';
import { KoubouError } from '../../errors.ts';
import type { Queue } from '../../queue/queue.ts';
import { action, actionLine, field, say } from '../../say/say.ts';
import { isTaskId } from '../../task/id.ts';

export interface Selection {
  /** Ids, parts of ids, or `last`. */
  references: readonly string[];
  labels: Readonly<Record<string, string>>;
  /** As of resolveTask. */
  tellOther?: TellOther;
}

/** Told whose task `last` is where the caller added none. */
export type TellOther = (id: string, createdBy: string) => void;

export interface SelectFrom {
  queue: Pick<Queue, 'state' | 'find' | 'list' | 'get'>;
  /** Whose newest task is `last`. */
  caller: { principal: Pick<Principal, 'name'> };
}

const SHORTEST = 4;
const CANDIDATES = 8;

/**
 * Full ids of tasks that exist, each once, in the order they were named (by label: oldest first). Without any
 * reference or label, the caller's newest. Throws `no_such_task`, and `usage` for what could be several.
 */
export const selectTasks = async (app: SelectFrom, selection: Selection): Promise<string[]> => {
  const { references, labels } = selection;
  if (Object.keys(labels).length > 0) {
    if (references.length === 0) return byLabels(app, labels);
    throw new KoubouError('usage', say`Tasks are named either by id or by ${field('label')}, not by both.`);
  }
  const ids: string[] = [];
  for (const reference of references.length === 0 ? ['last'] : references) {
    ids.push(await resolveTask(app, reference, selection.tellOther));
  }
  return [...new Set(ids)];
};

/**
 * The full id that one reference means. `last` is the caller's newest task; with `tellOther` the newest of all where the
 * caller added none, which is for commands that only look.
 */
export const resolveTask = async (
  app: SelectFrom,
  reference: string,
  tellOther?: TellOther,
): Promise<string> => {
  const text = reference.trim();
  const { queue } = app;
  if (text === 'last') return lastOf(app, tellOther);
  if (isTaskId(text)) {
    if ((await queue.state(text)) !== undefined) return text;
    throw new KoubouError('no_such_task', `There is no task ${text}.`);
  }
  if (text.length < SHORTEST) {
    throw new KoubouError('usage', `'${text}' is too short to name a task.`, {
      hint: say`Give its id, ${SHORTEST} letters of it or more, or last. ${action('list')} shows the tasks.`,
    });
  }
  const found = await queue.find(text, CANDIDATES + 1);
  const [only] = found;
  if (only === undefined) throw new KoubouError('no_such_task', `There is no task with '${text}' in its id.`);
  if (found.length === 1) return only;
  const shown = found.slice(0, CANDIDATES).join(', ');
  throw new KoubouError(
    'usage',
    `'${text}' could be any of ${shown}${found.length > CANDIDATES ? ', and more' : ''}.`,
    { hint: 'Give more letters of the id that you mean.' },
  );
};

const lastOf = async ({ queue, caller }: SelectFrom, tellOther?: TellOther): Promise<string> => {
  const createdBy = caller.principal.name;
  let newest: { id: string; createdBy: string } | undefined;
  for (const id of await queue.find('task_', Number.MAX_SAFE_INTEGER)) {
    const by = (await queue.get(id))?.created_by;
    if (by === createdBy) return id;
    if (by !== undefined) newest ??= { id, createdBy: by };
  }
  if (newest !== undefined && tellOther !== undefined) {
    tellOther(newest.id, newest.createdBy);
    return newest.id;
  }
  throw new KoubouError(
    'no_such_task',
    newest === undefined ? 'There are no tasks here yet.' : `No task was added by ${createdBy} yet.`,
    newest === undefined ? { hint: say`Add one: ${actionLine('delegate', 'Say hello')}` } : {},
  );
};

const byLabels = async (
  { queue }: SelectFrom,
  labels: Readonly<Record<string, string>>,
): Promise<string[]> => {
  const ids = (await queue.list({ labels })).map(({ task_id }) => task_id);
  if (ids.length > 0) return ids.reverse();
  const wanted = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  throw new KoubouError('no_such_task', `No task has the label ${wanted.join(' and ')}.`);
};
