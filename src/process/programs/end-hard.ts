/** Ends a process that cannot end by itself. */
import { spawn } from 'node:child_process';
import { SYSTEM_PATH } from './find-program.ts';

const PATIENCE_SECONDS = 3;

/**
 * Has this process killed if it has not ended in three seconds: a system call that hangs (on a network disk that is gone)
 * keeps one of its threads, and the end of a process waits for all of them.
 */
export const endHard = (): void => {
  const program = spawn('/bin/sh', ['-c', `sleep ${PATIENCE_SECONDS}; kill -9 ${process.pid}`], {
    cwd: '/',
    env: { PATH: SYSTEM_PATH },
    detached: true,
    stdio: 'ignore',
  });
  program.on('error', () => undefined);
  program.unref();
};
