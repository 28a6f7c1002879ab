/** Whether a task that must not leave the machine would. Pure. */
import { type ErrorInfo, errorInfo } from '../errors.ts';
import type { TaskFile } from '../task/record.ts';

export interface Destination {
  /** The endpoint's URL; null: a program on this machine. */
  url: string | null;
  model: string | null;
}

export const mustStayLocal = (task: Pick<TaskFile, 'sensitive' | 'options'>): boolean =>
  task.sensitive || task.options.local_only === true;

/** Why the destination is not this machine, or null where it is. A host name other than localhost proves nothing. */
export const notLocal = ({ url, model }: Destination): ErrorInfo | null => {
  if (url === null) return null;
  const host = URL.parse(url)?.hostname ?? '';
  if (!isLoopback(host)) {
    return errorInfo(
      'not_local',
      `The task must stay on this machine, and ${url} is not on it; nothing was sent.`,
    );
  }
  // Ollama passes on what is asked of these models, though it answers on loopback itself.
  if (model !== null && /[-:]cloud$/.test(model)) {
    return errorInfo(
      'not_local',
      `The task must stay on this machine, and ${model} runs elsewhere; nothing was sent.`,
    );
  }
  return null;
};

/** The server says that another machine did the work. */
export const wentElsewhere = (remoteHost: string): ErrorInfo =>
  errorInfo(
    'not_local',
    `The task had to stay on this machine, but the server passed it on to ${remoteHost}; the answer was thrown away.`,
  );

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
