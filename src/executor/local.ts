/** Programs with the rights of the user, and nothing in their way. */
import { startProgram } from '../process/programs/start-program.ts';
import { stopTree } from '../process/programs/stop-tree.ts';
import type { Executor } from './executor.ts';

export const localExecutor: Executor = {
  kind: 'local',
  start: startProgram,
  stop: stopTree,
  mapPath: (path) => path,
};
