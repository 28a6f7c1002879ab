/** What `koubou status` looks at, in all its forms. */
import { boardSignature, readBoard } from '../actions/board.ts';
import { CUT_ALONE, CUT_AMONG_MANY, cutRecord } from '../actions/cut-record.ts';
import type { View as TaskView } from '../actions/withhold.ts';
import { KoubouError } from '../errors.ts';
import type { Queue } from '../queue/queue.ts';
import { openScreen } from './screen.ts';
import type { View } from './watch.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export const boardView = async (
  { queue, home, view }: { queue: Queue; home: string; view: TaskView },
  environment: Variables,
): Promise<View> => {
  const board = await readBoard(queue, home);
  const { counts, workers, worktrees } = board;
  const running = (await view.records(board.running)).map((record) => cutRecord(record, CUT_AMONG_MANY));
  return {
    signature: boardSignature(board),
    last: false,
    json: { counts, running, workers, worktrees },
    draw: async (nowMs) => {
      const { renderBoard } = await import('./render/board.ts');
      const failures = (await view.records(board.failures)).map((record) =>
        cutRecord(record, CUT_AMONG_MANY),
      );
      const shown = { counts, workers, worktrees, running, failures };
      return renderBoard(shown, await openScreen(environment, shown), nowMs);
    },
  };
};

/** Throws `no_such_task`. */
export const taskView = async (
  { queue, view }: { queue: Queue; view: TaskView },
  id: string,
  { full, environment }: { full: boolean; environment: Variables },
): Promise<View> => {
  const found = await queue.get(id);
  if (found === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  const whole = await view.record(found);
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
