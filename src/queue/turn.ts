const OLDEST_EVERY = 8;

/** Each daemon's eighth claim takes the oldest task, so that a stream of urgent ones starves nobody. `claims`: of this daemon so far. */
export const isTurnOfOldest = (claims: number): boolean => claims % OLDEST_EVERY === OLDEST_EVERY - 1;
