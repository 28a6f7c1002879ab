/** A runner as templates/agents describes it, with the program and the server of a test. */
import { shippedAgents } from '../../../src/config/agent-definitions.ts';
import { checkConfig } from '../../../src/config/check.ts';
import { buildRunners } from '../../../src/runner/registry.ts';
import type { Runner } from '../../../src/runner/runner.ts';
import { promptFolders } from '../../contract/runner.ts';

export interface Shipped {
  name: string;
  bin: string;
  url: string;
  kind: 'ollama' | 'openai';
  /** HOME of the program, so that it reads nothing of the tester's. */
  home: string;
  /** The PATH of the program; by default the tester's. */
  path?: string;
  /** koubou's own folder. */
  koubou?: string;
  /** Of the entry, for what would happen without a part of it. */
  change?: (entry: Record<string, unknown>) => Record<string, unknown>;
}

/** All that the entry comes to, for an endpoint that is called `here`. */
export const shippedEntry = (name: string, bin: string): Record<string, unknown> => ({
  ...shippedAgents.read(name),
  bin,
  endpoint: 'here',
  model: 'scripted',
});

export const shippedRunner = ({ name, bin, url, kind, home, path, koubou, change }: Shipped): Runner => {
  const checked = checkConfig({
    endpoints: { here: { kind, url } },
    // As a user writes it, unless the test changes what it comes to.
    runners: {
      [name]: change === undefined ? { use: name, bin, endpoint: 'here', model: 'scripted' } : change(shippedEntry(name, bin)),
    },
  });
  if (!checked.ok) throw new Error(`${checked.problem.path.join('.')} ${checked.problem.message}`);
  const environment = { PATH: path ?? process.env['PATH'], HOME: home };
  const runner = buildRunners(checked.config, environment, promptFolders, koubou).get(name);
  if (runner === undefined) throw new Error(`there is no runner ${name}`);
  return runner;
};
