import type { Lease } from '../../src/process/lease.ts';

/** Of a task that stays this worker's, in a run that nobody ends and of which nothing is recorded. */
export const leaseFor = (over: Partial<Lease> = {}): Lease => ({
  marker: `test-${process.pid}/task.r1`,
  signal: new AbortController().signal,
  logPath: '/dev/null',
  assertOwned: async () => undefined,
  recordChild: async () => undefined,
  progress: () => undefined,
  ...over,
});
