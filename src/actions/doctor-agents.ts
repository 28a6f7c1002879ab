/** doctor's look at the programs of agent runners: each has to be found where a worker would look for it. */
import type { Loaded } from '../config/load.ts';
import type { RunnerConfig } from '../config/schema.ts';
import { toErrorInfo } from '../errors.ts';
import { requireProgram } from '../process/find-program.ts';
import type { Check } from './check.ts';

type AgentConfig = Extract<RunnerConfig, { kind: 'agent' }>;

/** Its endpoint has a check of its own. */
export const checkAgent = async (
  name: string,
  { bin, sandbox, endpoint }: AgentConfig,
  loaded: Pick<Loaded, 'variable'>,
): Promise<Check> => {
  const check = { name: `runner ${name}`, ok: true, cure: null };
  try {
    await requireProgram(bin, '/', loaded.variable('PATH'));
  } catch (error) {
    const cure = `Install it, name its place with \`koubou config runners.${name}.bin PATH\`, or remove runners.${name}.`;
    return { ...check, ok: false, message: toErrorInfo(error).message, cure };
  }
  const where = endpoint === undefined ? 'It has a model of its own' : `It uses the endpoint ${endpoint}`;
  const claim = sandbox === undefined ? 'says nothing of a sandbox' : `says of its sandbox: ${sandbox}`;
  return { ...check, message: `${bin} is there. ${where}; its entry ${claim}.` };
};
