/** What the runners of models have in common: an endpoint that they ask, and a model unless the task names another. */
import type { TaskFile } from '../../task/record.ts';
import type { KindFacts } from '../../task/runner-kinds.ts';
import { type Connection, type ConnectionOptions, openConnection } from '../connection/connection.ts';
import type { Server } from '../connection/http-failure.ts';
import { failedOutcome, infoWithoutKeys } from '../failure.ts';
import type { Endpoint, Health, RunContext, Runner, RunnerOutcome } from '../runner.ts';
import { PromptCounts } from './prompt-counts.ts';

export interface ModelRunnerOptions {
  name: string;
  endpoint: Endpoint;
  model: string;
  apiKey?: string | undefined;
  promptFolders: readonly string[];
  /** Where it is remembered what servers count; absent: nowhere. */
  countsFile?: string | undefined;
}

export abstract class ModelRunner<Options extends ModelRunnerOptions> implements Runner {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly defaultModel: string;
  readonly staysLocal: boolean;
  readonly changesFiles: boolean;
  protected readonly options: Options;
  protected readonly counts: PromptCounts;
  readonly #kind: Server['kind'];

  constructor(facts: KindFacts, kind: Server['kind'], options: Options) {
    this.changesFiles = facts.changesFiles;
    this.staysLocal = facts.staysLocal;
    this.name = options.name;
    this.endpoint = options.endpoint;
    this.defaultModel = options.model;
    this.options = options;
    this.counts = new PromptCounts(options.countsFile);
    this.#kind = kind;
  }

  abstract run(task: TaskFile, context: RunContext): Promise<RunnerOutcome>;

  /** With what it can be used, in a sentence. Throws where it cannot. */
  protected abstract look(connection: Connection): Promise<string>;

  async check(): Promise<Health> {
    const signal = new AbortController().signal;
    const connection = await this.connect(this.defaultModel, signal);
    try {
      return { ok: true, message: await this.look(connection), error: null };
    } catch (error) {
      const info = this.failed(error, signal, this.defaultModel).error;
      return { ok: false, message: info.message, error: info };
    } finally {
      await connection.close();
    }
  }

  protected server(model: string): Server & { model: string } {
    return { kind: this.#kind, url: this.endpoint.url, model };
  }

  /** Close it in any case. */
  protected connect(
    model: string,
    signal: AbortSignal,
    more: Omit<ConnectionOptions, 'apiKey'> = {},
  ): Promise<Connection> {
    return openConnection(this.server(model), signal, { ...more, apiKey: this.options.apiKey });
  }

  /** What was thrown, as an outcome. */
  protected failed(
    error: unknown,
    signal: AbortSignal,
    model: string,
    connection?: Connection,
  ): Extract<RunnerOutcome, { ok: false }> {
    const address = connection?.address ?? null;
    const outcome = failedOutcome(error, signal, {
      model,
      endpoint: this.endpoint.name,
      usage: null,
      address,
    });
    return { ...outcome, error: infoWithoutKeys(outcome.error, this.keys) };
  }

  get keys(): readonly string[] {
    return this.options.apiKey === undefined ? [] : [this.options.apiKey];
  }
}
