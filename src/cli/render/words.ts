/** How ids, states and amounts are written in tables. Pure. */
import type { TaskRecord } from '../../task/record.ts';
import type { Colour } from './screen.ts';

/** What a reference must have at least, so that it can be typed back. */
const LEAST = 4;

/** For each id the shortest of its endings that no other id of these has anywhere in it. */
export const shortNames = (ids: readonly string[]): Map<string, string> => {
  const all = new Set(ids);
  const holders = new Map<string, number>();
  for (const id of all) {
    const parts = new Set<string>();
    for (let at = 0; at + LEAST <= id.length; at += 1) parts.add(id.slice(at, at + LEAST));
    for (const part of parts) holders.set(part, (holders.get(part) ?? 0) + 1);
  }
  const nameOf = (id: string): string => {
    if ((holders.get(id.slice(-LEAST)) ?? 0) <= 1) return id.slice(-LEAST);
    const others = [...all].filter((other) => other !== id);
    for (let length = LEAST + 1; length < id.length; length += 1) {
      const tail = id.slice(-length);
      if (!others.some((other) => other.includes(tail))) return tail;
    }
    return id;
  };
  return new Map([...all].map((id) => [id, nameOf(id)]));
};

/** The status, or what a pending task waits for. */
export const stateWord = (record: Pick<TaskRecord, 'status' | 'waiting' | 'result'>): string => {
  if (record.result?.error?.code === 'cancelled') return 'cancelled';
  if (record.status === 'in_progress') return record.waiting === 'worker' ? 'silent' : 'running';
  if (record.waiting === 'endpoint') return 'pending (endpoint down)';
  if (record.waiting === 'permit') return 'pending (its turn)';
  return record.waiting ?? record.status;
};

export const stateColour = (record: Pick<TaskRecord, 'status' | 'waiting'>): Colour =>
  record.waiting === 'worker'
    ? 'yellow'
    : ({ pending: 'yellow', in_progress: 'cyan', completed: 'green', failed: 'red' } as const)[record.status];

/** What a task is about: the prompt, or the program. */
export const subject = (record: Pick<TaskRecord, 'prompt' | 'command' | 'type'>): string =>
  record.type === 'command' && record.command.length > 0 ? record.command.join(' ') : record.prompt;

/** `950`, `1.2k`, `34M`. */
export const amount = (count: number): string => {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (count < size) continue;
    const value = count / size;
    return `${value < 10 ? (Math.floor(value * 10) / 10).toString() : Math.floor(value)}${unit}`;
  }
  return String(count);
};

/** LABEL-PID of a worker's long name: enough to tell daemons of one home apart. */
export const shortWorker = (workerId: string): string => {
  const match = /^(.+)-[0-9a-f]{8}-(\d+)-[^-]+-[0-9a-f]+$/.exec(workerId);
  return match === null ? workerId : `${match[1]}-${match[2]}`;
};
