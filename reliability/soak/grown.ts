/** Which daemons hold more and more. Pure. */
import type { Held } from './resources.ts';

/** A process comes to its size within minutes; only then a small growth says anything. */
const LIMITS = [
  { fromSeconds: 900, megabytes: 24, files: 6 },
  { fromSeconds: 0, megabytes: 48, files: 12 },
];
/** Whatever its course: no daemon that has so few slots needs more. */
const MOST_MEGABYTES = 400;
const MOST_FILES = 120;

export const grown = (held: readonly Held[], seconds: number): string[] =>
  held.flatMap(({ name, memory, files }) => {
    const limit = LIMITS.find(({ fromSeconds }) => seconds >= fromSeconds) ?? { megabytes: 0, files: 0 };
    const found: string[] = [];
    if (Math.max(memory.growth, memory.end - memory.begin) > limit.megabytes || memory.end > MOST_MEGABYTES) {
      found.push(`the memory of ${name} grew from ${memory.begin.toFixed(0)} to ${memory.end.toFixed(0)} MB`);
    }
    if (Math.max(files.growth, files.end - files.begin) > limit.files || files.end > MOST_FILES) {
      found.push(`the open files of ${name} grew from ${files.begin} to ${files.end}`);
    }
    return found;
  });
