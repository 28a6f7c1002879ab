/** What `koubou stop` and `koubou cancel` did. Pure. */
import type { CancelDocument, Cancelled, StopDocument } from '../../actions/documents/queue.ts';
import { shortWorker } from './words.ts';

export const renderStopped = ({ stopped, finishing, elsewhere, silent = [] }: StopDocument): string => {
  const lines = [
    ...stopped.map((id) => `${shortWorker(id)} has ended.`),
    ...finishing.map(({ worker_id, tasks }) => stillRuns(worker_id, tasks)),
    ...elsewhere.map((id) => (silent.includes(id) ? ended(id) : outOfReach(id))),
  ];
  return lines.length > 0 ? lines.join('\n') : 'No worker is running.';
};

const outOfReach = (id: string): string =>
  `${id} was not stopped: it runs on another machine, or in a container or sandbox that no signal from here reaches. Stop it there.`;

const ended = (id: string): string =>
  `${id} was not stopped: it is silent, and cannot be seen from here. Most likely it has ended with the sandbox, the container or the machine that it was in; its tasks go back a minute after another daemon starts: \`koubou work --detach\`.`;

const stillRuns = (worker: string, tasks: readonly string[]): string =>
  tasks.length === 0
    ? `${shortWorker(worker)} was asked and is about to end.`
    : `${shortWorker(worker)} takes nothing new and ends after ${tasks.join(', ')}; --now sends that back to the queue.`;

export const renderCancelled = ({ results }: CancelDocument): string =>
  results
    .map(({ task_id, result, silent }) => `${task_id}  ${silent ? SAID_OF_SILENT : SAID[result]}`)
    .join('\n');

const SAID: Record<Cancelled['result'], string> = {
  cancelled: 'cancelled',
  completed: 'it had already completed',
  failed: 'it had already failed',
  asked: 'asked; it still runs, and ends as soon as its worker hears of it',
};

const SAID_OF_SILENT =
  'asked; its worker is not heard from. It ends when that worker hears of it, or a minute after another daemon starts: `koubou work --detach`.';
