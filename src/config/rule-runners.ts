/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
/** Rules that name an endpoint: each gets a runner of its own, so that nothing after the config has to know of them. Pure. */
import { isOfKind } from '../task/runner-kinds.ts';
import type { Config } from './schema.ts';

/** No name that can be written in the config holds the sign. */
const variantName = (runner: string, endpoint: string): string => `${runner}@${endpoint}`;

/** Adds the runner RUNNER@ENDPOINT for each rule that asks for one, and has the rule name it. Changes `config`. */
export const addRuleRunners = ({ runners, routing }: Config): void => {
  for (const { then } of routing.rules) {
    const entry = runners[then.runner ?? ''];
    if (then.endpoint === undefined || then.runner === undefined) continue;
    if (!isOfKind(entry, 'model')) continue;
    const name = variantName(then.runner, then.endpoint);
    runners[name] = { ...entry, endpoint: then.endpoint };
    then.runner = name;
    delete then.endpoint;
  }
};
