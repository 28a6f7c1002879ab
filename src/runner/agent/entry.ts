/** An agent CLI as its entry in agent.yaml describes it (docs/agents.md), and what koubou adds to run it. */
import type { AgentEndpoint } from './endpoint.ts';
import type { OutputRules } from './output.ts';
import type { AgentConfinement } from './sandbox.ts';
import type { Invocation } from './template.ts';

export interface AgentEntry extends Invocation, OutputRules {
  bin: string;
  stdin: 'prompt' | 'none';
  stop_signal: NodeJS.Signals;
  sandbox?: string | undefined;
  /** `auto`: in a sandbox where one works; absent: as the config says for all. */
  confine?: 'auto' | 'off' | undefined;
  /** Of the sandbox: koubou's relay to the endpoint alone, or the machine's. */
  network?: 'endpoint' | 'all' | undefined;
  /** Names of files and folders in a project that the program would run things from. */
  project_settings?: readonly string[] | undefined;
  /** Files and folders that it may change besides; `~/` is the user's home. */
  writable?: readonly string[] | undefined;
}

export interface AgentOptions {
  name: string;
  entry: AgentEntry;
  /** null: the program has its own way to a model. */
  endpoint: AgentEndpoint | null;
  apiKey?: string | undefined;
  model: string | null;
  /** The environment of the program without the entry's own, already reduced. */
  environment: Readonly<Record<string, string>>;
  promptFolders: readonly string[];
  template: string;
  /** Absent: it runs with the rights of the user. */
  confinement?: AgentConfinement | undefined;
}
