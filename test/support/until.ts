/** Waits for conditions, never for a time. */
import { setTimeout as delay } from 'node:timers/promises';

/** The first answer of `condition` that is neither false nor undefined nor null. Throws after `maxMs`, saying `what`. */
export const until = async <T>(
  condition: () => T | Promise<T>,
  what = 'the condition',
  maxMs = 20_000,
): Promise<Exclude<T, false | undefined | null>> => {
  const end = Date.now() + maxMs;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== undefined && answer !== null) {
      return answer as Exclude<T, false | undefined | null>;
    }
    if (Date.now() > end) throw new Error(`${what} did not come within ${maxMs} ms`);
    await delay(5);
  }
};
