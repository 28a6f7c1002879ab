/**
 * The states of a task, and the only door through which a state changes.
 *
 * `pending`, `delayed` and `blocked` all show as status `pending`; they differ in what they wait for.
 */

export const STATES = ['pending', 'delayed', 'blocked', 'in_progress', 'completed', 'failed'] as const;
export type State = (typeof STATES)[number];

export type Status = 'pending' | 'in_progress' | 'completed' | 'failed';

export type EventName =
  | 'claimed'
  | 'due'
  | 'unblocked'
  | 'succeeded'
  | 'gave_up'
  | 'try_later'
  | 'put_back'
  | 'cancelled'
  | 'parent_failed'
  | 'retried'
  | 'retried_blocked';

/** For each state, the events it may meet and the state each leads to. What is not here cannot happen. */
export const TRANSITIONS: Readonly<Record<State, Readonly<Partial<Record<EventName, State>>>>> = {
  pending: { claimed: 'in_progress', cancelled: 'failed' },
  delayed: { due: 'pending', cancelled: 'failed' },
  blocked: { unblocked: 'pending', try_later: 'delayed', parent_failed: 'failed', cancelled: 'failed' },
  in_progress: {
    succeeded: 'completed',
    gave_up: 'failed',
    try_later: 'delayed',
    put_back: 'pending',
    cancelled: 'failed',
  },
  completed: { retried: 'pending', retried_blocked: 'blocked' },
  failed: { retried: 'pending', retried_blocked: 'blocked' },
};

/** The state after `event`, or undefined where the table does not allow it. */
export const nextState = (state: State, event: EventName): State | undefined => TRANSITIONS[state][event];

/** Where a new task starts. */
export const firstState = (has: { parents: boolean; notBefore: boolean }): State =>
  has.parents ? 'blocked' : has.notBefore ? 'delayed' : 'pending';

export const isEnded = (state: State): boolean => state === 'completed' || state === 'failed';

export const statusOf = (state: State): Status =>
  state === 'delayed' || state === 'blocked' ? 'pending' : state;
