/** Spans of time for people: two units at most. Pure. */

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

/** `42s`, `5m 03s`, `2h 05m`, `3d 04h`. */
export const span = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  for (const [index, [unit, size]] of UNITS.entries()) {
    if (whole < size) continue;
    const [below, part] = UNITS[index + 1] ?? (['s', 1] as const);
    const rest = Math.floor((whole % size) / part);
    return `${Math.floor(whole / size)}${unit} ${String(rest).padStart(2, '0')}${below}`;
  }
  return `${whole}s`;
};

/** The largest unit alone: `42s`, `5m`, `2h`, `3d`. */
const coarse = (seconds: number): string => {
  const [unit, size] = UNITS.find(([, each]) => seconds >= each) ?? (['s', 1] as const);
  return `${Math.floor(seconds / size)}${unit}`;
};

/** `5m ago`, `in 2h`, `now`; empty where no time is given. */
export const relative = (iso: string | null | undefined, nowMs: number): string => {
  if (iso === null || iso === undefined) return '';
  const seconds = (nowMs - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return '';
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${coarse(seconds)} ago` : `in ${coarse(Math.ceil(-seconds))}`;
};

/** Seconds since a time, or null where it is unknown. */
export const secondsSince = (iso: string | null | undefined, nowMs: number): number | null =>
  iso === null || iso === undefined ? null : Math.max(0, (nowMs - Date.parse(iso)) / 1000);
