/** What `status` shows of a home and of one task, as the caller may see it. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { KoubouError } from '../../errors.ts';
import type { BoardDocument } from '../documents/queue.ts';
import type { TaskDocument } from '../documents/task.ts';
import { type Board, boardSignature, readBoard } from './board.ts';
import { CUT_ALONE, CUT_AMONG_MANY, cutRecord } from './cut-record.ts';

type StatusApp = Pick<App, 'queue' | 'home' | 'view' | 'caller'>;

export interface BoardStatus {
  document: BoardDocument;
  /** The newest failed tasks; judged only where they are shown. */
  failures: () => Promise<TaskDocument[]>;
  /** Equal for two looks between which only time passed. */
  signature: string;
}

const UNDONE = { undone: 'Nothing was shown.' };

export const boardStatus = async ({ queue, home, view, caller }: StatusApp): Promise<BoardStatus> => {
  requireAllowed(caller, 'read', UNDONE);
  const board = await readBoard(queue, home);
  const shown = async (records: Board['running']): Promise<TaskDocument[]> =>
    (await view.records(records)).map((record) => cutRecord(record, CUT_AMONG_MANY));
  const { counts, workers, worktrees } = board;
  return {
    document: { counts, running: await shown(board.running), workers, worktrees },
    failures: () => shown(board.failures),
    signature: boardSignature(board),
  };
};

/** Throws `no_such_task`. `full`: with its long texts whole. */
export const taskStatus = async (
  { queue, view, caller }: StatusApp,
  id: string,
  { full }: { full: boolean },
): Promise<TaskDocument> => {
  requireAllowed(caller, 'read', UNDONE);
  const found = await queue.get(id);
  if (found === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  const whole = await view.record(found);
  return full ? whole : cutRecord(whole, CUT_ALONE);
};
