/**
 * koubou as a library: the queue of a home, its record, and its errors.
 *
 *     import { openQueue } from 'koubou';
 *     const queue = openQueue({ home: '/path/to/.koubou' });
 *     for (const task of await queue.list({ states: ['failed'] })) console.log(task.task_id);
 */
export { ERROR_CODES, type ErrorCode, type ErrorInfo, KoubouError } from './errors.ts';
export { createFileHome, type OpenOptions, openQueue } from './queue/open.ts';
export type * from './queue/queue.ts';
export type { State, Status } from './task/lifecycle.ts';
export type {
  Attempt,
  NewTask,
  TaskFile,
  TaskOptions,
  TaskRecord,
  TaskResult,
  TaskType,
} from './task/record.ts';
