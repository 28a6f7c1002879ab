/** Signals to a process that was recorded earlier: never to another that has got its number since. */
import { KoubouError, systemCode } from '../../errors.ts';
import { startTimeOf } from '../liveness.ts';

export interface RecordedProcess {
  pid: number;
  startTime: string;
}

export const isAlive = ({ pid, startTime }: RecordedProcess): boolean => startTimeOf(pid) === startTime;

/** False where it is gone. Throws `not_allowed` where it belongs to somebody else. */
export const sendSignal = (to: RecordedProcess, name: NodeJS.Signals): boolean => {
  if (!isAlive(to)) return false;
  try {
    process.kill(to.pid, name);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'ESRCH') return false;
    throw new KoubouError(
      'not_allowed',
      `Process ${to.pid} could not be sent ${name}: it is somebody else's.`,
      {
        hint: 'Do it as the user who started it.',
        cause,
      },
    );
  }
};
