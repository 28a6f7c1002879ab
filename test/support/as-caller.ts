// Who asks, for actions that are called without a command line.
import type { Role } from '../../src/access/may.ts';
import type { Caller } from '../../src/app/caller.ts';
import { readAgentYaml } from '../../src/config/read-yaml.ts';
import { systemClock } from '../../src/process/clock.ts';
import { wholeView } from './whole-view.ts';

export const asCaller = (role: Role, name = 'cli'): Caller => ({
  principal: { name, role, agent: role === 'owner' ? null : 'agent', session: null, via: 'cli' },
  rights: { may: [], commands: [] },
});

/** A person, who is shown everything. */
export const asOwner = {
  caller: asCaller('owner'),
  config: readAgentYaml('', 'agent.yaml').config,
  outer: {},
  view: wholeView,
  clock: systemClock,
};
