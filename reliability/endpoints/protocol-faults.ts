/** HTTP that is none, or that nobody expects. */
import { gzipSync } from 'node:zlib';
import { body, broke, type Case, fine, good, inTurn, MODELS, whole } from './case.ts';
import { answerWith, begin, chunk, head, piece, typeOf, write } from './faulty-server.ts';

export const protocol: Case[] = [
  {
    what: 'no HTTP',
    group: 'breaks HTTP',
    fault: {
      chat: async (socket) => {
        await write(socket, 'hello there\r\n\r\n');
        socket.end();
      },
    },
    expected: broke(/not HTTP/),
  },
  {
    what: 'TLS where HTTP is asked for',
    group: 'breaks HTTP',
    fault: {
      chat: async (socket) => {
        await write(socket, Uint8Array.of(0x15, 3, 3, 0, 2, 2, 0x28));
        socket.end();
      },
    },
    expected: broke(/not HTTP/),
  },
  {
    what: 'headers without end',
    group: 'breaks HTTP',
    fault: {
      chat: async (socket) => {
        await write(socket, 'HTTP/1.1 200 OK\r\n');
        for (let count = 0; ; count += 1) await write(socket, `x-${count}: ${'y'.repeat(1000)}\r\n`);
      },
    },
    expected: broke(/headers/),
  },
  {
    what: 'one header without end',
    group: 'breaks HTTP',
    fault: {
      chat: async (socket) => {
        await write(socket, 'HTTP/1.1 200 OK\r\nx: ');
        for (;;) await write(socket, 'y'.repeat(10_000));
      },
    },
    expected: broke(/headers/),
  },
  {
    what: 'chunks of no length',
    group: 'breaks HTTP',
    fault: {
      chat: async (socket, kind) => {
        await begin(socket, kind);
        await chunk(socket, piece(kind, 'half'));
        await write(socket, 'zz\r\nrubbish\r\n');
      },
    },
    expected: broke(/in the middle/),
  },
  {
    what: 'a length that is too large',
    group: 'breaks HTTP',
    fault: {
      chat: async (socket, kind) => {
        await answerWith(socket, piece(kind, 'half'), {
          'content-type': typeOf(kind),
          'content-length': 10_000,
        });
        socket.end();
      },
    },
    expected: broke(/in the middle/),
  },
  {
    what: 'a length that is too small',
    group: 'breaks HTTP',
    fault: {
      chat: async (socket, kind) =>
        answerWith(socket, good(kind), { 'content-type': typeOf(kind), 'content-length': 20 }),
    },
    kinds: MODELS,
    expected: broke(/in the middle/),
  },
  {
    what: 'a length that is no number',
    group: 'breaks HTTP',
    fault: { chat: async (socket, kind) => answerWith(socket, good(kind), { 'content-length': 'many' }) },
    expected: broke(/not HTTP/),
  },
  {
    what: 'garbage for gzip',
    group: 'packs it wrongly',
    fault: { chat: body(() => 'this is no gzip', { 'content-encoding': 'gzip' }) },
    expected: broke(/unpacked/),
  },
  {
    what: 'half of a gzip',
    group: 'packs it wrongly',
    fault: {
      chat: body((kind) => gzipSync(good(kind).repeat(20)).subarray(0, 60), { 'content-encoding': 'gzip' }),
    },
    kinds: MODELS,
    expected: broke(/in the middle|unpacked/),
  },
  {
    what: 'good gzip',
    group: 'packs it wrongly',
    fault: { chat: body((kind) => gzipSync(good(kind)), { 'content-encoding': 'gzip' }) },
    kinds: MODELS,
    expected: fine,
  },
  {
    what: '100 Continue before it',
    group: 'odd statuses',
    fault: { chat: inTurn(async (socket) => write(socket, 'HTTP/1.1 100 Continue\r\n\r\n'), whole) },
    // Not asked for, and undici takes it for no answer.
    expected: broke(/closed the connection/),
  },
  {
    what: '103 Early Hints before it',
    group: 'odd statuses',
    fault: {
      chat: inTurn(async (socket) => write(socket, 'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n'), whole),
    },
    expected: fine,
  },
  {
    what: '101 Switching Protocols',
    group: 'odd statuses',
    fault: {
      chat: async (socket) =>
        write(socket, 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    },
    expected: broke(/not HTTP|closed the connection/),
  },
  {
    what: '204 No Content',
    group: 'odd statuses',
    fault: { chat: async (socket) => write(socket, head('204 No Content', {})) },
    kinds: MODELS,
    expected: broke(/ended the stream|no answer/),
  },
  {
    what: '206 Partial Content',
    group: 'odd statuses',
    fault: {
      chat: async (socket, kind) =>
        answerWith(socket, good(kind), { 'content-type': typeOf(kind) }, '206 Partial Content'),
    },
    expected: fine,
  },
  {
    what: '304 Not Modified',
    group: 'odd statuses',
    fault: { chat: async (socket) => write(socket, head('304 Not Modified', {})) },
    expected: { code: 'usage', charged: false, words: /304/ },
  },
  {
    what: '418 and a page',
    group: 'odd statuses',
    fault: {
      chat: async (socket) =>
        answerWith(
          socket,
          '<html><b>I am a teapot</b></html>',
          { 'content-type': 'text/html' },
          '418 Teapot',
        ),
    },
    expected: { code: 'usage', charged: false, words: /I am a teapot/ },
  },
  ...(['1e999', '-5', 'soon', '99999999999999', ''] as const).map(
    (wait): Case => ({
      what: `503, to be asked again in "${wait}"`,
      group: 'odd statuses',
      fault: { chat: async (socket) => answerWith(socket, 'busy', { 'retry-after': wait }, '503 Busy') },
      expected: { code: 'endpoint_busy', charged: false, words: /busy/ },
    }),
  ),
  {
    what: 'a page in place of an answer',
    group: 'another content',
    fault: { chat: body(() => '<html>Please log in</html>', { 'content-type': 'text/html' }) },
    kinds: MODELS,
    expected: broke(/not JSON|ended the stream|no answer/),
  },
  {
    what: 'a page in place of what it is',
    group: 'another content',
    fault: { look: body(() => '<html>Please log in</html>', { 'content-type': 'text/html' }) },
    kinds: MODELS,
    expected: fine,
  },
  {
    what: 'nothing at all',
    group: 'another content',
    fault: { chat: body(() => '') },
    kinds: MODELS,
    expected: broke(/ended the stream/),
  },
];
