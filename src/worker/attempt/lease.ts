/** What an attempt has of its task: the claim's rights and records, and the attempt's own clock. */
import { KoubouError } from '../../errors.ts';
import type { Lease } from '../../process/lease.ts';
import type { Claim, Member } from '../../queue/queue.ts';

export const leaseOf = (
  member: Pick<Member, 'ownsLease' | 'recordChild'>,
  claim: Claim,
  attempt: Pick<Lease, 'signal' | 'progress'>,
): Lease => ({
  ...attempt,
  marker: claim.marker,
  folder: claim.lease,
  logPath: claim.scratch.logPath,
  assertOwned: async () => {
    // A worker that was stopped for long and taken for dead does not know it yet when it goes on.
    if (await member.ownsLease(claim)) return;
    throw new KoubouError('worker_lost', 'The task was given to another worker.');
  },
  recordChild: (child) => member.recordChild(claim, child),
});
