/** What is to be expected of a task that has not ended: whether waiting for it can come to an end. */
import type { ErrorInfo } from '../../errors.ts';
import type { Queue } from '../../queue/queue.ts';
import { isEnded, isWaiting, type WaitingState } from '../../task/lifecycle.ts';
import type { TaskRecord } from '../../task/record.ts';
import type { Unserved } from '../workers/health.ts';

export type WaitForecast =
  /** A worker has something to do for it now. */
  | { kind: 'moving' }
  /** It goes on by itself while somebody has the patience to wait; no worker could do anything for it yet. */
  | { kind: 'soon'; why?: string }
  /** It waits for a time that is too far away, or for a task that does. */
  | { kind: 'held'; why: string }
  /** Nothing can serve it now. */
  | { kind: 'unserved'; error: ErrorInfo };

export interface ForecastDeps {
  queue: Pick<Queue, 'state' | 'get'>;
  unserved: Unserved;
  nowMs: number;
  /** Wall-clock milliseconds up to which a due time is worth waiting for. */
  untilMs: number;
}

/** A worker promotes what is due this soon before anyone could start another. */
const DUE_NOW_MS = 1000;

const MOVING: WaitForecast = { kind: 'moving' };

/** `known` holds the answers of one look: many children may share a parent. */
export const forecastOf = async (
  id: string,
  parts: ForecastDeps,
  known = new Map<string, WaitForecast>(),
): Promise<WaitForecast> => {
  const before = known.get(id);
  if (before) return before;
  known.set(id, MOVING);
  const outlook = await look(id, parts, known);
  known.set(id, outlook);
  return outlook;
};

const look = async (
  id: string,
  parts: ForecastDeps,
  known: Map<string, WaitForecast>,
): Promise<WaitForecast> => {
  const state = await parts.queue.state(id);
  if (state === undefined || !isWaiting(state)) return MOVING;
  const record = await parts.queue.get(id);
  if (record === undefined) return MOVING;
  return FORECASTS[state](record, parts, known);
};

const ready = async (record: TaskRecord, { unserved }: ForecastDeps): Promise<WaitForecast> => {
  const error = await unserved(record);
  if (error === null) return MOVING;
  if (record.attempts.length === 0) return { kind: 'unserved', error };
  // A server that was there before has broken down, and tasks have patience with that.
  return { kind: 'soon', why: `Waiting for the server of ${record.task_id}: ${error.message}` };
};

const delayed = async (record: TaskRecord, parts: ForecastDeps): Promise<WaitForecast> => {
  const { nowMs, untilMs } = parts;
  const dueMs = Date.parse(record.due_at ?? record.not_before ?? '');
  if (!(dueMs > nowMs + DUE_NOW_MS)) return ready(record, parts);
  // A retry in back-off has been tried; --in and --at have not.
  if (dueMs <= untilMs || record.attempts.length > 0) return { kind: 'soon' };
  return { kind: 'held', why: `is not due before ${new Date(dueMs).toISOString()}` };
};

const blocked = async (
  record: TaskRecord,
  parts: ForecastDeps,
  known: Map<string, WaitForecast>,
): Promise<WaitForecast> => {
  let outlook: WaitForecast | undefined;
  for (const parent of [...record.after, ...record.after_any]) {
    const state = await parts.queue.state(parent);
    if (state === undefined || isEnded(state)) continue;
    const found = await forecastOf(parent, parts, known);
    if (found.kind === 'unserved') return found;
    if (found.kind === 'held') return { kind: 'held', why: `waits for ${parent}, which ${found.why}` };
    if (outlook?.kind !== 'moving') outlook = found;
  }
  return outlook ?? MOVING;
};

const FORECASTS: Readonly<
  Record<
    WaitingState,
    (record: TaskRecord, parts: ForecastDeps, known: Map<string, WaitForecast>) => Promise<WaitForecast>
  >
> = { pending: ready, delayed, blocked };
