import assert from 'node:assert/strict';
import { ERROR_CODES, type ErrorCode } from '../../src/errors.ts';
import { type Budget, DEFAULT_BUDGET, decide } from '../../src/task/budget.ts';
import { nextState } from '../../src/task/lifecycle.ts';
import type { RunOutcome } from '../../src/task/record.ts';
import { outcomeAt } from '../support/builders.ts';
import fc from '../support/fast-check.ts';

const HOUR = 3600;
const codes = Object.keys(ERROR_CODES) as ErrorCode[];

const budgets = fc.record({
  retries: fc.nat(5),
  workerLost: fc.nat(12),
  unavailableSeconds: fc.nat(2 * HOUR),
  retriesSaid: fc.boolean(),
  chain: fc.option(
    fc.record({
      runners: fc.subarray(['small', 'bigger', 'biggest']),
      handBack: fc.boolean(),
    }),
  ),
});
const randoms = fc.double({ min: 0, max: 0.999999, noNaN: true });
// Deliberate stops are the daemon's will and have no budget: nobody can be asked to stop it less often.
const failing = fc.constantFrom(...codes.filter((code) => code !== 'worker_stopped'));

describe('what happens after a run', () => {
  it('comes to an end, whatever goes wrong in whatever order, within its budgets', () => {
    fc.assert(
      fc.property(
        budgets,
        fc.infiniteStream(fc.tuple(failing, randoms, fc.option(fc.nat(2 * HOUR), { nil: null }))),
        (budget: Budget, world) => {
          const outcomes: RunOutcome[] = [];
          let now = Date.parse('2026-01-01T00:00:00Z');
          let unavailable = 0;
          for (const [code, random, retryAfter] of world) {
            // A run takes a second at least; that is what ends a wait for an endpoint that is down.
            now += 1000;
            outcomes.push(outcomeAt(now, code, { runner: 'small', retry_after: retryAfter }));
            const decision = decide(outcomes, budget, () => random);
            assert.ok(nextState('in_progress', decision.event), decision.event);
            if (['runner_unavailable', 'endpoint_busy', 'disk_full', 'unknown'].includes(code))
              unavailable += 1;
            if (decision.event === 'gave_up' || decision.event === 'cancelled') break;
            if (decision.event === 'try_later') now += decision.seconds * 1000;
            const charged = outcomes.filter((outcome) => outcome.charged).length;
            const lost = outcomes.filter((outcome) => outcome.error?.code === 'worker_lost').length;
            const steps = budget.retriesSaid ? 0 : (budget.chain?.runners.length ?? 0);
            assert.ok(charged <= budget.retries + steps, 'no more charged errors than retries and steps up');
            assert.ok(lost <= budget.workerLost);
            const stretches = budget.retries + steps + budget.workerLost + 1;
            const most = stretches * (budget.unavailableSeconds + 2);
            assert.ok(unavailable <= most, 'it does not wait for ever');
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives up exactly when the retries are spent', () => {
    fc.assert(
      fc.property(budgets, randoms, (budget, random) => {
        const outcomes: RunOutcome[] = [];
        for (let run = 0; run <= budget.retries; run += 1) {
          outcomes.push(outcomeAt(run * 1000, 'exit_nonzero'));
          const { event } = decide(outcomes, budget, () => random);
          assert.equal(event, run < budget.retries ? 'try_later' : 'gave_up');
        }
      }),
    );
  });

  it('never charges what is not charged', () => {
    const uncharged = codes.filter((code) => ERROR_CODES[code].retried && !ERROR_CODES[code].charged);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...uncharged), { maxLength: 9 }),
        fc.nat(3),
        randoms,
        (between, retries, random) => {
          const budget = { ...DEFAULT_BUDGET, retries };
          const outcomes: RunOutcome[] = [];
          for (let run = 0; run <= retries; run += 1) {
            for (const code of between) {
              outcomes.push(outcomeAt(0, code));
              if (outcomes.filter((outcome) => outcome.error?.code === 'worker_lost').length > 10) return;
              assert.notEqual(decide(outcomes, budget, () => random).event, 'gave_up', code);
            }
            outcomes.push(outcomeAt(0, 'exit_nonzero'));
            const { event } = decide(outcomes, budget, () => random);
            assert.equal(event, run < retries ? 'try_later' : 'gave_up');
          }
        },
      ),
    );
  });

  it('waits a bounded time that grows, and never less than the server asked for', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<ErrorCode>('exit_nonzero', 'endpoint_busy', 'worker_lost'),
        fc.integer({ min: 1, max: 40 }),
        fc.option(fc.integer({ min: 0, max: 4 * HOUR }), { nil: null }),
        randoms,
        (code, count, retryAfter, random) => {
          const budget = { retries: 99, workerLost: 99, unavailableSeconds: HOUR };
          const outcomes = Array.from({ length: count }, () =>
            outcomeAt(0, code, { retry_after: retryAfter }),
          );
          const decision = decide(outcomes, budget, () => random);
          if (code === 'worker_lost' && count === 1) {
            assert.equal(decision.event, 'put_back', 'a first loss is most often a restart');
            return;
          }
          assert.ok(decision.event === 'try_later');
          assert.ok(decision.seconds >= 0 && decision.seconds <= HOUR, `${decision.seconds}`);
          if (code !== 'worker_lost') assert.ok(decision.seconds >= Math.min(retryAfter ?? 0, HOUR));
          const cap = { exit_nonzero: HOUR, endpoint_busy: 60, worker_lost: 5 }[code as string] ?? 0;
          const asked = code === 'worker_lost' ? 0 : (retryAfter ?? 0);
          assert.ok(decision.seconds <= Math.max(asked, Math.min(cap, 2 ** count)));
        },
      ),
    );
  });

  it('gives up on an endpoint when it has been away for its budget, in one stretch', () => {
    const budget = { ...DEFAULT_BUDGET, unavailableSeconds: 100 };
    const away = (from: number, to: number) => [
      outcomeAt(from * 1000, 'endpoint_busy'),
      outcomeAt(to * 1000, 'runner_unavailable'),
    ];
    const event = (outcomes: RunOutcome[]) => decide(outcomes, budget, () => 0).event;
    assert.equal(event(away(0, 99)), 'try_later');
    assert.equal(event(away(0, 100)), 'gave_up');
    const answered = outcomeAt(50_000, 'check_failed');
    assert.equal(event([...away(0, 40), answered, ...away(60, 140)]), 'try_later', 'it had answered between');
    assert.equal(event([...away(0, 40), answered, ...away(60, 160)]), 'gave_up');
    for (const code of ['worker_stopped', 'worker_lost'] as const) {
      const gone = outcomeAt(50_000, code);
      assert.equal(event([gone, ...away(5000, 5099)]), 'try_later', 'no worker had it for long');
      assert.equal(event([...away(0, 40), gone, ...away(5000, 5099)]), 'try_later', code);
      assert.equal(event([...away(0, 40), gone, ...away(5000, 5100)]), 'gave_up', code);
    }
  });

  it('does not wait for ever on a time that cannot be read', () => {
    const outcome = outcomeAt(0, 'endpoint_busy', { ended_at: 'yesterday', started_at: 'x' });
    assert.equal(decide([outcome], DEFAULT_BUDGET, () => 0).event, 'gave_up');
  });

  it('is an end at once where another try cannot help, and a fault of ours where the code is unknown', () => {
    const event = (outcome: RunOutcome) => decide([outcome], DEFAULT_BUDGET, () => 0).event;
    for (const code of codes) {
      if (ERROR_CODES[code].retried || code === 'cancelled') continue;
      assert.equal(event(outcomeAt(0, code)), 'gave_up', code);
    }
    assert.equal(event(outcomeAt(0, 'success')), 'succeeded');
    assert.equal(event(outcomeAt(0, 'cancelled')), 'cancelled');
    assert.equal(event(outcomeAt(0, 'worker_stopped')), 'put_back');
    const unknown = outcomeAt(0, 'internal', { error: { code: 'from_the_future', message: '', hint: '' } });
    assert.equal(event(unknown), 'try_later');
    assert.equal(event(outcomeAt(0, 'internal', { error: null })), 'try_later');
    assert.equal(decide([], DEFAULT_BUDGET, () => 0).event, 'put_back');
  });

  describe('with a chain', () => {
    const chain = { runners: ['small', 'bigger'], handBack: true };
    const events = (over: Partial<Budget>, ...tries: [string, ErrorCode][]): string[] =>
      tries.map((_, index) => {
        const outcomes = tries
          .slice(0, index + 1)
          .map(([runner, code], at) => outcomeAt(at * 1000, code, { runner }));
        return decide(outcomes, { ...DEFAULT_BUDGET, retries: 1, chain, ...over }, () => 0).event;
      });

    it('goes up at once after each work that was found wanting, and ends above the last', () => {
      assert.deepEqual(events({}, ['small', 'check_failed'], ['bigger', 'empty_output']), [
        'put_back',
        'gave_up',
      ]);
    });

    it('goes up from a model that was too small, which nobody tries again', () => {
      assert.deepEqual(events({}, ['small', 'prompt_truncated'], ['bigger', 'context_overflow']), [
        'put_back',
        'gave_up',
      ]);
    });

    it('tries again where it is after anything else, and steps up cost none of its retries', () => {
      assert.deepEqual(events({}, ['small', 'timeout'], ['small', 'no_evidence'], ['bigger', 'timeout']), [
        'try_later',
        'put_back',
        'gave_up',
      ]);
      assert.deepEqual(events({}, ['small', 'no_evidence'], ['bigger', 'timeout'], ['bigger', 'timeout']), [
        'put_back',
        'try_later',
        'gave_up',
      ]);
    });

    it('that does not hand back has its last step tried as often as any', () => {
      const over = { chain: { runners: ['small', 'bigger'], handBack: false } };
      assert.deepEqual(
        events(over, ['small', 'check_failed'], ['bigger', 'check_failed'], ['bigger', 'check_failed']),
        ['put_back', 'try_later', 'gave_up'],
      );
    });

    it('passes over a step that cannot be had, at the cost of none of its retries', () => {
      assert.deepEqual(
        events({}, ['small', 'check_failed'], ['bigger', 'model_not_found']),
        ['put_back', 'gave_up'],
        'and hands back above the last',
      );
      const over = { chain: { runners: ['small', 'gone', 'bigger'], handBack: false } };
      assert.deepEqual(
        events(
          over,
          ['small', 'timeout'],
          ['small', 'check_failed'],
          ['gone', 'usage'],
          ['bigger', 'timeout'],
        ),
        ['try_later', 'put_back', 'put_back', 'gave_up'],
      );
      for (const code of ['usage', 'conflict', 'no_program'] as const)
        assert.deepEqual(
          events({}, ['small', 'check_failed'], ['bigger', code]),
          ['put_back', 'gave_up'],
          code,
        );
      assert.deepEqual(events(over, ['small', 'usage']), ['gave_up'], 'the first one is what was asked for');
    });

    it('never tries more often than somebody said', () => {
      assert.deepEqual(events({ retries: 0, retriesSaid: true }, ['small', 'check_failed']), ['gave_up']);
    });

    it('that the runner is not on leaves everything as it was', () => {
      assert.deepEqual(events({}, ['other', 'check_failed'], ['other', 'check_failed']), [
        'try_later',
        'gave_up',
      ]);
    });
  });
});
