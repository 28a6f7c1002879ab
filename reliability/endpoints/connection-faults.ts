/** Connections that break, stay silent, or come in tiny pieces. */
import { setTimeout as delay } from 'node:timers/promises';
import { exhaustive } from '../figures.ts';
import {
  broke,
  type Case,
  down,
  fine,
  good,
  half,
  hangUp,
  inTurn,
  MODELS,
  reset,
  silence,
  whole,
} from './case.ts';
import { answerWith, begin, chunk, endChunks, head, piece, typeOf, write } from './faulty-server.ts';

/** Of a hundred pieces each. */
const BLOCKS = exhaustive ? 1000 : 50;

export const connections: Case[] = [
  {
    what: 'hangs up without a word',
    group: 'hangs up, resets',
    fault: { chat: hangUp },
    expected: broke(/closed the connection/),
  },
  {
    what: 'resets without a word',
    group: 'hangs up, resets',
    fault: { chat: reset },
    expected: broke(/closed the connection/),
  },
  {
    what: 'resets in the middle',
    group: 'hangs up, resets',
    fault: { chat: inTurn(half, reset) },
    expected: broke(/closed the connection in the middle/),
  },
  {
    what: 'hangs up in the middle',
    group: 'hangs up, resets',
    fault: { chat: inTurn(half, hangUp) },
    expected: broke(/closed the connection in the middle/),
  },
  {
    what: 'resets when it is asked about itself',
    group: 'hangs up, resets',
    fault: { look: reset },
    expected: down(/closed the connection/),
    kinds: MODELS,
  },
  {
    what: 'takes the request and says nothing',
    group: 'says nothing',
    fault: { chat: silence },
    endAfterMs: 500,
    expected: { code: 'stalled', charged: true, words: /too long/ },
  },
  {
    what: 'says nothing more in the middle',
    group: 'says nothing',
    fault: { chat: inTurn(half, silence) },
    endAfterMs: 500,
    expected: { code: 'stalled', charged: true, words: /too long/ },
  },
  {
    what: 'says nothing of itself',
    group: 'says nothing',
    fault: { look: silence },
    expected: down(/said nothing for 3 s/),
    kinds: MODELS,
  },
  {
    what: 'sends the head of an error and nothing more',
    group: 'says nothing',
    fault: { chat: async (socket) => write(socket, head('503 Busy', { 'content-length': 100 })) },
    expected: { code: 'endpoint_busy', charged: false, words: /busy/ },
  },
  {
    what: 'sends an error byte by byte without end',
    group: 'says nothing',
    fault: {
      chat: async (socket) => {
        await write(socket, head('500 Broken', { 'content-length': 1e6 }));
        for (;;) {
          await write(socket, 'x');
          await delay(20);
        }
      },
    },
    expected: broke(/failed: x/),
  },
  {
    what: 'sends its answer byte by byte',
    group: 'slow, in tiny pieces',
    fault: {
      chat: async (socket, kind) => {
        await begin(socket, kind);
        for (const byte of Buffer.from(good(kind))) {
          await chunk(socket, Uint8Array.of(byte));
          await delay(1);
        }
        await endChunks(socket);
      },
    },
    expected: fine,
  },
  {
    what: `sends ${BLOCKS}00 tiny pieces`,
    group: 'slow, in tiny pieces',
    fault: {
      chat: async (socket, kind) => {
        await begin(socket, kind);
        for (let count = 0; count < BLOCKS; count += 1)
          await write(
            socket,
            `${(100 * Buffer.byteLength(piece(kind, 'w'))).toString(16)}\r\n${piece(kind, 'w').repeat(100)}\r\n`,
          );
        await chunk(socket, good(kind));
        await endChunks(socket);
      },
    },
    expected: { ok: true },
  },
  {
    what: 'closes a connection that it said it keeps',
    group: 'keeps no connection',
    fault: {
      look: async (socket, _, { path, before }) => {
        if (before > 0) return socket.resetAndDestroy();
        const values: Record<string, string> = {
          '/api/version': '{"version":"1"}',
          '/api/show': '{}',
          '/api/ps': '{"models":[]}',
          '/v1/models': '{"data":[]}',
        };
        return answerWith(socket, values[path] ?? '{}', {
          connection: 'keep-alive',
          'keep-alive': 'timeout=60',
        });
      },
      chat: async (socket, kind, asked) =>
        asked.before > 0 ? socket.resetAndDestroy() : whole(socket, kind, asked),
    },
    expected: fine,
  },
  {
    what: 'answers as HTTP/1.0 and closes',
    group: 'keeps no connection',
    fault: {
      chat: async (socket, kind) => {
        await write(socket, `HTTP/1.0 200 OK\r\ncontent-type: ${typeOf(kind)}\r\n\r\n${good(kind)}`);
        socket.end();
      },
    },
    expected: fine,
  },
];
