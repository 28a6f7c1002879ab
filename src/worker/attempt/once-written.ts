/** Waits with what has to be written until it can be: an outcome is kept in memory where the disk is full. */
import { mayPass } from '../../errors.ts';
import type { Clock } from '../../process/clock.ts';

export interface Waiting {
  clock: Clock;
  /** Told why nothing can be written yet, so that nothing new is claimed meanwhile; null once it is. */
  outcomeWaits: (why: string | null) => void;
  /** Ended when nobody may wait any longer for that. */
  giveUp: AbortSignal;
}

const RETRY_MS = 1000;

/** Rejects with what does not pass, and with everything after `giveUp`. */
export const onceWritten = async <T>(
  { clock, outcomeWaits, giveUp }: Waiting,
  write: () => Promise<T>,
): Promise<T> => {
  for (;;) {
    try {
      const written = await write();
      outcomeWaits(null);
      return written;
    } catch (error) {
      const why = mayPass(error);
      if (why === undefined || giveUp.aborted) throw error;
      outcomeWaits(why);
      // The last try is made at once when nobody may wait any longer.
      await clock.sleep(RETRY_MS, giveUp);
    }
  }
};
