/** Ends a process that cannot end by itself. */
import { spawn } from 'node:child_process';

const PATIENCE_SECONDS = 3;

/**
 * Has this process killed if it has not ended in three seconds: a system call that hangs (on a network disk that is gone)
 * keeps one of its threads, and the end of a process waits for all of them.
 */
export const endHard = (): void => {
  const program = spawn('sh', ['-c', `sleep ${PATIENCE_SECONDS}; kill -9 ${process.pid}`], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  });
  program.on('error', () => undefined);
  program.unref();
};
