/** The table of `koubou workers`: a row a slot. Pure. */
import { isSilent } from '../../app/living.ts';
import type { WorkerInfo } from '../../queue/queue.ts';
import type { Colour, Screen } from './screen.ts';
import { renderTable } from './table.ts';
import { relative } from './time.ts';
import { amount, shortNames, shortWorker } from './words.ts';

interface Slot {
  worker: WorkerInfo;
  /** From 1. */
  number: number;
  task: string | undefined;
}

const COLOURS: Record<WorkerInfo['status'], Colour> = {
  idle: 'green',
  busy: 'cyan',
  silent: 'yellow',
  offline: 'red',
};

export const renderWorkers = (workers: readonly WorkerInfo[], screen: Screen, nowMs: number): string => {
  const names = shortNames(workers.flatMap(({ tasks }) => tasks));
  const statusOf = ({ worker, task }: Slot): WorkerInfo['status'] =>
    isSilent(worker) ? worker.status : task === undefined ? 'idle' : 'busy';
  // What is known of a daemon, not of a slot, is said once.
  const once = (text: (worker: WorkerInfo) => string) => (slot: Slot) =>
    slot.number === 1 ? text(slot.worker) : '';
  return renderTable<Slot>(
    screen,
    [
      { title: 'WORKER', cell: ({ worker }) => shortWorker(worker.worker_id) },
      { title: 'SLOT', cell: ({ number }) => String(number), right: true },
      { title: 'STATUS', cell: statusOf, colour: (slot) => COLOURS[statusOf(slot)] },
      { title: 'TASK', cell: ({ task }) => (task === undefined ? '' : (names.get(task) ?? task)) },
      {
        title: 'PROGRESS',
        cell: ({ worker, task }) => {
          const progress = task === undefined ? undefined : worker.progress[task];
          return progress === undefined ? '' : amount(progress);
        },
        right: true,
      },
      { title: 'DONE', cell: once((worker) => String(worker.tasks_completed)), right: true },
      { title: 'FAILED', cell: once((worker) => String(worker.tasks_failed)), right: true },
      {
        title: 'MODEL',
        cell: ({ worker }) => [worker.runner, worker.model].filter((word) => word !== null).join(' '),
        gives: true,
      },
      { title: 'HEARD', cell: ({ worker }) => relative(worker.last_heartbeat, nowMs), right: true },
    ],
    workers.flatMap(slotsOf),
  ).join('\n');
};

/** A daemon that is being scaled down may hold more tasks than it has slots. */
const slotsOf = (worker: WorkerInfo): Slot[] =>
  Array.from({ length: Math.max(worker.slots, worker.tasks.length, 1) }, (_, index) => ({
    worker,
    number: index + 1,
    task: worker.tasks[index],
  }));
