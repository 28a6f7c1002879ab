/** Ollama's own HTTP API over the tiny model: paths, fields, states and error texts as Ollama 0.33 has them. */
import type { ServerResponse } from 'node:http';
import {
  type GenerationRequest,
  type Inference,
  type Message,
  RequestError,
  type Summary,
} from './inference.ts';
import { CONTEXT_LIMIT } from './write-gguf.ts';

export type Body = Record<string, unknown>;

/** One request: `signal` is aborted when the client goes away. */
export type Exchange = { body: Body; response: ServerResponse; signal: AbortSignal };

export type Served = { inference: Inference; model: string; startedAt: Date };

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}

export function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Throws RequestError for a model that is not there, as every route does first. */
export function requireModel({ model }: Served, asked: unknown): void {
  if (typeof asked !== 'string' || asked === '') throw new RequestError(400, 'model is required');
  if (asked.replace(/:latest$/, '') !== model) throw new RequestError(404, `model '${asked}' not found`);
}

export function requireNoTools({ model }: Served, tools: unknown): void {
  if (Array.isArray(tools) && tools.length > 0) {
    throw new RequestError(400, `registry.ollama.ai/library/${model}:latest does not support tools`);
  }
}

function details(): object {
  return {
    parent_model: '',
    format: 'gguf',
    family: 'llama',
    families: ['llama'],
    parameter_size: '716K',
    quantization_level: 'F32',
  };
}

const DIGEST = 'c0ffee00'.repeat(8);

function listed({ model, inference }: Served): object {
  const name = `${model}:latest`;
  return { name, model: name, size: inference.modelSize, digest: DIGEST, details: details() };
}

export function tags(served: Served, { response }: Exchange): void {
  sendJson(response, 200, { models: [{ ...listed(served), modified_at: served.startedAt.toISOString() }] });
}

export function running(served: Served, { response }: Exchange): void {
  const contextLength = served.inference.loadedContextLength();
  const expiresAt = new Date(Date.now() + 5 * 60_000).toISOString();
  const loaded = { ...listed(served), expires_at: expiresAt, size_vram: 0, context_length: contextLength };
  sendJson(response, 200, { models: contextLength === undefined ? [] : [loaded] });
}

export function show(served: Served, { body, response }: Exchange): void {
  requireModel(served, body.model ?? body.name);
  sendJson(response, 200, {
    modelfile: `FROM ${served.model}\n`,
    template: '{{ .Prompt }}',
    details: details(),
    model_info: {
      'general.architecture': 'llama',
      'general.parameter_count': 716_000,
      'llama.attention.head_count': 4,
      'llama.block_count': 2,
      'llama.context_length': CONTEXT_LIMIT,
      'llama.embedding_length': 64,
      'tokenizer.ggml.model': 'llama',
    },
    capabilities: ['completion'],
    modified_at: served.startedAt.toISOString(),
  });
}

function generationRequest(body: Body, messages: Message[], signal: AbortSignal): GenerationRequest {
  const options: Body = typeof body.options === 'object' && body.options !== null ? { ...body.options } : {};
  return {
    messages,
    contextLength: optionalNumber(options.num_ctx),
    maxTokens: optionalNumber(options.num_predict),
    temperature: optionalNumber(options.temperature),
    seed: optionalNumber(options.seed),
    topK: optionalNumber(options.top_k),
    topP: optionalNumber(options.top_p),
    format: body.format,
    truncate: body.truncate !== false,
    signal,
  };
}

function lastFields(summary: Summary): object {
  return {
    done: true,
    done_reason: summary.reason,
    total_duration: summary.totalTime,
    load_duration: summary.loadTime,
    prompt_eval_count: summary.promptTokens,
    prompt_eval_duration: summary.promptTime,
    eval_count: summary.tokens,
    eval_duration: summary.evaluationTime,
  };
}

/** `content` puts a piece of text where the route's answers have it. */
async function answer(
  served: Served,
  { body, response, signal }: Exchange,
  messages: Message[],
  content: (text: string) => object,
): Promise<void> {
  const line = (text: string, rest: object): object => ({
    model: body.model,
    created_at: new Date().toISOString(),
    ...content(text),
    ...rest,
  });
  if (messages.length === 0) {
    sendJson(response, 200, line('', { done: true, done_reason: 'load' }));
    return;
  }
  const generation = served.inference.generate(generationRequest(body, messages, signal));
  // The first step comes before the status is sent: a refused request is an HTTP error, not a line in the stream.
  let step = await generation.next();
  if (body.stream === false) {
    let text = '';
    for (; !step.done; step = await generation.next()) text += step.value;
    sendJson(response, 200, line(text, lastFields(step.value)));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (; !step.done; step = await generation.next())
    response.write(`${JSON.stringify(line(step.value, { done: false }))}\n`);
  response.end(`${JSON.stringify(line('', lastFields(step.value)))}\n`);
}

function requireAnswerable(served: Served, body: Body): void {
  requireModel(served, body.model);
  requireNoTools(served, body.tools);
  if (body.think !== undefined && body.think !== null && body.think !== false) {
    throw new RequestError(400, `"${String(body.model)}" does not support thinking`);
  }
}

export async function chat(served: Served, exchange: Exchange): Promise<void> {
  const { body } = exchange;
  requireAnswerable(served, body);
  const given: Partial<Message>[] = Array.isArray(body.messages) ? body.messages : [];
  const messages = given.map(({ role = 'user', content = '' }) => ({ role, content }));
  await answer(served, exchange, messages, (content) => ({ message: { role: 'assistant', content } }));
}

export async function generate(served: Served, exchange: Exchange): Promise<void> {
  const { body } = exchange;
  requireAnswerable(served, body);
  const messages: Message[] = [];
  if (typeof body.prompt === 'string' && body.prompt !== '') {
    if (typeof body.system === 'string') messages.push({ role: 'system', content: body.system });
    messages.push({ role: 'user', content: body.prompt });
  }
  await answer(served, exchange, messages, (response) => ({ response }));
}
