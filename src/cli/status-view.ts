/** What `koubou status` looks at, in all its forms. */
import { boardSignature, readBoard } from '../actions/board.ts';
import { CUT_ALONE, CUT_AMONG_MANY, cutRecord } from '../actions/cut-record.ts';
import { KoubouError } from '../errors.ts';
import type { Queue } from '../queue/queue.ts';
import { openScreen } from './screen.ts';
import type { View } from './watch.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export const boardView = async (
  { queue, home }: { queue: Queue; home: string },
  environment: Variables,
): Promise<View> => {
  const board = await readBoard(queue, home);
  const { counts, workers, worktrees } = board;
  const running = board.running.map((record) => cutRecord(record, CUT_AMONG_MANY));
  return {
    signature: boardSignature(board),
    last: false,
    json: { counts, running, workers, worktrees },
    draw: async (nowMs) => {
      const { renderBoard } = await import('./render/board.ts');
      const failures = board.failures.map((record) => cutRecord(record, CUT_AMONG_MANY));
      const shown = { counts, workers, worktrees, running, failures };
      return renderBoard(shown, await openScreen(environment, shown), nowMs);
    },
  };
};

/** Throws `no_such_task`. */
export const taskView = async (
  queue: Queue,
  id: string,
  { full, environment }: { full: boolean; environment: Variables },
): Promise<View> => {
  const whole = await queue.get(id);
  if (whole === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  const record = full ? whole : cutRecord(whole, CUT_ALONE);
  const { status, waiting, due_at, attempts, result } = record;
  return {
    signature: JSON.stringify([status, waiting, due_at, attempts.length]),
    last: result !== null,
    json: record,
    draw: async (nowMs) => {
      const { renderRecord } = await import('./render/record.ts');
      return renderRecord(record, await openScreen(environment, record), nowMs);
    },
  };
};
