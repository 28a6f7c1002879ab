/**
 * The environment of a command with the mark of the agent that called it, where only a process that started the command
 * still has that: `env -u CLAUDECODE koubou …` is an agent's call.
 */
import { markerOf } from '../../access/principal.ts';
import { ancestorEnvironments } from '../../process/programs/ancestors.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export const callerEnvironment = (environment: Variables, ancestors = ancestorEnvironments): Variables => {
  if (markerOf(environment) !== undefined) return environment;
  for (const each of ancestors()) {
    const marker = markerOf(each);
    if (marker !== undefined) return { ...environment, [marker]: each[marker] };
  }
  return environment;
};
