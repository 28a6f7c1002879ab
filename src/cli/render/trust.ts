/** What `koubou trust` shows before it asks, and says afterwards. Pure. */
import type { TrustDocument } from '../../actions/documents/home.ts';
import type { TrustShown } from '../../actions/setup/trust.ts';

export const renderShown = (shown: TrustShown, takesTasks: boolean): string => {
  const { home, why, programs, endpoints, variables, settings, unread, tasks } = shown;
  return [
    why === null ? `${home} is yours.` : `${home} ${why}.`,
    ...part('It would run:', programs),
    ...part('It would send prompts to:', endpoints),
    ...part('Its config/.env sets:', variables),
    ...part('It would also say:', settings),
    ...part('This could not be read:', unread),
    ...part(
      takesTasks ? 'These tasks would be taken:' : 'These tasks would be set aside (--tasks takes them):',
      tasks.map(({ task_id, state, does }) => `${task_id} ${state}: ${does}`),
    ),
  ].join('\n');
};

const part = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];

export const renderTrusted = ({
  home,
  signed,
  tasks_sealed: sealed,
  tasks_left: left,
}: TrustDocument): string =>
  [
    signed ? `Signed ${home}` : `${home} is yours`,
    ...(sealed === 0 ? [] : [`Took ${sealed} ${sealed === 1 ? 'task' : 'tasks'}`]),
    ...(left === 0 ? [] : [`Without a seal: ${left}; \`koubou trust --tasks\` shows them`]),
  ].join('\n');
