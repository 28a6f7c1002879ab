/** From what somebody asks for to the task, and when two ask for the same: rules of adding, whatever keeps the tasks. */
import { isDeepStrictEqual } from 'node:util';
import { KoubouError } from '../errors.ts';
import { field, say } from '../say/say.ts';
import { MAX_TASK_BYTES, type NewTask, parseTaskFile, RECORD_VERSION, type TaskFile } from './record.ts';

/** Throws `usage` that says which field is wrong. `nowMs`: wall-clock milliseconds. */
export const taskOf = (asked: NewTask, id: string, nowMs: number): TaskFile =>
  parseTaskFile({
    ...asked,
    version: RECORD_VERSION,
    task_id: id,
    created_at: new Date(nowMs).toISOString(),
  });

/** `content`: the task as it is kept. Throws `usage`. */
export const requireFits = (content: string): void => {
  if (Buffer.byteLength(content) <= MAX_TASK_BYTES) return;
  throw new KoubouError('usage', `The task has over ${MAX_TASK_BYTES / 1024 / 1024} MB; nothing was added.`, {
    hint: say`Put the text into files and pass them with ${field('file')}.`,
  });
};

export const unknownParent = (id: string): KoubouError =>
  new KoubouError('no_such_task', `There is no task ${id} to wait for; nothing was added.`);

/** Throws `key_conflict` where two tasks that are added together have one key. */
export const requireOwnKeys = (tasks: readonly Pick<TaskFile, 'key'>[]): void => {
  const keys = new Set<string>();
  for (const { key } of tasks) {
    if (key === null) continue;
    if (keys.has(key)) {
      throw new KoubouError(
        'key_conflict',
        `The key ${JSON.stringify(key)} is used twice; nothing was added.`,
      );
    }
    keys.add(key);
  }
};

/** Throws `key_conflict` where the holder of a key asks for something else. */
export const requireSameTask = (key: string, asked: TaskFile, holder: TaskFile): void => {
  if (isDeepStrictEqual(comparable(asked), comparable(holder))) return;
  throw new KoubouError(
    'key_conflict',
    `The key ${JSON.stringify(key)} belongs to ${holder.task_id}, which asks for something else; nothing was added.`,
  );
};

// Who asked, when, with which PATH, what the files held then and where names led are not what was asked for. A relative time (--in) is a
// new absolute one at each call, so its value does not count either, and the label of a batch is new when
// one of its other lines is.
const comparable = (task: TaskFile): unknown => {
  const asked = JSON.parse(JSON.stringify(task)) as TaskFile;
  for (const field of ['task_id', 'created_at', 'created_by']) delete asked[field];
  const { not_before, files } = asked;
  delete asked.labels['batch'];
  delete asked.places;
  delete asked.environment;
  return { ...asked, not_before: not_before !== null, files: files.map((file) => file.path) };
};
