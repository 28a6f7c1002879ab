/** Any agent CLI, as its entry in agent.yaml describes it (docs/agents.md). */
import { homedir } from 'node:os';
import { KoubouError } from '../../errors.ts';
import { isCutOff, isRelayed, namesIn } from '../../executor/agent-rules.ts';
import { attachedPlaces } from '../../executor/attached-places.ts';
import type { ExecutionPlace, Executor } from '../../executor/executor.ts';
import { type OwnProgram, requireNamed } from '../../process/programs/own-path.ts';
import { unlessAborted } from '../../process/unless-aborted.ts';
import type { TaskFile } from '../../task/record.ts';
import { RUNNER_KINDS } from '../../task/runner-kinds.ts';
import { failedOutcome, type RunFacts, RunFailure } from '../failure.ts';
import { buildPrompt } from '../model/model-prompt.ts';
import type { Endpoint, Health, RunContext, Runner, RunnerOutcome } from '../runner.ts';
import { askEndpoint } from './endpoint.ts';
import type { AgentOptions } from './entry.ts';
import { AgentFiles } from './files.ts';
import { refuseProjectSettings } from './project-settings.ts';
import { type AgentRelay, openAgentRelay } from './relay.ts';
import { type Asked, agentExecutor, sandboxOf } from './sandbox.ts';
import { workAgent } from './work.ts';

const OBSERVED = {
  end: null,
  promptTokens: null,
  promptBytes: null,
  thinking: null,
  remoteHost: null,
};

export class AgentRunner implements Runner {
  readonly name: string;
  readonly changesFiles = RUNNER_KINDS.agent.changesFiles;
  readonly staysLocal = RUNNER_KINDS.agent.staysLocal;
  readonly endpoint: Endpoint | null;
  readonly defaultModel: string | null;
  readonly #options: AgentOptions;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.name = options.name;
    this.endpoint = options.endpoint;
    this.defaultModel = options.model;
  }

  get keys(): readonly string[] {
    const { apiKey } = this.#options;
    return apiKey === undefined ? [] : [apiKey];
  }

  async installed(): Promise<boolean> {
    return this.#found().then(
      () => true,
      () => false,
    );
  }

  /** Throws KoubouError `no_program` where there is none that may be started. */
  #found(inside: readonly string[] = []): Promise<OwnProgram> {
    const { entry, environment } = this.#options;
    return requireNamed(entry.bin, { path: environment['PATH'], inside }, `runners.${this.name}.bin`);
  }

  async check(): Promise<Health> {
    const { entry, endpoint, model } = this.#options;
    const signal = new AbortController().signal;
    try {
      await this.#found();
      await askEndpoint(endpoint, signal);
      const where = endpoint === null ? 'a model of its own' : `${model ?? 'a model'} at ${endpoint.url}`;
      const sandbox = entry.sandbox === undefined ? '' : `; its own sandbox: ${entry.sandbox}`;
      const confined = (await this.#sandbox({})) !== null ? '; in a sandbox' : '; not in a sandbox';
      return { ok: true, message: `${entry.bin} with ${where}${confined}${sandbox}`, error: null };
    } catch (error) {
      const { error: info } = failedOutcome(error, signal, { model: null, endpoint: null, usage: null });
      return { ok: false, message: info.message, error: info };
    }
  }

  async run(task: TaskFile, context: RunContext): Promise<RunnerOutcome> {
    const model = context.model ?? this.defaultModel;
    const facts: RunFacts = { model, endpoint: this.endpoint?.name ?? null, usage: null };
    let relay: AgentRelay | null = null;
    try {
      context.lease.signal.throwIfAborted();
      if (context.resume !== null) throw this.#cannotGoOn();
      const { entry, environment } = this.#options;
      await refuseProjectSettings(this.name, entry.project_settings ?? [], {
        cwd: context.cwd,
        user: environment['HOME'] ?? homedir(),
        environment,
      });
      const prompt = await unlessAborted(this.#prompt(task, context), context.lease.signal);
      // Throws where the task must stay here: what the program itself sends, nobody can hold.
      await context.requireLocal(prompt);
      context.phase('loading');
      await askEndpoint(this.#options.endpoint, context.lease.signal);
      context.phase('running');
      const bwrap = await this.#sandbox(task, context.cwd);
      relay = await this.#relay(context, model, bwrap !== null);
      const files = new AgentFiles(context, this.#options.entry);
      await files.prepare(prompt);
      const executor = await this.#executor(bwrap, placeOf(task, context), relay, {
        writable: [context.statePath],
        guarded: files.own,
        looks: looksOnly(task),
      });
      const reading = await workAgent({
        options: this.#options,
        context,
        model,
        files,
        executor,
        relay,
        found: () => this.#found([context.cwd]),
      });
      facts.usage = reading.usage;
      facts.address = relay?.address ?? null;
      const { verdict } = reading;
      if (verdict !== null) throw relay?.failure ?? new RunFailure(verdict);
      return { ok: true, observed: { ...OBSERVED, terminal: reading.ended }, ...facts };
    } catch (error) {
      return failedOutcome(error, context.lease.signal, facts);
    } finally {
      await relay?.close();
    }
  }

  /** Without the relay: a check asks no model. */
  async executorFor(task: TaskFile, place: ExecutionPlace): Promise<Executor> {
    return this.#executor(
      await this.#sandbox(task, place.cwd),
      place,
      null,
      { writable: [], guarded: [], looks: looksOnly(task) },
      place.staysLocal,
    );
  }

  #sandbox(task: Pick<TaskFile, 'confined'>, cwd: string | null = null): Promise<string | null> {
    const { entry, confinement, environment } = this.#options;
    return sandboxOf(entry, confinement, task, { path: environment['PATH'], cwd });
  }

  async #relay(context: RunContext, model: string | null, inSandbox: boolean): Promise<AgentRelay | null> {
    const { entry, endpoint, apiKey } = this.#options;
    if (endpoint === null || !isRelayed(entry, true)) return null;
    const confined = inSandbox && isCutOff(entry, true);
    const keyless = !namesIn(entry).has('api_key');
    return openAgentRelay({ endpoint, apiKey, model, context, confined, keyless });
  }

  #executor(
    bwrap: string | null,
    place: ExecutionPlace,
    relay: AgentRelay | null,
    own: Pick<Asked, 'writable' | 'guarded' | 'looks'>,
    isHeld = false,
  ): Promise<Executor> {
    const { entry, endpoint, confinement, environment } = this.#options;
    const cutOff = isHeld || isCutOff(entry, endpoint !== null);
    const network = cutOff ? (relay?.socket ?? 'none') : 'all';
    return agentExecutor(bwrap, place, { entry, confinement, environment, network, ...own });
  }

  #cannotGoOn(): KoubouError {
    return new KoubouError('usage', `${this.name} cannot go on with an earlier conversation.`, {
      hint: 'Delegate again, with what matters in the prompt, or use a runner of kind codex.',
    });
  }

  async #prompt(task: TaskFile, { feedback }: RunContext): Promise<string> {
    const { promptFolders: folders, template } = this.#options;
    const { system, user } = await buildPrompt(task, {
      folders,
      template: template === 'auto' ? 'agent' : template,
      feedback,
    });
    return `${system}\n\n${user}\n`;
  }
}

const looksOnly = ({ type }: TaskFile): boolean => type !== 'code';

const placeOf = (task: TaskFile, { cwd, statePath }: RunContext): ExecutionPlace => ({
  cwd,
  statePath,
  own: [],
  attached: attachedPlaces(task),
  staysLocal: false,
});
