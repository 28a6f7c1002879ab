/**
 * The states of a task, what every part of koubou asks of one, and the only door through which a state changes. A new
 * state is a row here; docs/how-it-works.md lists what else it costs.
 */

interface StateRow {
  /** As records show it. A state of another name is shown beside it, as what the task waits for. */
  status: string;
  /** Whether a worker has the task, and whether it has ended. */
  phase: 'waiting' | 'running' | 'ended';
  /** Whether a task waits for a time in it, which its file name begins with. */
  timed?: true;
}

/** In the order in which tasks go on. */
const STATE_ROWS = {
  pending: { status: 'pending', phase: 'waiting' },
  delayed: { status: 'pending', phase: 'waiting', timed: true },
  blocked: { status: 'pending', phase: 'waiting' },
  in_progress: { status: 'in_progress', phase: 'running' },
  completed: { status: 'completed', phase: 'ended' },
  failed: { status: 'failed', phase: 'ended' },
} as const satisfies Record<string, StateRow>;

type Rows = typeof STATE_ROWS;
export type State = keyof Rows;
export type Status = Rows[State]['status'];
type InPhase<Phase extends StateRow['phase']> = {
  [S in State]: Rows[S]['phase'] extends Phase ? S : never;
}[State];
export type EndedState = InPhase<'ended'>;
export type WaitingState = InPhase<'waiting'>;
/** Those that records show under the status of another state. */
export type PartState = Exclude<State, Status>;

const rowOf = (state: State): StateRow => STATE_ROWS[state];

export const isEnded = (state: State): state is EndedState => rowOf(state).phase === 'ended';
export const isWaiting = (state: State): state is WaitingState => rowOf(state).phase === 'waiting';
export const isTimed = (state: State): boolean => rowOf(state).timed === true;

export const statusOf = (state: State): Status => STATE_ROWS[state].status;
const isPart = (state: State): state is PartState => statusOf(state) !== state;

export const STATES = Object.keys(STATE_ROWS) as readonly State[];
export const ENDED_STATES = STATES.filter(isEnded);
export const WAITING_STATES = STATES.filter(isWaiting);
export const PART_STATES = STATES.filter(isPart);
export const STATUSES = [...new Set(STATES.map(statusOf))];

/** How many tasks can be taken now, of counts by status and by part. */
export const readyIn = (counts: Readonly<Record<'pending' | PartState, number>>): number =>
  counts.pending -
  PART_STATES.filter((state) => statusOf(state) === 'pending').reduce((sum, state) => sum + counts[state], 0);

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
