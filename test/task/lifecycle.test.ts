import assert from 'node:assert/strict';
import {
  type EventName,
  firstState,
  isEnded,
  nextState,
  STATES,
  type State,
  statusOf,
  TRANSITIONS,
} from '../../src/task/lifecycle.ts';
import fc from '../support/fast-check.ts';

const EVENTS: readonly EventName[] = [
  'claimed',
  'due',
  'unblocked',
  'succeeded',
  'gave_up',
  'try_later',
  'put_back',
  'cancelled',
  'parent_failed',
  'retried',
  'retried_blocked',
];
const events = fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 });
const starts = fc.record({ parents: fc.boolean(), notBefore: fc.boolean() });

describe('the states of a task', () => {
  it('are never left but by the table, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(starts, events, (has, sequence) => {
        let state: State = firstState(has);
        for (const event of sequence) {
          const next = nextState(state, event);
          assert.equal(next, TRANSITIONS[state][event]);
          if (next === undefined) continue;
          assert.ok(STATES.includes(next));
          state = next;
        }
      }),
    );
  });

  it('that are an end are only left by a retry', () => {
    fc.assert(
      fc.property(starts, events, (has, sequence) => {
        let state: State = firstState(has);
        for (const event of sequence) {
          const next = nextState(state, event);
          if (isEnded(state) && next !== undefined) assert.match(event, /^retried/);
          if (event.startsWith('retried') && next !== undefined) assert.ok(isEnded(state));
          state = next ?? state;
        }
      }),
    );
  });

  it('all lead to an end, and nothing runs that was not claimed', () => {
    for (const state of STATES) {
      const reached = new Set<State>([state]);
      for (let before = 0; before !== reached.size; ) {
        before = reached.size;
        for (const from of reached) for (const to of Object.values(TRANSITIONS[from])) reached.add(to);
      }
      assert.ok(reached.has('completed') && reached.has('failed'), state);
      for (const [event, to] of Object.entries(TRANSITIONS[state])) {
        if (to === 'in_progress') assert.deepEqual([state, event], ['pending', 'claimed']);
        if (to === 'completed') assert.deepEqual([state, event], ['in_progress', 'succeeded']);
      }
      if (!isEnded(state))
        assert.equal(nextState(state, 'cancelled'), 'failed', 'all that is open can be cancelled');
    }
  });

  it('show as four', () => {
    assert.deepEqual(
      STATES.map((state) => statusOf(state)),
      ['pending', 'pending', 'pending', 'in_progress', 'completed', 'failed'],
    );
    assert.equal(firstState({ parents: true, notBefore: true }), 'blocked');
    assert.equal(firstState({ parents: false, notBefore: true }), 'delayed');
    assert.equal(firstState({ parents: false, notBefore: false }), 'pending');
  });
});
