/** Whether what a process holds (memory, open files) stays the same in the long run. Pure. */

export interface Sample {
  atMs: number;
  value: number;
}

export interface Course {
  /** Lows after the warm-up, and at the end. */
  begin: number;
  end: number;
  /** What it grew by in the time between, by the slope of its lows. */
  growth: number;
}

/** The first part of the time, in which a process comes to its size. */
const WARM_UP = 0.35;
const WINDOWS = 40;

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/**
 * Of each window of time only the lowest value counts: what is held for a task goes with it, what is lost never does.
 * The slope is the median of the slopes between all pairs of them (Theil and Sen), which a few odd ones do not move.
 */
export const courseOf = (samples: readonly Sample[]): Course => {
  const [first, last] = [samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0];
  const from = first + (last - first) * WARM_UP;
  const width = Math.max(1, (last - from) / WINDOWS);
  const lows = new Map<number, Sample>();
  for (const sample of samples) {
    if (sample.atMs < from) continue;
    const window = Math.min(WINDOWS - 1, Math.floor((sample.atMs - from) / width));
    const low = lows.get(window);
    if (low === undefined || sample.value < low.value) lows.set(window, sample);
  }
  const points = [...lows.values()];
  const slopes = points.flatMap((a, index) =>
    points.slice(index + 1).map((b) => (b.value - a.value) / Math.max(1, b.atMs - a.atMs)),
  );
  const share = Math.max(1, Math.ceil(points.length / 5));
  const low = (part: readonly Sample[]): number => median(part.map(({ value }) => value));
  return {
    begin: low(points.slice(0, share)),
    end: low(points.slice(-share)),
    growth: slopes.length === 0 ? 0 : median(slopes) * (last - from),
  };
};
