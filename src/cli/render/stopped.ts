/** What `koubou stop` did. Pure. */
import type { Stopped } from '../../actions/stop.ts';
import { shortWorker } from './words.ts';

export const renderStopped = ({ stopped, finishing, elsewhere }: Stopped): string => {
  const lines = [
    ...stopped.map((id) => `${shortWorker(id)} has ended.`),
    ...finishing.map(({ worker_id, tasks }) => stillRuns(worker_id, tasks)),
    ...elsewhere.map((id) => `${id} runs on another machine: stop it there.`),
  ];
  return lines.length > 0 ? lines.join('\n') : 'No worker is running.';
};

const stillRuns = (worker: string, tasks: readonly string[]): string =>
  tasks.length === 0
    ? `${shortWorker(worker)} was asked and is about to end.`
    : `${shortWorker(worker)} takes nothing new and ends after ${tasks.join(', ')}; --now sends that back to the queue.`;
