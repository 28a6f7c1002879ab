/** What `koubou status` draws, in all its forms. */
import { type BoardStatus, boardStatus, taskStatus } from '../../actions/tasks/status.ts';
import type { App } from '../../app/app.ts';
import { openScreen } from './live-screen.ts';
import type { View } from './watch.ts';

export const boardView = async (app: App): Promise<View> => {
  const { document, failures, signature }: BoardStatus = await boardStatus(app);
  return {
    signature,
    last: false,
    json: document,
    draw: async (nowMs) => {
      const { renderBoard } = await import('../render/board.ts');
      const shown = { ...document, failures: await failures() };
      return renderBoard(shown, await openScreen(app.outer, shown), nowMs);
    },
  };
};

/** Throws `no_such_task`. */
export const taskView = async (app: App, id: string, options: { full: boolean }): Promise<View> => {
  const record = await taskStatus(app, id, options);
  const { status, waiting, due_at, attempts, result } = record;
  return {
    signature: JSON.stringify([status, waiting, due_at, attempts.length]),
    last: result !== null,
    json: record,
    draw: async (nowMs) => {
      const { renderRecord } = await import('../render/record.ts');
      return renderRecord(record, await openScreen(app.outer, record), nowMs);
    },
  };
};
