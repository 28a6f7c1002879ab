/**
 * Ollama, through its own client. What is guarded against, in the order of a run: a server that is down
 * (asked first), a model that is missing (pulled where the config allows it), a prompt that the server would
 * silently cut (sized and refused), silence while a model loads (said as a phase, so that no clock runs),
 * and an answer that the model only thought (asked for once more, the other way).
 */
import type { Ollama } from 'ollama';
import { unlessAborted } from '../../process/unless-aborted.ts';
import type { TaskFile } from '../../task/record.ts';
import { RUNNER_KINDS } from '../../task/runner-kinds.ts';
import { countOf, isObject, type JsonObject, textOf } from '../../text/formats/json.ts';
import { BoundedAnswer, OUTPUT_LIMIT_BYTES } from '../connection/bounded-answer.ts';
import type { Connection } from '../connection/connection.ts';
import { modelNotFound, type Server } from '../connection/http-failure.ts';
import { ndjsonGuard } from '../connection/ndjson-guard.ts';
import { hasCode, RunFailure } from '../failure.ts';
import type { RunContext, RunnerOutcome } from '../runner.ts';
import { countChat } from './ask-tokenizer.ts';
import { ollamaSettings, type Settings } from './chat-settings.ts';
import { sameModel } from './model-name.ts';
import { buildPrompt } from './model-prompt.ts';
import { ModelRunner, type ModelRunnerOptions } from './model-runner.ts';
import { type Conversed, converse } from './ollama-chat.ts';
import { type Judged, judgeCount, withVerdict } from './prompt-verdict.ts';
import { refuseRemoteModel } from './remote-model.ts';

export interface OllamaOptions extends ModelRunnerOptions {
  /** Tokens. */
  numCtxMax: number;
  numGpu?: number | undefined;
  /** As Ollama reads it: `5m`, `-1s`, … */
  keepAlive: string;
  pull: boolean;
  template: string;
  outputLimitBytes?: number;
}

/** A server that lives answers within this, even while a model loads. */
const ALIVE_MS = 3000;
const DESCRIBE_MS = 10_000;

export class OllamaRunner extends ModelRunner<OllamaOptions> {
  /** The context last asked for, by model: to ask for another one loads the model again. */
  readonly #contexts = new Map<string, number>();

  constructor(options: OllamaOptions) {
    super(RUNNER_KINDS.ollama, 'ollama', options);
  }

  protected async look(connection: Connection): Promise<string> {
    const server = this.server(this.defaultModel);
    const client = await this.#client(connection.quickFetch(ALIVE_MS));
    const [said, listed] = await Promise.all([client.version(), client.list()]);
    const isListed = modelsIn(listed).some(({ name }) => sameModel(textOf(name), this.defaultModel));
    if (!this.options.pull && !isListed) throw modelNotFound(server, 'it is not in its list');
    const version = textOf(isObject(said) ? said['version'] : undefined);
    return `Ollama ${version} at ${server.url} with ${this.defaultModel}`;
  }

  async run(task: TaskFile, context: RunContext): Promise<RunnerOutcome> {
    const model = context.model ?? this.defaultModel;
    const server = this.server(model);
    const endpoint = this.endpoint.name;
    const { promptFolders: folders, template, numCtxMax, numGpu, keepAlive } = this.options;
    let connection: Connection | undefined;
    let sink: BoundedAnswer | undefined;
    try {
      context.lease.signal.throwIfAborted();
      const { feedback, lease } = context;
      const prompt = await unlessAborted(buildPrompt(task, { folders, template, feedback }), lease.signal);
      const local = await context.requireLocal(`${prompt.system}\n${prompt.user}`);
      const asked = `${prompt.system}\n${prompt.user}`;
      context.phase('loading');
      connection = await this.connect(model, context.lease.signal, { guard: ndjsonGuard(server), local });
      const client = await this.#client(connection.fetch);
      const described = await this.#describe(connection, client, server, context);
      if (local !== null) await refuseRemoteModel(connection, server);
      sink = await BoundedAnswer.open({
        outputPath: context.outputPath,
        logPath: context.lease.logPath,
        limitBytes: this.options.outputLimitBytes ?? OUTPUT_LIMIT_BYTES,
        asked,
        progress: context.lease.progress,
        keys: this.keys,
      });
      const set = ollamaSettings(task.options.set ?? {});
      const conversed = await converse({
        client,
        server: { ...server, model },
        prompt,
        set,
        schema: task.options.schema,
        keepAlive,
        numGpu,
        limits: { model: described.limit, config: numCtxMax },
        contextsInUse: [described.loaded, this.#contexts.get(model)].filter((each) => each != null),
        sink,
        onFirstByte: () => context.phase('running'),
      });
      const { usage } = conversed;
      this.#contexts.set(model, conversed.contextTokens);
      const bound = await this.#judge(connection, server, asked, conversed, set);
      const observed = { ...conversed.observed, leastTokens: bound.tokens };
      const { address } = connection;
      return { ok: true, observed, usage: withVerdict(usage, bound), model, endpoint, address };
    } catch (error) {
      return this.failed(error, context.lease.signal, model, connection);
    } finally {
      await sink?.close();
      await connection?.close();
    }
  }

  /** Fewer tokens than these mean that the prompt was cut. It has no tokenizer to ask. */
  #judge(
    connection: Connection,
    server: Server & { model: string },
    text: string,
    { usage, contextTokens }: Conversed,
    set: Settings,
  ): Promise<Judged> {
    const { numGpu, keepAlive } = this.options;
    const { think: _, ...others } = set;
    // Other options would load the model again.
    const options = {
      ...(numGpu === undefined ? {} : { num_gpu: numGpu }),
      ...others,
      num_ctx: contextTokens,
      num_predict: 1,
    };
    return judgeCount({
      counts: this.counts,
      name: `${server.url} ${server.model}`,
      text,
      counted: usage.input_tokens,
      context: contextTokens,
      tokenize: async () => null,
      chat: (sample) => countChat(connection, server, sample, { keep_alive: keepAlive, options }),
    });
  }

  async #client(fetch: typeof globalThis.fetch): Promise<Ollama> {
    const { Ollama } = await import('ollama');
    return new Ollama({ host: this.endpoint.url, fetch });
  }

  /** Whether the server lives and has the model, the model's own limit, and with which context it is loaded. */
  async #describe(
    connection: Connection,
    client: Ollama,
    server: Server & { model: string },
    context: RunContext,
  ): Promise<Described> {
    const alive = await this.#client(connection.quickFetch(ALIVE_MS));
    // Something that speaks only a part of Ollama's API is still worth a try.
    await alive.version().catch(unlessUnusable);
    const quick = await this.#client(connection.quickFetch(DESCRIBE_MS));
    const show = async (): Promise<number | null> => {
      const shown = await quick.show({ model: server.model }).catch(unlessUnusable);
      return contextLength(shown?.model_info);
    };
    const limit = await show().catch(async (error: unknown) => {
      if (!this.options.pull || !hasCode(error, 'model_not_found')) throw error;
      await pull(client, server, context);
      return show();
    });
    const running = await quick.ps().catch(() => undefined);
    const loaded = modelsIn(running).find(({ name }) => sameModel(textOf(name), server.model));
    return { limit, loaded: numberIn(loaded, 'context_length') };
  }
}

interface Described {
  limit: number | null;
  loaded: number | null;
}

const pull = async (
  client: Ollama,
  server: Server & { model: string },
  context: RunContext,
): Promise<void> => {
  try {
    for await (const part of await client.pull({ model: server.model, stream: true })) {
      context.lease.progress(countOf(part.completed) ?? 1);
    }
  } catch (error) {
    // The server's words about its registry say why; that it was reached and had no such model stands.
    if (error instanceof RunFailure && error.charged === true)
      throw modelNotFound(server, error.info.message);
    throw error;
  }
};

/** What it does not know, or says in a way that nobody reads, may be missing. */
const unlessUnusable = (error: unknown): undefined => {
  if (error instanceof RunFailure ? !hasCode(error, 'usage') : !(error instanceof SyntaxError)) throw error;
  return undefined;
};

const modelsIn = (said: unknown): JsonObject[] => {
  const models = isObject(said) ? said['models'] : undefined;
  return Array.isArray(models) ? models.filter(isObject) : [];
};

/** `llama.context_length` and the like: the key begins with the model's architecture. */
const contextLength = (info: unknown): number | null => {
  if (typeof info !== 'object' || info === null) return null;
  const key = Object.keys(info).find((name) => name.endsWith('.context_length'));
  return key === undefined ? null : numberIn(info, key);
};

const numberIn = (value: unknown, key: string): number | null => {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : null;
  return typeof found === 'number' && Number.isFinite(found) && found > 0 ? found : null;
};
