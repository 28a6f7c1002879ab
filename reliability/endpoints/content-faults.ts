/** Answers that are good and oddly written, and JSON of another shape. */
import { ALL, body, broke, type Case, fine, good, MODELS } from './case.ts';
import { begin, chunk, endChunks, ending, type Kind, piece } from './faulty-server.ts';

const ok = (
  what: string,
  text: (kind: Kind) => string | Uint8Array,
  kinds: readonly Kind[] = MODELS,
): Case => ({
  what,
  group: 'good, oddly written',
  fault: { chat: body(text) },
  kinds,
  expected: fine,
});

export const dressed: Case[] = [
  ok('lines that end as on Windows', (kind) => good(kind).replaceAll('\n', '\r\n')),
  ok('comments between', (kind) => `: a comment\n\n${good(kind)}`, ['openai']),
  ok(
    'data over several lines',
    () =>
      `data: {"choices":[{"index":0,\ndata: "delta":{"content":"well"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
    ['openai'],
  ),
  ok('no blank after the colon', (kind) => good(kind).replaceAll('data: ', 'data:'), ['openai']),
  ok(
    'names and numbers of events',
    (kind) => good(kind).replaceAll('data: ', 'event: message\nid: 7\nretry: 10\ndata: '),
    ['openai'],
  ),
  ok('empty lines between', (kind) => good(kind).replaceAll('\n', '\n\n\n')),
  ok('a byte order mark before it', (kind) => `\uFEFF${good(kind)}`),
  ok('no last line end', (kind) => good(kind).trimEnd(), ['ollama']),
  ok('bad UTF-8 in it', (kind) =>
    Buffer.concat(
      [Buffer.from(piece(kind, 'well @')), Buffer.from(ending(kind))].map((part) => {
        const at = part.indexOf('@');
        if (at >= 0) part[at] = 0xff;
        return part;
      }),
    ),
  ),
  ok('a zero byte in it', (kind) => `${piece(kind, 'well \0 done')}${ending(kind)}`),
  {
    what: 'letters cut in the middle',
    group: 'good, oddly written',
    kinds: ALL,
    expected: (kind) => (kind === 'relay' ? { ok: true } : { ok: /工房🍵/ }),
    fault: {
      chat: async (socket, kind) => {
        await begin(socket, kind);
        for (const byte of Buffer.from(piece(kind, '工房🍵'))) await chunk(socket, Uint8Array.of(byte));
        await chunk(socket, ending(kind));
        await endChunks(socket);
      },
    },
  },
  {
    what: 'nothing more, but the connection stays',
    group: 'good, oddly written',
    kinds: MODELS,
    endAfterMs: 5000,
    expected: fine,
    fault: {
      chat: async (socket, kind) => {
        await begin(socket, kind);
        await chunk(socket, good(kind));
        await new Promise(() => undefined);
      },
    },
  },
];

/** JSON of another shape, in place of the first piece; a good rest follows. */
export const shapes: Case[] = (['ollama', 'openai'] as const).flatMap((kind): Case[] => {
  const line = (value: string): string => (kind === 'ollama' ? `${value}\n` : `data: ${value}\n\n`);
  const odd =
    kind === 'ollama'
      ? [
          'null',
          '5',
          '"x"',
          '[]',
          '{}',
          '{"message":null}',
          '{"message":"x"}',
          '{"message":{"content":5}}',
          '{"message":{"content":["a"]}}',
          '{"message":{"content":null,"thinking":5}}',
          '{"message":{"content":{}}}',
          '{"error":null}',
          '{"remote_host":5}',
          '{"done":"true"}',
          '{"done":1}',
        ]
      : [
          'null',
          '5',
          '"x"',
          '[]',
          '{}',
          '{"choices":null}',
          '{"choices":{}}',
          '{"choices":[null]}',
          '{"choices":["x"]}',
          '{"choices":[{"delta":null}]}',
          '{"choices":[{"delta":{"content":5}}]}',
          '{"choices":[{"delta":{"content":["a"]}}]}',
          '{"choices":[{"delta":{"content":{}}}]}',
          '{"choices":[{"delta":{"reasoning":5}}]}',
          '{"usage":"x","choices":[]}',
          '{"error":null,"choices":[]}',
        ];
  const last =
    kind === 'ollama'
      ? ['-1', '1e999', '"26"', '{}', 'null', '1.5']
          .map(
            (count) =>
              `{"done":true,"done_reason":"stop","prompt_eval_count":${count},"eval_count":${count}}`,
          )
          .concat('{"done":true,"done_reason":5}', '{"done":true,"message":null}')
      : ['-1', '1e999', '"26"', '{}', 'null', '1.5']
          .map(
            (count) =>
              `{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":${count},"completion_tokens":${count}}}`,
          )
          .concat('{"choices":[{"finish_reason":5}]}', '{"choices":[{"finish_reason":"stop"}],"usage":[]}');
  const isRubbish = (value: string): boolean =>
    ['null', '5', '"x"', '[]', '{"choices":[null]}'].includes(value);
  return [
    ...odd.map(
      (value): Case => ({
        what: `${value} from ${kind}`,
        group: 'JSON of another shape',
        kinds: [kind],
        fault: { chat: body(() => `${line(value)}${good(kind)}`) },
        expected: isRubbish(value) ? broke(/not JSON|no answer/) : { ok: true },
      }),
    ),
    ...last.map(
      (value): Case => ({
        what: `${value} from ${kind}`,
        group: 'JSON of another shape',
        kinds: [kind],
        fault: { chat: body(() => `${piece(kind, 'well')}${line(value)}`) },
        expected: { ok: true },
      }),
    ),
  ];
});

/** What it says of itself, in another shape: none of that is needed for an answer. */
export const looks: Case[] = [
  'null',
  '5',
  '"x"',
  '[]',
  '{}',
  '{"models":null,"data":null,"model_info":null}',
  '{"models":[null],"data":[null],"model_info":[]}',
  '{"models":{},"data":{},"model_info":5}',
  '{"models":[{"name":5,"context_length":"x"}],"data":[{"id":{}}],"model_info":{"a.context_length":"x"}}',
  '{"model_info":{"a.context_length":1e999}}',
  '{half',
].map((value) => ({
  what: `${value} of itself`,
  group: 'JSON of another shape',
  kinds: MODELS,
  fault: { look: body(() => value, { 'content-type': 'application/json' }) },
  expected: fine,
}));
