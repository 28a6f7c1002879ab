/** Times as people write them after --at. Pure. */
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;
const DAY = /^(\d{4})-(\d{2})-(\d{2})(|[T ].*)$/s;

/**
 * Wall-clock milliseconds: an ISO time, `HH:MM` (local; tomorrow where it has passed today), `YYYY-MM-DD`
 * (local midnight), or any other date with a year that JavaScript reads. Throws `usage`.
 */
export const parseDueTime = (written: string, nowMs: number): number => {
  const text = written.trim();
  const clock = CLOCK.exec(text);
  if (clock) return nextClock(clock, nowMs) ?? refuse(written);
  const [, year = '', month = '', date = '', rest = ''] = DAY.exec(text) ?? [];
  if (year !== '') {
    const midnight = new Date(Number(year), Number(month) - 1, Number(date));
    const exists = midnight.getMonth() === Number(month) - 1 && midnight.getDate() === Number(date);
    if (!exists) return refuse(written);
    if (rest === '') return midnight.getTime();
  }
  // Without a year JavaScript finds a date in nearly anything: `10` is October 2001.
  const parsed = /\b\d{4}\b/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(parsed) || (year === '' && !namesDayOf(text, parsed)) ? refuse(written) : parsed;
};

/** JavaScript takes `30 Feb 2027` for the 2nd of March. A time zone in the text may move it by a day. */
const namesDayOf = (text: string, ms: number): boolean => {
  const numbers = text.match(/\d+/g)?.map(Number) ?? [];
  return [-1, 0, 1].some((days) => {
    const near = new Date(ms + days * 24 * 3600 * 1000);
    return numbers.includes(near.getDate()) && (days === 0 || /[+-]\d|Z|GMT|UTC/i.test(text));
  });
};

const nextClock = ([, hours, minutes, seconds]: RegExpExecArray, nowMs: number): number | undefined => {
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const due = new Date(nowMs);
  due.setHours(hour, minute, second, 0);
  // Not 24 hours: a day with a change of summer time has another length.
  if (due.getTime() <= nowMs) due.setDate(due.getDate() + 1);
  return due.getTime();
};

const refuse = (written: string): never => {
  const span = /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(written.trim());
  throw new KoubouError(
    'usage',
    say`${field('at')}: '${written}' is no time that koubou can read. Nothing was added.`,
    {
      hint: span
        ? say`For a time from now write ${field('in', written.trim())}.`
        : say`Write 14:30, 2026-11-01T14:30 or 2026-11-01T14:30:00Z; for a time from now, ${field('in', '10m')}.`,
    },
  );
};
