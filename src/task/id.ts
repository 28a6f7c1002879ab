/**
 * Task ids: `task_YYYYMMDD_HHMMSS_UUUUUU_RRRR`, UTC to the microsecond and four letters of lower-case
 * Crockford base32. Ids made by one process rise strictly; ids sort by age.
 */

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';
const PATTERN = /^task_(\d{4})(\d{2})(\d{2})_(\d{6})_(\d{6})_[0-9a-hjkmnp-tv-z]{4}$/;

export const isTaskId = (text: string): boolean => PATTERN.test(text);

/** The day folder of an id, YYYY-MM-DD. The id must be valid. */
export const dayOf = (id: string): string => `${id.slice(5, 9)}-${id.slice(9, 11)}-${id.slice(11, 13)}`;

/** Sorts before every id that is made from then on, wall-clock milliseconds, and after those made before. */
export const firstIdAt = (ms: number): string => {
  const iso = new Date(Math.max(0, ms)).toISOString();
  const [day, time] = [iso.slice(0, 10).replaceAll('-', ''), iso.slice(11, 19).replaceAll(':', '')];
  return `task_${day}_${time}_${iso.slice(20, 23)}000`;
};

/** Makes ids. `nowMs` is wall-clock milliseconds, `random` gives n random bytes. */
export class IdSource {
  readonly #nowMs: () => number;
  readonly #random: (bytes: number) => Uint8Array;
  #lastMicroseconds = 0;

  constructor(nowMs: () => number, random: (bytes: number) => Uint8Array) {
    this.#nowMs = nowMs;
    this.#random = random;
  }

  next(): string {
    // A clock set back must not make a later id sort before an earlier one of the same process.
    const microseconds = Math.max(Math.floor(this.#nowMs() * 1000), this.#lastMicroseconds + 1);
    this.#lastMicroseconds = microseconds;
    const iso = new Date(Math.floor(microseconds / 1000)).toISOString();
    const day = iso.slice(0, 10).replaceAll('-', '');
    const time = iso.slice(11, 19).replaceAll(':', '');
    const fraction = String(microseconds % 1_000_000).padStart(6, '0');
    const letters = Array.from(this.#random(4), (byte) => CROCKFORD[byte % 32]).join('');
    return `task_${day}_${time}_${fraction}_${letters}`;
  }
}
