/**
 * llama.cpp with the tiny model in this process, one generation at a time, as Ollama does by default
 * (OLLAMA_NUM_PARALLEL=1): the others wait their turn.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isInstalled } from './install.ts';
import { toGrammarSchema, UnsupportedSchema } from './schema.ts';
import { SPECIAL } from './vocabulary.ts';
import { CONTEXT_LIMIT, writeGguf } from './write-gguf.ts';

export type Message = { role: string; content: string };

export type GenerationRequest = {
  messages: readonly Message[];
  /** Tokens, as Ollama's num_ctx; the server's default where it is not given. */
  contextLength?: number | undefined;
  /** Tokens, as Ollama's num_predict; below 0 until the context is full. */
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  seed?: number | undefined;
  topK?: number | undefined;
  topP?: number | undefined;
  /** A JSON Schema, or 'json' for any object. */
  format?: unknown;
  /** False refuses a prompt longer than the context, in place of dropping a part of it. */
  truncate?: boolean | undefined;
  signal: AbortSignal;
};

/** Times in nanoseconds, as Ollama gives them. */
export type Summary = {
  reason: 'stop' | 'length';
  promptTokens: number;
  tokens: number;
  loadTime: number;
  promptTime: number;
  evaluationTime: number;
  totalTime: number;
};

export type Generation = AsyncGenerator<string, Summary>;

/** An error of the request, with the HTTP status Ollama gives it. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Inference = {
  generate(request: GenerationRequest): Generation;
  /** The context length in use; undefined before the first generation. */
  loadedContextLength(): number | undefined;
  modelSize: number;
  close(): Promise<void>;
};

/** What we use of node-llama-cpp, written down here because it is not installed where types are checked. */
type Sequence = {
  clearHistory(): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number, void>;
};
type Context = { getSequence(): Sequence; dispose(): Promise<void> };
type Model = {
  tokenize(text: string, special?: boolean): number[];
  detokenize(tokens: readonly number[]): string;
  createContext(options: object): Promise<Context>;
  tokens: { bos: number };
};
type Llama = {
  loadModel(options: object): Promise<Model>;
  createGrammarForJsonSchema(schema: object): Promise<object>;
  getGrammarFor(name: 'json'): Promise<object>;
  dispose(): Promise<void>;
};
type Library = {
  getLlama(options: object): Promise<Llama>;
  LlamaGrammarEvaluationState: new (options: { model: Model; grammar: object }) => object;
};

// The model ends its answers by itself, after a sentence or what the schema asks for; this is for the one that does not.
const DEFAULT_MAX_TOKENS = 256;
const DEFAULT_MAX_TOKENS_OF_FORMAT = 2048;

function promptTokens(model: Model, messages: readonly Message[]): number[] {
  const special = (name: string): number[] => model.tokenize(name, true);
  // The content is tokenised apart from the special tokens: text that spells one must not become one.
  const turns = messages.flatMap(({ role, content }) => [
    ...special(SPECIAL.turnStart),
    ...model.tokenize(`${role}\n${content}`),
    ...special(SPECIAL.turnEnd),
    ...model.tokenize('\n'),
  ]);
  return [model.tokens.bos, ...turns, ...special(SPECIAL.turnStart), ...model.tokenize('assistant\n')];
}

/** What Ollama does to a prompt that is too long, silently: the beginning and the most recent half stay. */
function truncated(tokens: readonly number[], contextLength: number): number[] {
  const keep = Math.min(4, contextLength);
  const recent = Math.max(1, Math.floor(contextLength / 2) - keep);
  return [...tokens.slice(0, keep), ...tokens.slice(-recent)];
}

function elapsedSince(start: bigint): number {
  return Number(process.hrtime.bigint() - start);
}

export async function openInference(defaultContextLength: number): Promise<Inference> {
  if (!isInstalled()) throw new Error('node-llama-cpp is not installed: run `npm run test:real:install`');
  // Not a literal, so that the type check of the repository does not need the package.
  const name = 'node-llama-cpp';
  const library: Library = await import(name);
  const folder = mkdtempSync(join(tmpdir(), 'koubou-tiny-'));
  const modelPath = join(folder, 'model.gguf');
  let llama: Llama;
  let model: Model;
  let modelSize: number;
  try {
    writeGguf(modelPath);
    modelSize = statSync(modelPath).size;
    llama = await library.getLlama({
      // The only binary for Apple silicon has Metal in it; no layer is given to it.
      gpu: process.platform === 'darwin' && process.arch === 'arm64' ? 'metal' : false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logLevel: 'error',
      maxThreads: 1,
    });
    model = await llama.loadModel({ modelPath, gpuLayers: 0, useMmap: false });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  let context: Context | undefined;
  let sequence: Sequence | undefined;
  let loaded: number | undefined;
  async function sequenceOf(contextLength: number): Promise<Sequence> {
    if (sequence !== undefined && loaded === contextLength) return sequence;
    await context?.dispose();
    sequence = undefined;
    // A margin, so that it is we who end at the limit, and never the library that shifts the context.
    context = await model.createContext({
      contextSize: contextLength + 256,
      threads: 1,
      flashAttention: false,
      ignoreMemorySafetyChecks: true,
    });
    loaded = contextLength;
    sequence = context.getSequence();
    return sequence;
  }

  async function grammarState(format: unknown): Promise<object | undefined> {
    if (format === undefined || format === null || format === '') return undefined;
    if (format !== 'json' && typeof format !== 'object')
      throw new RequestError(
        400,
        `invalid format: ${JSON.stringify(format)}; expected "json" or a valid JSON Schema object`,
      );
    try {
      const grammar =
        format === 'json'
          ? await llama.getGrammarFor('json')
          : await llama.createGrammarForJsonSchema(toGrammarSchema(format));
      return new library.LlamaGrammarEvaluationState({ model, grammar });
    } catch (cause) {
      if (cause instanceof UnsupportedSchema)
        throw new RequestError(400, `invalid JSON schema in format: ${cause.message}`);
      throw cause;
    }
  }

  async function* run(request: GenerationRequest): Generation {
    const start = process.hrtime.bigint();
    const contextLength = Math.max(1, Math.min(request.contextLength ?? defaultContextLength, CONTEXT_LIMIT));
    let prompt = promptTokens(model, request.messages);
    if (prompt.length > contextLength) {
      if (request.truncate === false)
        throw new RequestError(400, 'the input length exceeds the context length');
      prompt = truncated(prompt, contextLength);
    }
    const grammarEvaluationState = await grammarState(request.format);
    const current = await sequenceOf(contextLength);
    await current.clearHistory();
    const loadTime = elapsedSince(start);

    const asked =
      request.maxTokens ?? (grammarEvaluationState ? DEFAULT_MAX_TOKENS_OF_FORMAT : DEFAULT_MAX_TOKENS);
    const limit = Math.min(asked < 0 ? Infinity : asked, contextLength - prompt.length);
    const answer: number[] = [];
    let sent = '';
    let promptTime = 0;
    let reason: Summary['reason'] = 'stop';
    const evaluation = current.evaluate(prompt, {
      temperature: request.temperature ?? 0.8,
      // The same prompt gets the same answer, so that a test that fails fails again.
      seed: request.seed ?? crc32(Buffer.from(Uint32Array.from(prompt).buffer)),
      topK: request.topK ?? 40,
      topP: request.topP ?? 0.9,
      grammarEvaluationState,
    });
    if (limit <= 0) reason = 'length';
    else {
      for await (const token of evaluation) {
        if (answer.length === 0) promptTime = elapsedSince(start) - loadTime;
        request.signal.throwIfAborted();
        answer.push(token);
        const text = model.detokenize(answer);
        // Held back: a character of which the last bytes are still to come, and under a grammar the line ends that
        // node-llama-cpp's take for the end, which Ollama's do not have.
        const ready = grammarEvaluationState ? text.trimEnd() : text;
        if (!ready.endsWith('\uFFFD') && ready.length > sent.length) {
          yield ready.slice(sent.length);
          sent = ready;
        }
        if (answer.length >= limit) {
          reason = 'length';
          break;
        }
      }
    }
    const totalTime = elapsedSince(start);
    return {
      reason,
      promptTokens: prompt.length,
      tokens: answer.length,
      loadTime,
      promptTime,
      evaluationTime: totalTime - loadTime - promptTime,
      totalTime,
    };
  }

  const closing = new AbortController();
  let last: Promise<void> = Promise.resolve();
  async function* generate(request: GenerationRequest): Generation {
    const before = last;
    const turn = Promise.withResolvers<void>();
    last = before.then(() => turn.promise);
    const signal = AbortSignal.any([request.signal, closing.signal]);
    try {
      await before;
      signal.throwIfAborted();
      return yield* run({ ...request, signal });
    } finally {
      turn.resolve();
    }
  }

  return {
    generate,
    loadedContextLength: () => loaded,
    modelSize,
    async close() {
      closing.abort();
      await last;
      await llama.dispose();
    },
  };
}
