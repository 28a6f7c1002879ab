const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * Seconds of a span of time as people write it: `90`, `30s`, `10m`, `2h`, `1d`, and `none` for 0. A bare
 * number is seconds. undefined for anything else, negative spans included.
 */
export const parseDuration = (written: unknown): number | undefined => {
  if (typeof written === 'number') return Number.isFinite(written) && written >= 0 ? written : undefined;
  if (typeof written !== 'string') return undefined;
  const text = written.trim();
  if (text === 'none') return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  return match ? Number(match[1]) * UNITS[(match[2] ?? 's') as keyof typeof UNITS] : undefined;
};

/** Seconds as `parseDuration` reads them back, in the largest unit that keeps the number whole. */
export const formatDuration = (seconds: number): string => {
  if (seconds === 0) return 'none';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (seconds % UNITS[unit] === 0) return `${seconds / UNITS[unit]}${unit}`;
  }
  return `${Math.round(seconds * 1000)}ms`;
};

/** Whether the value at a dotted key of the config is a span of time. */
export const isDurationKey = (key: string): boolean =>
  /^defaults\.timeout\.|_timeout$|\.unavailable_budget$|\.heartbeat_interval$/.test(key);
