/** What an agent's entry in agent.yaml says of its sandbox. Pure. */
import { placeholdersIn, textsIn } from '../text/placeholders.ts';

export interface ConfinableAgent {
  bin: string;
  args: readonly string[];
  env: Readonly<Record<string, unknown>>;
  confine?: 'auto' | 'off' | undefined;
  network?: 'endpoint' | 'all' | undefined;
  writable?: readonly string[] | undefined;
}

/** The placeholders that are named. */
export const namesIn = ({ args, env }: Pick<ConfinableAgent, 'args' | 'env'>): Set<string> =>
  new Set([...args, ...textsIn(env)].flatMap(placeholdersIn));

/** Whether koubou tells the program where its server is, and so can stand between them. */
export const isRelayed = (entry: ConfinableAgent, hasEndpoint: boolean): boolean => {
  const names = namesIn(entry);
  return hasEndpoint && (names.has('base_url') || names.has('server_url'));
};

/** Whether its network is koubou's relay alone, where it is confined. */
export const isCutOff = (entry: ConfinableAgent, hasEndpoint: boolean): boolean =>
  isRelayed(entry, hasEndpoint) && entry.network !== 'all';

/** `usual`: security.agent_sandbox. */
export const isSwitchedOff = ({ confine }: ConfinableAgent, usual: 'auto' | 'off'): boolean =>
  (confine ?? usual) === 'off';
