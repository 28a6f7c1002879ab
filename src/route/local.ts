/** Whether a task that must not leave the machine would. Pure. docs/local-only.md says what is promised. */
import { type ErrorInfo, errorInfo } from '../errors.ts';
import { isCloudModel } from '../privacy/cloud-model.ts';
import type { LocalNetworks } from '../privacy/local-networks.ts';
import type { TaskFile } from '../task/record.ts';

export interface Destination {
  runner: string;
  /** Whether the runner can be held to networks. */
  staysLocal: boolean;
  /** The endpoint's URL; null: it asks no server. */
  url: string | null;
  model: string | null;
}

export const mustStayLocal = (task: Pick<TaskFile, 'sensitive' | 'options'>): boolean =>
  task.sensitive || task.options.local_only === true;

/**
 * Why the destination is not allowed, or null where it may be. A name may be: where it leads to is judged when it
 * is connected to (runner/connection/hold-local.ts), because a look before that proves nothing. `held`: why the task must stay.
 */
export const notLocal = (
  { runner, staysLocal, url, model }: Destination,
  networks: LocalNetworks,
  held = '',
): ErrorInfo | null => {
  const because = held === '' ? '' : ` (${held})`;
  const refused = (why: string, hint?: string): ErrorInfo =>
    errorInfo(
      'not_local',
      `The task must stay on this machine${because}, and ${why}; nothing was sent.`,
      hint,
    );
  if (!staysLocal) {
    return refused(
      `nobody can hold the program that ${runner} starts to it`,
      'Use a runner of kind ollama, openai or codex on a local endpoint.',
    );
  }
  const host = url === null ? null : (URL.parse(url)?.hostname ?? '');
  if (host === '' || (host !== null && isAddress(host) && !networks.has(host.replace(/^\[|\]$/g, '')))) {
    return refused(
      `${url} is not in ${networks.toString()}`,
      'Use an endpoint on this machine, or add its network to security.local_networks.',
    );
  }
  return model !== null && isCloudModel(model) ? refused(`${model} runs elsewhere`) : null;
};

// A URL writes every IPv6 address in brackets and every IPv4 address as four decimal numbers
// (https://url.spec.whatwg.org/#host-serializing); no name ends in a number.
const isAddress = (host: string): boolean => host.startsWith('[') || /\.\d+$/.test(host);

/** The server says that another machine did the work. */
export const wentElsewhere = (remoteHost: string): ErrorInfo =>
  errorInfo(
    'not_local',
    `The task had to stay on this machine, but the server passed it on to ${remoteHost}; the answer was thrown away.`,
  );
