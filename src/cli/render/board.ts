/** The board of `koubou status`. Pure. */
import type { Board, BoardWorktree } from '../../actions/tasks/board.ts';
import { isSilent } from '../../app/living.ts';
import type { WorkerInfo } from '../../queue/queue.ts';
import { PART_STATES, readyIn } from '../../task/lifecycle.ts';
import type { TaskRecord } from '../../task/record.ts';
import { oneLine } from '../../text/harmless.ts';
import { fit, type Screen } from './screen.ts';
import { renderTable } from './table.ts';
import { relative, secondsSince, span } from './time.ts';
import { amount, shortNames, shortWorker, subject } from './words.ts';

export const renderBoard = (board: Board, screen: Screen, nowMs: number): string => {
  const { running, failures, workers, worktrees } = board;
  const names = shortNames([...running, ...failures, ...worktrees].map(({ task_id }) => task_id));
  const parts = [
    [countsLine(board, screen)],
    titled('Running', screen, runningLines(running, workers, names, screen, nowMs)),
    titled('Last failures', screen, failureLines(failures, names, screen, nowMs)),
    titled('Worktrees', screen, worktreeLines(worktrees, names, screen)),
    titled('Workers', screen, workerLines(board, screen, nowMs)),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
};

const titled = (title: string, { paint }: Screen, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [paint('bold', title), ...lines];

const countsLine = ({ counts, running }: Board, screen: Screen): string => {
  const forsaken = running.filter(({ waiting }) => waiting === 'worker').length;
  const within = PART_STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  const line = [
    `${counts.pending} pending${within.length > 0 ? ` (${within.join(', ')})` : ''}`,
    `${counts.in_progress - forsaken} running`,
    ...(forsaken > 0 ? [`${forsaken} with a worker that is not heard from`] : []),
    `${counts.completed} completed`,
    `${counts.failed} failed`,
    ...(counts.quarantined > 0 ? [`${counts.quarantined} quarantined`] : []),
  ].join(', ');
  return fit(line, screen.columns, screen);
};

const runningLines = (
  running: readonly TaskRecord[],
  workers: readonly WorkerInfo[],
  names: ReadonlyMap<string, string>,
  screen: Screen,
  nowMs: number,
): string[] => {
  if (running.length === 0) return [];
  const progress = new Map(workers.flatMap((worker) => Object.entries(worker.progress)));
  return renderTable<TaskRecord>(
    screen,
    [
      { title: 'ID', cell: ({ task_id }) => names.get(task_id) ?? task_id, colour: () => 'cyan' },
      { title: 'TYPE', cell: ({ type }) => type },
      { title: 'FOR', cell: (record) => runningFor(record, nowMs), right: true },
      { title: 'PROGRESS', cell: ({ task_id }) => amountOf(progress.get(task_id)), right: true },
      { title: 'WORKER', cell: workerWord },
      { title: 'TASK', cell: subject, gives: true },
    ],
    running,
  );
};

const workerWord = ({ attempts, waiting }: TaskRecord): string =>
  `${shortWorker(attempts.at(-1)?.worker_id ?? '')}${waiting === 'worker' ? ' (silent)' : ''}`;

const runningFor = ({ attempts }: TaskRecord, nowMs: number): string => {
  const seconds = secondsSince(attempts.at(-1)?.started_at, nowMs);
  return seconds === null ? '' : span(seconds);
};

const amountOf = (count: number | undefined): string => (count === undefined ? '' : amount(count));

const failureLines = (
  failures: readonly TaskRecord[],
  names: ReadonlyMap<string, string>,
  screen: Screen,
  nowMs: number,
): string[] =>
  failures.length === 0
    ? []
    : renderTable<TaskRecord>(
        screen,
        [
          { title: 'ID', cell: ({ task_id }) => names.get(task_id) ?? task_id, colour: () => 'cyan' },
          { title: 'ENDED', cell: ({ updated_at }) => relative(updated_at, nowMs), right: true },
          { title: 'WHY', cell: ({ result }) => result?.error?.code ?? '', colour: () => 'red' },
          { title: 'REASON', cell: ({ result }) => result?.error?.message ?? '', gives: true },
        ],
        failures,
      );

const worktreeLines = (
  worktrees: readonly BoardWorktree[],
  names: ReadonlyMap<string, string>,
  screen: Screen,
): string[] =>
  worktrees.length === 0
    ? []
    : renderTable<BoardWorktree>(
        screen,
        [
          { title: 'ID', cell: ({ task_id }) => names.get(task_id) ?? task_id, colour: () => 'cyan' },
          { title: 'STATE', cell: ({ state }) => state },
          { title: 'OF', cell: ({ repository }) => repository, gives: true },
        ],
        worktrees,
      );

const workerLines = ({ counts, workers }: Board, screen: Screen, nowMs: number): string[] => {
  if (workers.length === 0) {
    const waits = readyIn(counts) > 0;
    const line = `none${waits ? '; `koubou work --detach` starts one' : ''}`;
    return [fit(line, screen.columns, screen)];
  }
  return workers.flatMap((worker) => {
    const { tasks, slots, status, last_heartbeat } = worker;
    const busy = isSilent(worker)
      ? `${status}${tasks.length === 0 ? '' : `, held ${tasks.length}`}`
      : `${status}, ${tasks.length} of ${slots} busy`;
    const model = oneLine([worker.runner, worker.model].filter((word) => word !== null).join(' '));
    const beat = last_heartbeat === null ? '' : `heard ${relative(last_heartbeat, nowMs)}`;
    const line = [shortWorker(worker.worker_id), busy, model, beat].filter((text) => text !== '').join('  ');
    const remarks = [
      ...(isSilent(worker) ? [silence(worker)] : []),
      ...worker.notes,
      ...Object.entries(worker.down).map(([endpoint, why]) => `${endpoint} is down: ${why}`),
    ];
    return [
      fit(line, screen.columns, screen),
      ...remarks.map((remark) => screen.paint('yellow', fit(`  ${oneLine(remark)}`, screen.columns, screen))),
    ];
  });
};

/** A stopped process goes on; what cannot be seen has most likely ended. */
const silence = ({ start_time }: WorkerInfo): string =>
  start_time === undefined
    ? 'not heard from, and not to be seen from here: most likely it has ended; its tasks go back a minute after another daemon starts (`koubou work --detach`)'
    : 'not heard from, though its process is there: it is stopped, or the machine is very slow';
