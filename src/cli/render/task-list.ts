/** The table of `koubou list`. Pure. */
import type { Quarantined } from '../../queue/queue.ts';
import type { TaskRecord } from '../../task/record.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';
import { relative } from './time.ts';
import { shortNames, stateColour, stateWord, subject } from './words.ts';

export const renderTaskList = (records: readonly TaskRecord[], screen: Screen, nowMs: number): string => {
  const names = shortNames(records.map(({ task_id }) => task_id));
  return renderTable<TaskRecord>(
    screen,
    [
      { title: 'ID', cell: ({ task_id }) => names.get(task_id) ?? task_id, colour: () => 'cyan' },
      { title: 'STATUS', cell: stateWord, colour: stateColour },
      { title: 'TYPE', cell: ({ type }) => type },
      { title: 'CREATED', cell: ({ created_at }) => relative(created_at, nowMs), right: true },
      { title: 'DUE', cell: ({ due_at }) => relative(due_at, nowMs), right: true },
      { title: 'WHY', cell: ({ result }) => result?.error?.code ?? '', colour: () => 'red' },
      { title: 'TASK', cell: subject, gives: true },
    ],
    records,
  ).join('\n');
};

export const renderQuarantine = (entries: readonly Quarantined[], screen: Screen, nowMs: number): string =>
  renderTable<Quarantined>(
    screen,
    [
      { title: 'FILE', cell: ({ name }) => name },
      { title: 'SINCE', cell: ({ at }) => relative(at, nowMs), right: true },
      { title: 'REASON', cell: ({ reason }) => reason, gives: true },
    ],
    entries,
  ).join('\n');
