/**
 * Any agent CLI, as its entry in agent.yaml describes it (docs/agents.md). The program's exit code is not
 * taken for it: 0 says only that it ended, so its output has to be there and to say what the entry calls
 * success.
 */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { isCutOff, isRelayed, namesIn } from '../../executor/agent-rules.ts';
import type { ExecutionPlace, Executor } from '../../executor/executor.ts';
import { runProgram } from '../../executor/run-program.ts';
import { replaceOwn, sizeOfOwn } from '../../names/own-file.ts';
import { type OwnProgram, requireNamed } from '../../process/programs/own-path.ts';
import type { ProgramEnd } from '../../process/programs/spawn.ts';
import { unlessAborted } from '../../process/unless-aborted.ts';
import type { TaskFile } from '../../task/record.ts';
import { RUNNER_KINDS } from '../../task/runner-kinds.ts';
import { hasInk } from '../../text/ink.ts';
import { directEnvironment } from '../connection/direct-environment.ts';
import { failedOutcome, type RunFacts, RunFailure } from '../failure.ts';
import { buildPrompt } from '../model/model-prompt.ts';
import { hasRoom } from '../program/disk-space.ts';
import type { Endpoint, Health, RunContext, Runner, RunnerOutcome } from '../runner.ts';
import { type AgentEndpoint, askEndpoint } from './endpoint.ts';
import { AgentFiles } from './files.ts';
import { verdictOn } from './judge-exit.ts';
import { AgentPrintout } from './log-text.ts';
import type { OutputRules, Reading } from './output.ts';
import { refuseProjectSettings } from './project-settings.ts';
import { type AgentRelay, openAgentRelay } from './relay.ts';
import { type AgentConfinement, type Asked, agentExecutor, sandboxOf } from './sandbox.ts';
import { type Invocation, invocationOf } from './template.ts';

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

/** Between two looks at what was printed. */
const LOOK_MS = 250;
/** Programs refuse an empty key, even where the server wants none. */
const NO_KEY = 'local';

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
      await context.local(prompt);
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
      const reading = await this.#work(files, context, model, executor, relay);
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

  async #work(
    files: AgentFiles,
    context: RunContext,
    model: string | null,
    executor: Executor,
    relay: AgentRelay | null,
  ): Promise<Reading & { verdict: ReturnType<typeof verdictOn> }> {
    const { entry } = this.#options;
    const printout = await AgentPrintout.open(files.stdout, context.lease);
    try {
      const end = await this.#started(files, context, model, printout, executor, relay);
      context.lease.signal.throwIfAborted();
      const printed = await hasBytes(files.stdout);
      const reading = await files.read();
      if (reading.text !== undefined) await replaceOwn(context.outputPath, reading.text);
      if (end.exitCode !== 0 && !(await hasRoom(context.outputPath))) {
        throw new KoubouError('disk_full', 'The disk is full: the output of a program has no place.');
      }
      const { name } = this;
      const hasText = hasInk(reading.text ?? 'printed') && (await hasBytes(context.outputPath));
      const lastLines = await printout.lastLines();
      return {
        ...reading,
        verdict: verdictOn({ name, end, reading, output: entry.output, hasText, printed, lastLines }),
      };
    } finally {
      await printout.close();
      await files.tidy();
    }
  }

  async #started(
    files: AgentFiles,
    context: RunContext,
    model: string | null,
    printout: AgentPrintout,
    executor: Executor,
    relay: AgentRelay | null,
  ): Promise<ProgramEnd> {
    const { entry, environment } = this.#options;
    const { args, env } = invocationOf(entry, {
      ...(relay?.urls ?? { base_url: '', server_url: '' }),
      prompt_file: files.prompt,
      output_file: files.answer,
      cwd: context.cwd,
      model: model ?? '',
      api_key: relay?.key ?? this.#options.apiKey ?? NO_KEY,
      state: context.statePath,
    });
    const isCut = relay !== null && relay.socket !== null;
    const program = {
      command: (await this.#found([context.cwd])).program,
      args,
      cwd: context.cwd,
      // A koubou that the model calls is called by an agent, whether that agent says so or not.
      environment: {
        ...(relay === null ? environment : directEnvironment(environment, !isCut)),
        KOUBOU_CALLER: 'agent',
        ...env,
      },
      stdin: entry.stdin === 'prompt' ? { file: files.prompt } : ('closed' as const),
      stdoutPath: files.stdout,
      stderrPath: context.lease.logPath,
    };
    return runProgram(executor, context.lease, program, {
      look: () => printout.look(this.name),
      everyMs: LOOK_MS,
      askSignal: entry.stop_signal,
      folder: context.statePath,
    });
  }
}

const looksOnly = ({ type }: TaskFile): boolean => type !== 'code';

const placeOf = ({ files }: TaskFile, { cwd, statePath }: RunContext): ExecutionPlace => ({
  cwd,
  statePath,
  readable: files.map(({ path }) => resolve(cwd, path)),
  staysLocal: false,
});

const hasBytes = async (path: string): Promise<boolean> => (await sizeOfOwn(path)) > 0;
