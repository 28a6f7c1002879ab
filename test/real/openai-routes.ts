/** The OpenAI shapes that Ollama serves under /v1. */
import { RequestError, type Summary } from './inference.ts';
import {
  type Body,
  type Exchange,
  optionalNumber,
  requireModel,
  requireNoTools,
  type Served,
  sendJson,
} from './ollama-routes.ts';

export function errorBody(status: number, message: string): object {
  const type = { 400: 'invalid_request_error', 404: 'not_found_error' }[status] ?? 'api_error';
  return { error: { message, type, param: null, code: null } };
}

export function models({ model, startedAt }: Served, { response }: Exchange): void {
  const created = Math.floor(startedAt.getTime() / 1000);
  sendJson(response, 200, {
    object: 'list',
    data: [{ id: `${model}:latest`, object: 'model', created, owned_by: 'library' }],
  });
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null;
}

function formatOf({ response_format: format }: Body): unknown {
  if (!isObject(format) || format.type === 'text') return undefined;
  if (format.type === 'json_object') return 'json';
  const schema = isObject(format.json_schema) ? format.json_schema.schema : undefined;
  if (format.type !== 'json_schema' || schema === undefined)
    throw new RequestError(400, 'invalid response_format');
  return schema;
}

/** A message's content is text, or a list of parts. */
function contentOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

function usage({ promptTokens, tokens }: Summary): object {
  return { prompt_tokens: promptTokens, completion_tokens: tokens, total_tokens: promptTokens + tokens };
}

let chats = 0;

export async function chatCompletions(served: Served, { body, response, signal }: Exchange): Promise<void> {
  requireModel(served, body.model);
  requireNoTools(served, body.tools);
  if (!Array.isArray(body.messages) || body.messages.length === 0)
    throw new RequestError(400, "[] is too short - 'messages'");
  const messages = body.messages
    .filter(isObject)
    .map(({ role, content }) => ({ role: String(role), content: contentOf(content) }));
  const generation = served.inference.generate({
    messages,
    maxTokens: optionalNumber(body.max_completion_tokens) ?? optionalNumber(body.max_tokens),
    temperature: optionalNumber(body.temperature) ?? 1,
    topP: optionalNumber(body.top_p) ?? 1,
    seed: optionalNumber(body.seed),
    format: formatOf(body),
    signal,
  });
  const id = `chatcmpl-${++chats}`;
  const shell = {
    created: Math.floor(Date.now() / 1000),
    model: body.model,
    system_fingerprint: 'fp_ollama',
  };
  let step = await generation.next();
  if (body.stream !== true) {
    let content = '';
    for (; !step.done; step = await generation.next()) content += step.value;
    const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: step.value.reason };
    sendJson(response, 200, {
      id,
      object: 'chat.completion',
      ...shell,
      choices: [choice],
      usage: usage(step.value),
    });
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (choices: object[], rest: object = {}): void => {
    response.write(
      `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', ...shell, choices, ...rest })}\n\n`,
    );
  };
  const choice = (content: string, reason: string | null): object => ({
    index: 0,
    delta: { role: 'assistant', content },
    finish_reason: reason,
  });
  for (; !step.done; step = await generation.next()) send([choice(step.value, null)]);
  send([choice('', step.value.reason)]);
  if (isObject(body.stream_options) && body.stream_options.include_usage === true)
    send([], { usage: usage(step.value) });
  response.end('data: [DONE]\n\n');
}
