/** How a scripted step looks on the wire: as Ollama's NDJSON, and as OpenAI's server-sent events. */
import type { AnswerStep } from './scripted-server-steps.ts';

/** What differs between the two kinds of server, for a stream and for an answer in one piece. */
export type Dialect = {
  contentType: string;
  line(value: unknown): string;
  chunk(step: AnswerStep, text: { thinking?: string; content?: string }): unknown;
  last(step: AnswerStep, tokens: number): unknown[];
  end: string;
  whole(step: AnswerStep, text: { thinking: string; content: string }, tokens: number): object;
  error(message: string, status: number): object;
};

const PROMPT_TOKENS = 26;

export function ollamaDialect(model: unknown): Dialect {
  const shell = (step: AnswerStep): object => ({
    model,
    created_at: new Date().toISOString(),
    ...(step.remoteHost === undefined ? {} : { remote_model: model, remote_host: step.remoteHost }),
  });
  const message = (text: { thinking?: string; content?: string }): object => ({
    message: {
      role: 'assistant',
      content: text.content ?? '',
      ...(text.thinking ? { thinking: text.thinking } : {}),
    },
  });
  const finish = (step: AnswerStep, tokens: number): object => {
    const { promptTokens = PROMPT_TOKENS } = step;
    return {
      done: true,
      done_reason: step.reason ?? 'stop',
      total_duration: 4_000_000,
      load_duration: 1_000_000,
      ...(promptTokens === null ? {} : { prompt_eval_count: promptTokens }),
      prompt_eval_duration: 1_000_000,
      eval_count: tokens,
      eval_duration: 2_000_000,
    };
  };
  return {
    contentType: 'application/x-ndjson',
    line: (value) => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`,
    chunk: (step, text) => ({ ...shell(step), ...message(text), done: false }),
    last: (step, tokens) => [{ ...shell(step), ...message({}), ...finish(step, tokens) }],
    end: '',
    whole: (step, text, tokens) => ({
      ...shell(step),
      ...message(text),
      ...(step.end === 'missing' ? { done: false } : finish(step, tokens)),
    }),
    error: (message) => ({ error: message }),
  };
}

export function openaiDialect(request: any): Dialect {
  const shell = (object: string): object => ({
    id: 'chatcmpl-1',
    object,
    created: Math.floor(Date.now() / 1000),
    model: request?.model,
    system_fingerprint: 'fp_scripted',
  });
  const usage = ({ promptTokens = PROMPT_TOKENS }: AnswerStep, tokens: number): object =>
    promptTokens === null
      ? {}
      : {
          usage: {
            prompt_tokens: promptTokens,
            completion_tokens: tokens,
            total_tokens: promptTokens + tokens,
          },
        };
  const text = ({ thinking, content = '' }: { thinking?: string; content?: string }): object => ({
    role: 'assistant',
    content,
    ...(thinking ? { reasoning: thinking } : {}),
  });
  const chunk = (delta: object, reason: string | null): object => ({
    ...shell('chat.completion.chunk'),
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  return {
    contentType: 'text/event-stream',
    line: (value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`,
    chunk: (_, part) => chunk(text(part), null),
    last: (step, tokens) => [
      chunk(text({}), step.reason ?? 'stop'),
      ...(request?.stream_options?.include_usage
        ? [{ ...shell('chat.completion.chunk'), choices: [], ...usage(step, tokens) }]
        : []),
    ],
    end: 'data: [DONE]\n\n',
    whole: (step, part, tokens) => ({
      ...shell('chat.completion'),
      choices: [
        {
          index: 0,
          message: text(part),
          finish_reason: step.end === 'missing' ? null : (step.reason ?? 'stop'),
        },
      ],
      ...usage(step, tokens),
    }),
    error: (message, status) => ({
      error: {
        message,
        type: status === 404 ? 'not_found_error' : status < 500 ? 'invalid_request_error' : 'api_error',
        param: null,
        code: null,
      },
    }),
  };
}
