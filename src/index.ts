/**
 * koubou as a library: the queue of a home, its record, and its errors.
 *
 *     import { openQueue } from 'koubou';
 *     const queue = openQueue({ home: '/path/to/.koubou' });
 *     for (const task of await queue.list({ states: ['failed'] })) console.log(task.task_id);
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeOwnHome } from './app/own-home.ts';
import { processVariables } from './config/environment.ts';
import { stateFolder } from './config/paths.ts';
import { trustOf } from './home/signature.ts';
import { createFileHome as makeFileHome, openQueue as openFileQueue } from './queue/open.ts';
import type { Queue } from './queue/queue.ts';

export { ERROR_CODES, type ErrorCode, type ErrorInfo, KoubouError } from './errors.ts';
export type * from './queue/queue.ts';
export type { TaskType } from './task/fields/types.ts';
export type { State, Status } from './task/lifecycle.ts';
export type {
  Attempt,
  NewTask,
  TaskFile,
  TaskOptions,
  TaskRecord,
  TaskResult,
} from './task/record.ts';

export interface OpenOptions {
  /** Absolute. */
  home: string;
}

/**
 * The queue of a home. Throws `no_home` where there is none. Only a home that this user made, or trusted with
 * `koubou trust`, can be worked with: in any other one the queue only looks, and what would change something rejects with
 * `untrusted_home`.
 */
export const openQueue = ({ home }: OpenOptions): Queue => {
  const path = resolve(home);
  const trust = existsSync(path) ? trustOf(path, stateFolder(processVariables())) : undefined;
  return openFileQueue({ home: path, seal: trust?.trusted === true ? trust.seal : undefined });
};

/**
 * Makes a home of this user's own, or whatever folders of it are missing; durable. Throws `usage` on native Windows and
 * on a network file system unless that is allowed; `conflict` where something else lies in its place, and where
 * XDG_STATE_HOME cannot be written; `untrusted_home` for one that
 * is somebody else's. Then nothing was made.
 */
export const createFileHome = async (
  home: string,
  options: { allowNetworkFs: boolean },
): Promise<{ made: string[] }> =>
  makeOwnHome({
    home: resolve(home),
    environment: processVariables(),
    openQueue: openFileQueue,
    makeHome: makeFileHome,
    ...options,
  });
