/** Which faults are put where. */
import { seeded } from '../../test/support/seeded.ts';
import type { Call } from '../../test/support/strace.ts';
import type { Fault, Point } from './inject.ts';

/** Calls that may find no room: they write, or make a name. */
const TAKES_ROOM = [
  'write',
  'pwrite64',
  'writev',
  'fsync',
  'fdatasync',
  'ftruncate',
  'fallocate',
  'mkdir',
  'mkdirat',
  'link',
  'linkat',
  'rename',
  'renameat',
  'renameat2',
  'unlink',
  'unlinkat',
  'rmdir',
];
const OPENS = ['open', 'openat', 'openat2', 'creat'];

const faultsOf = ({ call, makes }: Call): Fault[] => [
  'SIGKILL',
  'EIO',
  ...(TAKES_ROOM.includes(call) || makes ? (['ENOSPC'] as const) : []),
  ...(OPENS.includes(call) ? (['EMFILE'] as const) : []),
];

export const pointsOf = (calls: readonly Call[]): Point[] =>
  calls.flatMap((call) =>
    faultsOf(call).flatMap((fault): Point[] =>
      fault === 'SIGKILL'
        ? [{ call, fault, after: 'dies' }]
        : [
            { call, fault, after: 'dies' },
            { call, fault, after: 'lives' },
          ],
    ),
  );

/** One of every other kind of call and fault, chosen by the seed: of two scenarios that follow each other, one has each kind. */
export const sample = (points: readonly Point[], seed: number, nth: number): Point[] => {
  const random = seeded(seed + nth);
  const groups = Map.groupBy(points, ({ call, fault }) => `${call.call} ${fault}`);
  const kinds = [...groups.keys()].sort().filter((_, at) => at % 2 === nth % 2);
  return kinds.map((kind) => {
    const group = groups.get(kind) ?? [];
    return group[Math.floor(random() * group.length)] as Point;
  });
};
