/**
 * Any server that speaks OpenAI's chat completions (LM Studio, llama.cpp, vLLM), through OpenAI's own
 * client. It says little about itself, so less can be asked beforehand than of Ollama: whether it lives.
 */
import type { OpenAI } from 'openai';
import { unlessAborted } from '../../process/unless-aborted.ts';
import type { TaskFile, Usage } from '../../task/record.ts';
import { RUNNER_KINDS } from '../../task/runner-kinds.ts';
import { BoundedAnswer, OUTPUT_LIMIT_BYTES } from '../connection/bounded-answer.ts';
import type { Connection } from '../connection/connection.ts';
import { brokeOff, type Server, serverSaid } from '../connection/http-failure.ts';
import { meaningOfWords } from '../connection/server-words.ts';
import { sseGuard } from '../connection/sse-guard.ts';
import { streamEnd } from '../connection/stream-end.ts';
import { RunFailure } from '../failure.ts';
import type { Observed, RunContext, RunnerOutcome } from '../runner.ts';
import { countChat, countTokens } from './ask-tokenizer.ts';
import { type ChatSettings, openAiSettings, refusedFields, refusesUnknown } from './chat-settings.ts';
import { sameModel } from './model-name.ts';
import { buildPrompt, type ModelPrompt } from './model-prompt.ts';
import { ModelRunner, type ModelRunnerOptions } from './model-runner.ts';
import { choiceReader, usageOf } from './openai-chunk.ts';
import { type Judged, judgeCount, withVerdict } from './prompt-verdict.ts';
import { refuseRemoteModel } from './remote-model.ts';
import { listModels } from './require-model.ts';

export interface OpenAiOptions extends ModelRunnerOptions {
  template: string;
  outputLimitBytes?: number;
}

type ChatRequest = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;

/** The client's own clock, as far away as a timer can be: the attempt has clocks enough. */
const NEVER_MS = 2 ** 31 - 1;

export class OpenAiRunner extends ModelRunner<OpenAiOptions> {
  constructor(options: OpenAiOptions) {
    super(RUNNER_KINDS.openai, 'openai', options);
  }

  protected async look(connection: Connection): Promise<string> {
    const models = await listModels(connection, this.endpoint.url);
    const isListed = models === undefined || models.some((id) => sameModel(id, this.defaultModel));
    return `${this.endpoint.url} with ${this.defaultModel}${isListed ? '' : ' (not in its list)'}`;
  }

  async run(task: TaskFile, context: RunContext): Promise<RunnerOutcome> {
    const model = context.model ?? this.defaultModel;
    const server = this.server(model);
    const { promptFolders: folders, template } = this.options;
    let connection: Connection | undefined;
    let sink: BoundedAnswer | undefined;
    try {
      context.lease.signal.throwIfAborted();
      const { feedback, lease } = context;
      const prompt = await unlessAborted(buildPrompt(task, { folders, template, feedback }), lease.signal);
      const local = await context.requireLocal(`${prompt.system}\n${prompt.user}`);
      context.phase('loading');
      const stream = { done: false };
      const guard = sseGuard(server, () => {
        stream.done = true;
      });
      connection = await this.connect(model, context.lease.signal, { guard, local });
      await listModels(connection, this.endpoint.url);
      if (local !== null) await refuseRemoteModel(connection, server);
      sink = await BoundedAnswer.open({
        outputPath: context.outputPath,
        logPath: context.lease.logPath,
        limitBytes: this.options.outputLimitBytes ?? OUTPUT_LIMIT_BYTES,
        asked: `${prompt.system}\n${prompt.user}`,
        progress: context.lease.progress,
        keys: this.keys,
      });
      const client = await this.#client(connection);
      const settings = openAiSettings(task.options.set ?? {}, model);
      const answer = await this.#answer(connection, sink, task, settings, (way) =>
        chat(client, chatRequest(model, prompt, task, way), sink as BoundedAnswer, () =>
          context.phase('running'),
        ),
      );
      // A server that gives no reason has ended where it sends the last event of its protocol.
      const terminal = answer.observed.terminal || stream.done;
      if (!terminal) throw brokeOff(server, 'ended the stream');
      const bound = await this.#judge(connection, server, prompt, answer.observed.promptTokens);
      const usage = answer.usage === null ? null : withVerdict(answer.usage, bound);
      const { bytes: promptBytes } = prompt;
      const observed = { ...answer.observed, terminal, promptBytes, leastTokens: bound.tokens };
      const { address } = connection;
      return { ok: true, observed, usage, model, endpoint: this.endpoint.name, address };
    } catch (error) {
      const meant = await this.#meaning(error, connection, server);
      return this.failed(meant, context.lease.signal, model, connection);
    } finally {
      await sink?.close();
      await connection?.close();
    }
  }

  /** Asks again, without what the server says that it cannot do: a grammar of the schema, a system role, a setting. */
  async #answer<T>(
    connection: Connection,
    sink: BoundedAnswer,
    task: TaskFile,
    settings: ChatSettings,
    ask: (way: Way) => Promise<T>,
  ): Promise<T> {
    let way: Way = { grammar: task.options.schema !== undefined, systemRole: true, settings };
    if (settings.notSent.length > 0)
      await sink.note(
        `Not sent, since this server is told it when it loads a model: ${settings.notSent.join(', ')}.`,
      );
    for (;;) {
      try {
        return await ask(way);
      } catch (error) {
        const next = connection.failure === undefined ? undefined : wayWithout(way, connection.failure);
        if (next === undefined) throw error;
        way = next.way;
        connection.failure = undefined;
        await sink.restart(next.why);
      }
    }
  }

  /** Fewer tokens than these mean that the prompt was cut. */
  #judge(
    connection: Connection,
    server: Server & { model: string },
    { system, user }: ModelPrompt,
    counted: number | null,
  ): Promise<Judged> {
    return judgeCount({
      counts: this.counts,
      name: `${server.url} ${server.model}`,
      text: `${system}\n${user}`,
      counted,
      context: null,
      tokenize: (text) => countTokens(connection, server, text),
      chat: (text) => countChat(connection, server, text),
    });
  }

  async #client(connection: Connection): Promise<OpenAI> {
    const { OpenAI } = await import('openai');
    return new OpenAI({
      baseURL: this.endpoint.url,
      // Local servers want none, the client wants one; the connection sends the real one.
      apiKey: 'none',
      organization: null,
      project: null,
      fetch: connection.fetch,
      maxRetries: 0,
      timeout: NEVER_MS,
      logLevel: 'off',
    });
  }

  /** The client wraps what our fetch threw, and names by its own classes what the stream said. */
  async #meaning(error: unknown, connection: Connection | undefined, server: Server): Promise<unknown> {
    if (error instanceof RunFailure) return error;
    if (connection?.failure !== undefined) return connection.failure;
    const { APIError } = await import('openai');
    if (error instanceof APIError) return serverSaid(server, error.message);
    return error instanceof SyntaxError ? brokeOff(server, 'sent something that is not JSON', error) : error;
  }
}

/** How an answer is asked for. */
interface Way {
  /** The server holds the model to the schema. */
  grammar: boolean;
  /** Instructions are a message of their own. */
  systemRole: boolean;
  settings: ChatSettings;
}

/** The next way after the server said that it cannot go this one, and why; undefined: there is none. */
const wayWithout = (way: Way, { said, status }: RunFailure): { way: Way; why: string } | undefined => {
  if (said === null) return undefined;
  const isRefusal = status !== null && status < 500;
  const names = Object.keys(way.settings.thinking);
  const named = isRefusal ? refusedFields(said, names) : [];
  if (named.length > 0) return withoutFields(way, named);
  const meaning = meaningOfWords(said);
  if (meaning === 'grammar' && way.grammar) {
    return {
      way: { ...way, grammar: false },
      why: 'The server makes no grammar of the schema: the answer is asked for without one, and judged all the same.',
    };
  }
  if (meaning === 'system_role' && way.systemRole) {
    return {
      way: { ...way, systemRole: false },
      why: 'The model knows no system role: its instructions go into the first message.',
    };
  }
  return isRefusal && names.length > 0 && refusesUnknown(said) ? withoutFields(way, names) : undefined;
};

const withoutFields = (way: Way, refused: readonly string[]): { way: Way; why: string } => {
  const thinking = Object.fromEntries(
    Object.entries(way.settings.thinking).filter(([name]) => !refused.includes(name)),
  );
  const rest = Object.keys(thinking).length > 0 ? 'it is asked without' : 'whether it thinks is left to it';
  return {
    way: { ...way, settings: { ...way.settings, thinking } },
    why: `The server does not take ${refused.join(' and ')}: ${rest}.`,
  };
};

const chatRequest = (model: string, prompt: ModelPrompt, task: TaskFile, way: Way): ChatRequest => {
  return {
    ...way.settings.fields,
    ...way.settings.thinking,
    model,
    messages: way.systemRole
      ? [
          { role: 'system', content: prompt.system },
          { role: 'user', content: prompt.user },
        ]
      : [{ role: 'user', content: `${prompt.system}\n\n${prompt.user}` }],
    stream: true,
    stream_options: { include_usage: true },
    ...(way.grammar
      ? {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'answer', schema: task.options.schema, strict: true },
          },
        }
      : {}),
  } as ChatRequest;
};

const chat = async (
  client: OpenAI,
  request: ChatRequest,
  sink: BoundedAnswer,
  onFirstByte: () => void,
): Promise<{ observed: Omit<Observed, 'promptBytes'>; usage: Usage | null }> => {
  let first = true;
  let said: string | null = null;
  const calls: string[] = [];
  let usage: Usage | null = null;
  const readChoice = choiceReader();
  for await (const chunk of await client.chat.completions.create(request)) {
    if (first) onFirstByte();
    first = false;
    const choice = readChoice(chunk);
    await sink.think(choice.thinking);
    await sink.answer(choice.answer);
    for (const call of choice.calls) calls.push(call);
    said = choice.end ?? said;
    usage = usageOf(chunk) ?? usage;
  }
  await sink.end();
  return {
    observed: {
      terminal: said !== null,
      end: streamEnd('openai', said, [...new Set(calls)]),
      promptTokens: usage?.input_tokens ?? null,
      thinking: sink.thinking,
      remoteHost: null,
    },
    usage,
  };
};
